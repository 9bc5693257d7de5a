"""`packtrail bridge duties|rules`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from packtrail.arguments import number_between
from packtrail.command import Command
from packtrail.language import Text

SETTINGS = Text("the bridge's settings file", "云桥配置文件")


def _settings_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=SETTINGS.say())


def _opened(args: argparse.Namespace) -> tuple[Any, Any]:
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - `--help` loads nothing more
    from cloud_bridge.store.opening import open_existing  # noqa: PLC0415 - see above
    from packtrail.settings import load  # noqa: PLC0415 - see above

    settings = load(BridgeSettings, args.settings)
    return settings, open_existing(settings.store)


def _duties_arguments(parser: argparse.ArgumentParser) -> None:
    what = Text("list them, or make the list anew", "列出义务，或重新生成列表")
    rules = Text("judge by a table of rules of your own", "按自定义规则表判定").say()
    jobs = Text(
        "with rebuild: processes, one per processor without", "重建时的进程数，默认为处理器数"
    )
    parser.add_argument(
        "what", nargs="?", default="list", choices=("list", "rebuild"), help=what.say()
    )
    parser.add_argument("--overdue", action="store_true", help=Text("late ones", "仅逾期").say())
    parser.add_argument("--rules", type=Path, metavar="FILE", help=rules)
    parser.add_argument("--json", action="store_true", help=Text("JSON", "输出 JSON").say())
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help=jobs.say())
    _settings_argument(parser)


def _progress(line: str) -> None:
    print(line, file=sys.stderr)


def _duties(args: argparse.Namespace) -> int:
    from cloud_bridge.rules import at_terminal, read_table  # noqa: PLC0415 - see above

    table = read_table(args.rules) if args.rules else None
    settings, store = _opened(args)
    try:
        book = at_terminal.book_of(settings)
        if args.what == "rebuild":
            print(at_terminal.rebuilt(book, store, settings.store, args.jobs, _progress))
            return 0
        found = at_terminal.open_duties(book, store, table, time.time_ns(), overdue=args.overdue)
        rules = table or book.in_force(store).table
    finally:
        store.close()
    print(at_terminal.as_json(found) if args.json else at_terminal.as_text(found, rules.duty))
    return 0


def _rules_arguments(parser: argparse.ArgumentParser) -> None:
    what = Text(
        "show the table in force, check a FILE, compare [OLD] NEW, put a FILE in force",
        "显示现行规则表、检查文件、比较 [旧] 新、启用文件",
    )
    recent = Text(
        "with diff: whom later rules would bind, by what was told in so many days before",
        "比较时：按最近多少天的上报推算后续生效规则的影响",
    )
    names = ("show", "check", "diff", "adopt")
    parser.add_argument("what", nargs="?", default="show", choices=names, help=what.say())
    parser.add_argument("file", nargs="*", type=Path, help=Text("TOML", "TOML 文件").say())
    parser.add_argument("--recent", type=number_between(1, 3660), default=90.0, metavar="DAYS",
                        help=recent.say())  # fmt: skip
    _settings_argument(parser)


def _rules(args: argparse.Namespace) -> int:
    from cloud_bridge.rules import desk  # noqa: PLC0415 - see above
    from cloud_bridge.rules.at_terminal import book_of  # noqa: PLC0415 - see above
    from cloud_bridge.rules.reading import read_table  # noqa: PLC0415 - see above

    wanted = {"show": (0,), "check": (1,), "diff": (1, 2), "adopt": (1,)}[args.what]
    if len(args.file) not in wanted:
        print(Text("give the FILE of a table", "请给出规则表文件").say())
        return 2
    tables = [read_table(file) for file in args.file]
    if args.what == "check":
        print(desk.sound(tables[0]))
        return 0
    settings, store = _opened(args)
    try:
        book = book_of(settings)
        if args.what == "show":
            print(desk.shown(book, store))
        elif args.what == "adopt":
            print(desk.adopted(book, store, tables[0], settings.name))
        else:
            old = tables[0] if len(tables) > 1 else book.in_force(store).table
            print(desk.compared(store, old, tables[-1], time.time_ns(), args.recent))
    finally:
        store.close()
    return 0


DUTIES = Command(
    Text("who has to report or hand over what, by when", "列出各方的上报与移交义务及期限"),
    _duties_arguments,
    _duties,
)
RULES = Command(
    Text(
        "the table of duties: show, check, compare, put in force",
        "义务规则表：查看、检查、比较、启用",
    ),
    _rules_arguments,
    _rules,
)
