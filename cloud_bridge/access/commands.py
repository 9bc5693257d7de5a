"""`packtrail bridge key` and `packtrail bridge reads`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from cloud_bridge.access.fields import Purpose, Reader
from packtrail.arguments import number_between
from packtrail.command import Command
from packtrail.language import Text


def _settings_argument(parser: argparse.ArgumentParser) -> None:
    words = Text("the bridge's settings file", "云桥配置文件").say()
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=words)


def _verb(verbs: Any, name: str, words: Text) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = verbs.add_parser(
        name, help=words.say(), description=words.say()
    )
    return made


def _key_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="add|list|revoke")
    add = _verb(verbs, "add", Text("make a key", "生成密钥"))
    add.add_argument("name", help=Text("whose it is", "密钥使用者").say())
    roles = [role.value for role in Reader if role != Reader.PUBLIC]
    role = Text("what it is, and hence what it may see", "其身份，决定可查看的内容").say()
    add.add_argument("--role", required=True, choices=roles, help=role)
    purpose = Text("what it may read for; the first is the usual", "可用用途；首个为默认").say()
    add.add_argument(
        "--purpose", action="append", required=True, choices=list(Purpose), help=purpose
    )
    code = Text("only for codes that begin so; may be repeated", "仅限以此开头的编码，可重复").say()
    add.add_argument("--code", action="append", default=[], metavar="PREFIX", help=code)
    days = Text("how long it holds; without end by default", "有效天数，默认不限").say()
    add.add_argument("--days", type=number_between(0.01, 3650), default=0.0, metavar="D", help=days)
    _settings_argument(add)
    _settings_argument(_verb(verbs, "list", Text("list keys", "列出密钥")))
    revoke = _verb(verbs, "revoke", Text("end a key", "吊销密钥"))
    revoke.add_argument("id", help=Text("as `list` shows it", "见 list 输出").say())
    _settings_argument(revoke)


def _key(args: argparse.Namespace) -> int:
    from cloud_bridge.access import at_terminal  # noqa: PLC0415 - `--help` loads nothing more

    now_ns = time.time_ns()
    if args.verb == "add":
        purposes = tuple(Purpose(one) for one in args.purpose)
        role, codes = Reader(args.role), tuple(args.code)
        lines = at_terminal.add(args.settings, args.name, role, purposes, codes, now_ns, args.days)
    elif args.verb == "list":
        lines = at_terminal.listed(args.settings, now_ns)
    else:
        lines = at_terminal.revoke(args.settings, args.id, now_ns)
    for line in lines:
        print(line)
    return 0


def _reads_arguments(parser: argparse.ArgumentParser) -> None:
    about = Text(
        "only reads whose path holds this, such as a code", "仅显示路径含此文本的记录"
    ).say()
    parser.add_argument("--about", default="", metavar="TEXT", help=about)
    most = Text("at most so many, the newest", "最多显示条数（最新）").say()
    parser.add_argument("--most", type=int, default=50, metavar="N", help=most)
    _settings_argument(parser)


def _reads(args: argparse.Namespace) -> int:
    from cloud_bridge.access import at_terminal  # noqa: PLC0415 - see _key

    for line in at_terminal.reads(args.settings, max(args.most, 1), args.about):
        print(line)
    return 0


KEY = Command(
    Text("add, list and revoke keys that machines read with", "管理机器读取用的密钥"),
    _key_arguments,
    _key,
)
READS = Command(
    Text("who read what that is not public", "查看受限数据的访问记录"), _reads_arguments, _reads
)
