"""`packtrail id appraise`."""

from __future__ import annotations

import argparse
from pathlib import Path

from packtrail.command import Command
from packtrail.language import Text


def _arguments(parser: argparse.ArgumentParser) -> None:
    code = Text("pack code, or scheme:id", "电池编码，或 类型:标识").say()
    parser.add_argument("code", help=code)
    out = Text("also write the signed certificate to this file", "同时将签名证书写入该文件").say()
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help=out)
    parser.add_argument(
        "--json", action="store_true", help=Text("for programs", "供程序读取").say()
    )
    settings = Text("the bridge's settings file", "云桥配置文件").say()
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=settings)


def _appraise(args: argparse.Namespace) -> int:
    from cloud_bridge.appraisal.at_terminal import appraise  # noqa: PLC0415 - `--help` of others

    print(appraise(args.code, args.settings, args.out, as_json=args.json))
    return 0


APPRAISE = Command(
    Text("what a pack is fit for and worth, with a certificate", "鉴定用途与残值，并签发证书"),
    _arguments,
    _appraise,
)


def _pulses_arguments(parser: argparse.ArgumentParser) -> None:
    from soh_model.pulse_commands import add_reference_arguments  # noqa: PLC0415 - numpy, scipy

    code = Text("pack or module code, or scheme:id", "电池包或模块编码，或 类型:标识").say()
    parser.add_argument("code", help=code)
    add_reference_arguments(parser)
    who = Text(
        "state the estimate as this party (workshop, laboratory, system)",
        "以该主体名义陈述估计结果（维修店、检测机构或系统）",
    ).say()
    parser.add_argument("--author", help=who)
    key = Text("the author's key", "陈述者的密钥").say()
    parser.add_argument("--key", type=Path, help=key)
    parser.add_argument(
        "--json", action="store_true", help=Text("for programs", "供程序读取").say()
    )
    settings = Text("the bridge's settings file", "云桥配置文件").say()
    parser.add_argument("--settings", type=Path, default=Path("bridge.toml"), help=settings)


def _pulses(args: argparse.Namespace) -> int:
    from cloud_bridge.appraisal.pulses import estimate_pulses  # noqa: PLC0415 - see above

    said, code = estimate_pulses(args)
    print(said)
    return code


PULSES = Command(
    Text(
        "estimate a unit from the pulses that a tester reported, and put it on record",
        "由检测设备上报的脉冲估计单元健康状态，并可记入账本",
    ),
    _pulses_arguments,
    _pulses,
)
