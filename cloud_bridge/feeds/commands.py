"""`packtrail bridge ocpp-station`: which swap stations may report over OCPP."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from packtrail.command import Command
from packtrail.language import Text


def _arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="add|list|revoke")
    said = {
        "add": Text("let a station in, or give it another password", "登记站点或更换其口令"),
        "list": Text("list stations", "列出站点"),
        "revoke": Text("end a station's voice", "吊销站点"),
    }
    for name, words in said.items():
        verb = verbs.add_parser(name, help=words.say(), description=words.say())
        if name != "list":
            verb.add_argument("id", help=Text("its identity in OCPP", "站点的 OCPP 标识").say())
        if name == "add":
            site = Text("where it stands, as places name it", "所在场站名称").say()
            verb.add_argument("--site", required=True, help=site)
        settings = Text("the bridge's settings file", "云桥配置文件").say()
        verb.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=settings)


def _run(args: argparse.Namespace) -> int:
    from cloud_bridge.feeds import at_terminal  # noqa: PLC0415 - `--help` loads nothing more

    now_ns = time.time_ns()
    if args.verb == "add":
        lines = at_terminal.add(args.settings, args.id, args.site, now_ns)
    elif args.verb == "list":
        lines = at_terminal.listed(args.settings)
    else:
        lines = at_terminal.revoke(args.settings, args.id, now_ns)
    for line in lines:
        print(line)
    return 0


OCPP_STATION = Command(
    Text(
        "add, list and revoke swap stations that report over OCPP",
        "管理通过 OCPP 上报的换电站",
    ),
    _arguments,
    _run,
)
