"""`packtrail id export|import`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from packtrail.command import Command
from packtrail.errors import os_fault
from packtrail.language import Text

SETTINGS = Text("the bridge's settings file", "云桥配置文件")


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    from cloud_bridge.exports.formats import FORMATS  # noqa: PLC0415 - `--help` of others

    code = Text("pack code, or scheme:id", "电池编码，或 类型:标识").say()
    parser.add_argument("code", help=code)
    names = "; ".join(f"{one.name}: {one.text.say()}" for one in FORMATS.values())
    parser.add_argument("--format", required=True, choices=list(FORMATS), help=names)
    out = Text("write to this file instead of standard output", "写入文件而非标准输出").say()
    parser.add_argument("-o", "--out", type=Path, help=out)
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=SETTINGS.say())


def _export(args: argparse.Namespace) -> int:
    from cloud_bridge.exports.at_terminal import export  # noqa: PLC0415 - see above

    document, told = export(args.code, args.settings, args.format)
    if args.out is None:
        sys.stdout.buffer.write(document)
        sys.stdout.flush()
    else:
        try:
            args.out.write_bytes(document)
        except OSError as error:
            raise os_fault(error, args.out) from error
        print(Text("wrote {file}", "已写入 {file}").say(file=args.out))
    print(told, file=sys.stderr)
    return 0


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help=Text("the document", "文档").say())
    form = Text("its format, where it is not recognised", "无法识别时指定格式").say()
    parser.add_argument("--format", default="", help=form)
    author = Text("who puts it on record, as on the trust list", "写入者（信任列表中的名称）").say()
    parser.add_argument("--author", help=author)
    parser.add_argument("--key", type=Path, help=Text("the author's key", "写入者的密钥").say())
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=SETTINGS.say())


def _import(args: argparse.Namespace) -> int:
    from cloud_bridge.exports.at_terminal import import_file  # noqa: PLC0415 - see above
    from cloud_bridge.speaking import Speaker  # noqa: PLC0415 - see above
    from packtrail.signing import SigningKey  # noqa: PLC0415 - see above

    speaker = None
    if args.author and args.key:
        speaker = Speaker(args.author, SigningKey.load(args.key))
    text, taken = import_file(args.file, args.format, args.settings, speaker)
    print(text)
    return 0 if taken else 1


EXPORT = Command(
    Text("write a pack's passport in a format of others", "以其他格式导出电池包的护照"),
    _export_arguments,
    _export,
)
IMPORT = Command(
    Text("read a passport, and put it on record", "读取护照，并可写入记录"),
    _import_arguments,
    _import,
)
