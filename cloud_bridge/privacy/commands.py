"""`packtrail bridge forget`."""

from __future__ import annotations

import argparse
from pathlib import Path

from packtrail.command import Command
from packtrail.language import Text


def _forget_arguments(parser: argparse.ArgumentParser) -> None:
    whom = parser.add_mutually_exclusive_group(required=True)
    vehicle = Text("the vehicle with this number", "该识别代号的车辆").say()
    owner = Text("the owner with this value", "该所有人").say()
    subject = Text("by the bridge's random name for it", "云桥内部随机名称").say()
    whom.add_argument("--vehicle", default="", metavar="VIN", help=vehicle)
    whom.add_argument("--owner", default="", metavar="VALUE", help=owner)
    whom.add_argument("--subject", default="", metavar="ID", help=subject)
    reason = Text("such as the request's number; it stays for ever", "如申请编号；将永久保留")
    by = Text("who asked for it; the bridge's name without", "申请人；默认为云桥名称")
    settings = Text("the bridge's settings file", "云桥配置文件")
    parser.add_argument("--reason", default="", help=reason.say())
    parser.add_argument("--by", default="", help=by.say())
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=settings.say())


def _forget(args: argparse.Namespace) -> int:
    from cloud_bridge.privacy.at_terminal import forget  # noqa: PLC0415 - `--help` loads no more

    told = forget(
        args.settings,
        vehicle=args.vehicle,
        owner=args.owner,
        subject=args.subject,
        reason=args.reason,
        by=args.by,
    )
    for line in told:
        print(line.say())
    return 0


FORGET = Command(
    Text(
        "destroy the key of a vehicle's or owner's data, and state that it was done",
        "销毁车辆或所有人数据的密钥，并在账本中声明",
    ),
    _forget_arguments,
    _forget,
)
