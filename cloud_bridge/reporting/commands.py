"""`packtrail bridge reports`: what a national platform has taken, and what it refused and why."""

from __future__ import annotations

import argparse
from pathlib import Path

from packtrail.command import Command
from packtrail.language import Text


def _arguments(parser: argparse.ArgumentParser) -> None:
    told = Text("the bridge's settings file", "云桥配置文件").say()
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=told)


def _reports(args: argparse.Namespace) -> int:
    from cloud_bridge.reporting.projection import Answered  # noqa: PLC0415 - `--help` loads less
    from cloud_bridge.settings import BridgeSettings  # noqa: PLC0415 - see above
    from cloud_bridge.store.opening import open_existing  # noqa: PLC0415 - see above
    from packtrail.settings import load  # noqa: PLC0415 - see above

    settings = load(BridgeSettings, args.settings)
    store = open_existing(settings.store)
    refused = 0
    try:
        for platform in settings.platform:
            known = Answered(platform.name).read(store)
            refused += len(known.refused)
            head = Text("{name}: {n} acknowledged, {m} refused", "{name}：已受理 {n}，退回 {m}")
            print(head.say(name=platform.name, n=len(known.taken), m=len(known.refused)))
            for report, (code, message, final) in known.refused.items():
                entry = store.entry(known.covers.get(report, ""))
                about = str(entry.event.unit or entry.event.type) if entry else ""
                again = Text("final", "不再重试") if final else Text("tried again", "将重试")
                print(f"  ! {report[:12]} {about}: {code} {message} ({again.say()})")
    finally:
        store.close()
    if not settings.platform:
        print(Text("no [[platform]] in the settings", "配置中没有 [[platform]]").say())
    return 1 if refused else 0


REPORTS = Command(
    Text("what the national platform has taken or refused", "国家平台的受理与退回情况"),
    _arguments,
    _reports,
)
