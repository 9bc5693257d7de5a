"""`packtrail bridge retain`."""

from __future__ import annotations

import argparse
from pathlib import Path

from packtrail.command import Command
from packtrail.language import Text


def _arguments(parser: argparse.ArgumentParser) -> None:
    words = Text("the bridge's settings file", "云桥配置文件").say()
    apply = Text("let it go; without, only tell", "执行清除；不加则只列出").say()
    rules = Text("print the rules that come with packtrail", "打印内置规则").say()
    parser.add_argument("--apply", action="store_true", help=apply)
    parser.add_argument("--rules", action="store_true", help=rules)
    parser.add_argument("--json", action="store_true", help=Text("JSON", "输出 JSON").say())
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=words)


def _retain(args: argparse.Namespace) -> int:
    from cloud_bridge.retention.at_terminal import (  # noqa: PLC0415 - `--help` loads nothing more
        retain,
        rules_text,
    )

    if args.rules:
        print(rules_text(), end="")
        return 0
    text, sound = retain(args.settings, apply=args.apply, as_json=args.json)
    print(text)
    return 0 if sound else 1


RETAIN = Command(
    Text(
        "tell which telemetry no rule holds any more, or let it go with its proof kept",
        "列出已无规则要求保留的遥测；或在保留证明的前提下清除",
    ),
    _arguments,
    _retain,
)
