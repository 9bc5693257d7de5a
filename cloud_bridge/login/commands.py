"""`packtrail bridge people add|list|close|password|factor`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cloud_bridge.access.fields import Purpose, Reader
from packtrail.command import Command
from packtrail.language import Text


def _settings_argument(parser: argparse.ArgumentParser) -> None:
    words = Text("the bridge's settings file", "云桥配置文件").say()
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=words)


def _verb(verbs: Any, name: str, words: Text, *, of_one: bool = True) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = verbs.add_parser(
        name, help=words.say(), description=words.say()
    )
    if of_one:
        made.add_argument("name", help=Text("as he types it on logging in", "登录用户名").say())
    _settings_argument(made)
    return made


def _arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar="add|list|close|password|factor"
    )
    asked = Text(
        "the password is asked for, or read from standard input",
        "口令由终端提示输入或从标准输入读取",
    )
    add = _verb(verbs, "add", Text(f"let somebody log in; {asked.en}", f"新增用户；{asked.zh}"))
    roles = [role.value for role in Reader if role != Reader.PUBLIC]
    role = Text("what he is, and hence what he may see", "其身份，决定可查看的内容").say()
    add.add_argument("--role", required=True, choices=roles, help=role)
    purpose = Text("what he may read for; the first is the usual", "可用用途；首个为默认").say()
    add.add_argument(
        "--purpose", action="append", required=True, choices=list(Purpose), help=purpose
    )
    code = Text("only for codes that begin so; may be repeated", "仅限以此开头的编码，可重复").say()
    add.add_argument("--code", action="append", default=[], metavar="PREFIX", help=code)
    _verb(verbs, "list", Text("list people", "列出用户"), of_one=False)
    _verb(verbs, "close", Text("let somebody in no more, at once", "停用用户，立即生效"))
    fresh = Text(
        f"give somebody another password; his logins end; {asked.en}",
        f"重设口令并结束其全部登录；{asked.zh}",
    )
    _verb(verbs, "password", fresh)
    given = Text(
        "give somebody a second factor, another one, or with --off none; his logins end",
        "为用户设置或更换第二因素，--off 为停用；其全部登录随之结束",
    )
    factor = _verb(verbs, "factor", given)
    off = Text("take it away, as of a lost phone", "停用，例如手机遗失时").say()
    factor.add_argument("--off", action="store_true", help=off)


def _people(args: argparse.Namespace) -> int:
    from cloud_bridge.access.visitor import Mandate  # noqa: PLC0415 - `--help` loads nothing more
    from cloud_bridge.login import at_terminal  # noqa: PLC0415 - see above

    if args.verb == "add":
        purposes = tuple(Purpose(one) for one in args.purpose)
        mandate = Mandate(Reader(args.role), purposes, tuple(args.code))
        lines = at_terminal.add(args.settings, args.name, mandate)
    elif args.verb == "list":
        lines = at_terminal.listed(args.settings)
    elif args.verb == "close":
        lines = at_terminal.close(args.settings, args.name)
    elif args.verb == "factor":
        lines = at_terminal.factor(args.settings, args.name, off=args.off)
    else:
        lines = at_terminal.password(args.settings, args.name)
    for line in lines:
        print(line)
    return 0


PEOPLE = Command(
    Text("people who log in with a password", "管理以口令登录的用户"), _arguments, _people
)
