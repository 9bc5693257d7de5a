"""`packtrail decode`, `packtrail dbc check|show` and `packtrail profile suggest`."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from can_decoder.database import Database, load, no_message
from can_decoder.decoding import Decoding
from can_decoder.gbt32960 import is_capture
from can_decoder.layout import MessageLayout, SignalLayout
from can_decoder.logs.source import Source
from can_decoder.profiles import find
from can_decoder.profiles.suggest import suggest
from can_decoder.reporting import Reporting
from packtrail.arguments import number_between
from packtrail.command import Command
from packtrail.language import Text


def _decode_arguments(parser: argparse.ArgumentParser) -> None:
    _what_to_decode(parser)
    _what_to_write(parser)


def _what_to_decode(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "log",
        help=Text(
            "log file, or - for candump on standard input", "日志文件；- 表示从标准输入读取 candump"
        ).say(),
    )
    add(
        "--dbc",
        action="append",
        default=[],
        metavar="FILE",
        help=Text("database; may be repeated", "数据库文件，可重复").say(),
    )
    add(
        "--profile",
        metavar="NAME",
        help=Text(
            "give battery quantities: a shipped name or a .toml file",
            "输出电池物理量：内置名称或 .toml 文件",
        ).say(),
    )
    add(
        "--period",
        type=number_between(0.001, 1e6),
        default=1.0,
        metavar="S",
        help=Text(
            "distance of samples with --profile, seconds", "与 --profile 合用时的采样间隔（秒）"
        ).say(),
    )


def _what_to_write(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "-o",
        "--output",
        default="-",
        metavar="FILE",
        help=Text(
            "out.csv, out.parquet, out.mf4, or - (default)",
            "out.csv、out.parquet、out.mf4 或 -（默认）",
        ).say(),
    )
    add(
        "--unknown",
        action="store_true",
        help=Text("list identifiers that match nothing", "列出未匹配的标识符").say(),
    )
    add(
        "--strict",
        action="store_true",
        help=Text("exit code 1 if anything was left out", "如有遗漏则退出码为 1").say(),
    )


def _decode(args: argparse.Namespace) -> int:
    decoding = _decoding(args)
    decoding.run(args.output)
    print(decoding.summary(), file=sys.stderr)
    if args.unknown:
        print(decoding.unknown_table(), file=sys.stderr)
    for finding in decoding.diagnostics:
        print(finding.describe(), file=sys.stderr)
    return 1 if args.strict and decoding.diagnostics else 0


def _decoding(args: argparse.Namespace) -> Decoding | Reporting:
    """A bus log, or a capture of vehicle reports, by its first bytes."""
    source = Source(Path(args.log))
    if not args.dbc and not args.profile and is_capture(source.head()):
        return Reporting(source)
    database = load(args.dbc, for_use=True) if args.dbc else None
    profile = find(args.profile) if args.profile else None
    return Decoding(args.log, database, profile, period_s=args.period)


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help=Text("databases", "数据库文件").say()
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help=Text("exit code 1 if there is any finding", "如有任何问题则退出码为 1").say(),
    )


def _check(args: argparse.Namespace) -> int:
    found = 0
    for path in args.files:
        database = load(path)
        for finding in database.diagnostics:
            print(finding.describe())
        if not database.messages:
            raise no_message(path)
        found += len(database.diagnostics)
        signals = sum(len(message.signals) for message in database.messages)
        print(
            Text(
                "{file}: {messages} messages, {signals} signals, {findings} findings",
                "{file}：{messages} 个报文，{signals} 个信号，{findings} 条问题",
            ).say(
                file=Path(path).name,
                messages=len(database.messages),
                signals=signals,
                findings=len(database.diagnostics),
            )
        )
    return 1 if args.strict and found else 0


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=Text("database", "数据库文件").say())
    parser.add_argument(
        "message",
        nargs="?",
        metavar="MESSAGE",
        help=Text("one message in full", "显示某个报文的全部信号").say(),
    )


def _show(args: argparse.Namespace) -> int:
    database = load(args.file, for_use=True)
    if args.message:
        _show_message(database.message(args.message))
    else:
        _show_messages(database)
    return 0


def _show_messages(database: Database) -> None:
    for message in database.messages:
        kind = "J1939" if message.j1939 else "29" if message.extended else "11"
        cycle = f"{message.cycle_ms:g} ms" if message.cycle_ms else ""
        print(
            f"{message.frame_id:>8X} {kind:>5} {message.size:>3} B {len(message.signals):>4} "
            f"{cycle:>9}  {message.name}"
        )


def _show_message(message: MessageLayout) -> None:
    print(f"{message.name}  0x{message.frame_id:X}  {message.size} B  {message.comment}".rstrip())
    for signal in message.signals:
        print(_signal_line(signal))
        for raw, text in sorted(signal.texts.items()):
            print(f"{'':>12}{raw} = {text}")


def _signal_line(signal: SignalLayout) -> str:
    kind = "float" if signal.is_float else "int" if signal.signed else "uint"
    order = "little" if signal.little_endian else "big"
    branch = ""
    if signal.parent:
        spans = ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in signal.ranges)
        branch = f"  [{signal.parent} = {spans}]"
    mark = " *" if signal.is_multiplexor else ""
    return (
        f"  {signal.start:>4}|{signal.size:<3} {order:<6} {kind}{signal.size:<3} "
        f"x {signal.scale:g} + {signal.offset:g} {signal.unit:<6} {signal.name}{mark}{branch}"
    ).rstrip()


def _suggest_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=Text("database", "数据库文件").say())
    parser.add_argument("--name", help=Text("name of the profile", "配置名称").say())


def _suggest(args: argparse.Namespace) -> int:
    name = args.name or re.sub(r"\W+", "_", Path(args.file).stem).lower()
    print(suggest(load(args.file, for_use=True), name), end="")
    return 0


DECODE = Command(
    Text("decode a CAN log or a live stream", "解码 CAN 日志或实时数据流"),
    _decode_arguments,
    _decode,
)
DBC_CHECK = Command(
    Text("list what a database file gets wrong", "列出数据库文件中的问题"), _check_arguments, _check
)
DBC_SHOW = Command(Text("show messages and signals", "显示报文与信号"), _show_arguments, _show)
PROFILE_SUGGEST = Command(
    Text("propose a profile for a database", "为数据库提出映射配置"), _suggest_arguments, _suggest
)
