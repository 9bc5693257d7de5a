"""The one command: `packtrail <role> <verb>`, each found when it is asked for and not before.

A room offers a verb as a `Command` in its `commands` module; this table only names it, so
that `packtrail decode` loads no web server. Help is in the language of the locale. An error
that a person can act on is one line on standard error and exit code 2.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, NamedTuple, NoReturn

import packtrail
from packtrail.arguments import Parser, see
from packtrail.errors import PacktrailError, os_fault
from packtrail.language import Text, locale_language

EXIT_FAULT: Final = 2
EXIT_INTERRUPTED: Final = 130
EXTRA_OF: Final = {
    "fastapi": "bridge",
    "jinja2": "bridge",
    "segno": "bridge",
    "starlette": "bridge",
    "uvicorn": "bridge",
    "amqtt": "fleet",
    "distributed": "fleet",
    "pyarrow": "fleet",
    "asammdf": "formats",
    "cantools": "formats",
}
"""Which extra brings a library that a plain installation does without."""


class Command(NamedTuple):
    """One verb.

    Attributes:
        help: one sentence, both languages.
        arguments: declares the verb's arguments on a parser.
        run: does it; returns the exit code.
    """

    help: Text
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class Group(NamedTuple):
    """What belongs together: a role's verbs, or a single verb under the name ""."""

    help: Text
    verbs: dict[str, str]


GROUPS: Final[dict[str, Group]] = {
    "demo": Group(
        Text(
            "run a simulated swap station, gateway, broker and bridge on this computer",
            "在本机运行模拟换电站、网关、消息代理与云桥",
        ),
        {"": "simulators.demo.commands:DEMO"},
    ),
    "gateway": Group(
        Text("the edge agent of a station or shop", "换电站或维修点的边缘代理"),
        {
            "init": "gateway.commands:INIT",
            "check": "gateway.commands:CHECK",
            "run": "gateway.commands:RUN",
            "replay": "gateway.commands:REPLAY",
            "enrol": "gateway.commands:ENROL",
            "watch": "gateway.commands:WATCH",
            "backup": "gateway.commands:BACKUP",
            "restore": "gateway.commands:RESTORE",
        },
    ),
    "scan": Group(
        Text("read a pack at a shop's bench and print its report", "在维修台读取电池包并出具报告"),
        {"": "gateway.scan.commands:SCAN"},
    ),
    "bridge": Group(
        Text("the cloud side that keeps the digital IDs", "维护数字身份证的云端"),
        {
            "init": "cloud_bridge.commands:INIT",
            "trust": "cloud_bridge.commands:TRUST",
            "ask": "cloud_bridge.commands:ASK",
            "ca": "cloud_bridge.commands:CA",
            "token": "cloud_bridge.commands:TOKEN",
            "sign": "cloud_bridge.commands:SIGN",
            "revoke": "cloud_bridge.commands:REVOKE",
            "check": "cloud_bridge.commands:CHECK",
            "run": "cloud_bridge.commands:RUN",
            "refused": "cloud_bridge.commands:REFUSED",
            "duties": "cloud_bridge.rules.commands:DUTIES",
            "rules": "cloud_bridge.rules.commands:RULES",
            "directory": "cloud_bridge.takeback.commands:DIRECTORY",
            "takeback": "cloud_bridge.takeback.commands:TAKEBACK",
            "handover": "cloud_bridge.takeback.commands:HANDOVER",
            "statistics": "cloud_bridge.takeback.commands:STATISTICS",
            "reports": "cloud_bridge.reporting.commands:REPORTS",
            "model": "cloud_bridge.models.commands:MODEL",
            "bans": "cloud_bridge.models.commands:BANS",
            "rebuild": "cloud_bridge.commands:REBUILD",
            "backup": "cloud_bridge.keeping.commands:BACKUP",
            "restore": "cloud_bridge.keeping.commands:RESTORE",
            "verify": "cloud_bridge.keeping.commands:VERIFY",
            "forget": "cloud_bridge.privacy.commands:FORGET",
            "retain": "cloud_bridge.retention.commands:RETAIN",
            "people": "cloud_bridge.login.commands:PEOPLE",
            "key": "cloud_bridge.access.commands:KEY",
            "reads": "cloud_bridge.access.commands:READS",
            "ocpp-station": "cloud_bridge.feeds.commands:OCPP_STATION",
        },
    ),
    "witness": Group(
        Text("cosign the signed heads of a bridge's ledger", "为云桥账本的检查点作见证联署"),
        {"": "cloud_bridge.witness.commands:WITNESS"},
    ),
    "id": Group(
        Text("show, verify, export a pack's digital ID", "查看、核验、导出电池包的数字身份证"),
        {
            "show": "cloud_bridge.commands:SHOW",
            "prove": "cloud_bridge.keeping.commands:PROVE",
            "verify": "cloud_bridge.commands:VERIFY",
            "appraise": "cloud_bridge.appraisal.commands:APPRAISE",
            "pulses": "cloud_bridge.appraisal.commands:PULSES",
            "export": "cloud_bridge.exports.commands:EXPORT",
            "import": "cloud_bridge.exports.commands:IMPORT",
        },
    ),
    "simulate": Group(
        Text("simulated packs and stations", "模拟电池包与换电站"),
        {
            "station": "simulators.commands:STATION",
            "fleet": "simulators.ensemble.commands:FLEET",
            "charge": "simulators.chargepost.commands:CHARGE",
            "run": "simulators.scenario.commands:RUN",
            "list": "simulators.scenario.commands:LIST",
            "life": "simulators.histories.commands:LIFE",
            "ocpp": "simulators.swap_post.commands:OCPP",
            "vehicles": "simulators.vehicle_platform.commands:VEHICLES",
        },
    ),
    "decode": Group(
        Text("decode a CAN log or a live stream", "解码 CAN 日志或实时数据流"),
        {"": "can_decoder.commands:DECODE"},
    ),
    "dbc": Group(
        Text("check or show a DBC file", "检查或查看 DBC 文件"),
        {"check": "can_decoder.commands:DBC_CHECK", "show": "can_decoder.commands:DBC_SHOW"},
    ),
    "profile": Group(
        Text("map a vehicle's signals to battery quantities", "将车辆信号映射为电池物理量"),
        {"suggest": "can_decoder.commands:PROFILE_SUGGEST"},
    ),
    "soh": Group(
        Text("estimate the state of health from a file", "由文件估计健康状态"),
        {
            "estimate": "soh_model.commands:ESTIMATE",
            "explain": "soh_model.commands:EXPLAIN",
            "pulses": "soh_model.pulse_commands:PULSES",
        },
    ),
    "fleet": Group(
        Text(
            "estimate, sort and report many packs from a Parquet lake",
            "由 Parquet 数据湖批量估计、分选与汇总",
        ),
        {
            "estimate": "soh_model.fleet.commands:ESTIMATE",
            "report": "soh_model.fleet.commands:REPORT",
            "triage": "soh_model.fleet.triage:TRIAGE",
        },
    ),
    "triage": Group(
        Text("reuse, recycle or test again, and the residual value", "再利用、回收或复检，及残值"),
        {"": "soh_model.triage_commands:TRIAGE"},
    ),
    "code": Group(
        Text("read or make a GB/T 34014 pack code", "解读或生成 GB/T 34014 电池编码"),
        {"read": "packtrail.codes.commands:READ", "make": "packtrail.codes.commands:MAKE"},
    ),
    "key": Group(
        Text("make or show a signing key", "生成或查看签名密钥"),
        {"new": "packtrail.keys:NEW", "show": "packtrail.keys:SHOW"},
    ),
}


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Entry point of the `packtrail` command."""
    sys.exit(run_line(sys.argv[1:] if argv is None else argv))


def run_line(argv: Sequence[str]) -> int:
    """Run one command line in this process and return its exit code."""
    try:
        return _dispatch(list(argv))
    except PacktrailError as error:
        print(f"packtrail: {error.describe(locale_language())}", file=sys.stderr)
        return EXIT_FAULT
    except ModuleNotFoundError as error:
        print(f"packtrail: {_not_installed(error).describe(locale_language())}", file=sys.stderr)
        return EXIT_FAULT
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has gone: silence the flush at exit, which would fail too.
        sys.stdout = None
        return 0
    except OSError as error:
        # A file or a disk said no where no verb had better words for it.
        print(f"packtrail: {os_fault(error).describe(locale_language())}", file=sys.stderr)
        return EXIT_FAULT


def find(target: str) -> Command:
    """The command that a table entry such as `gateway.commands:RUN` names."""
    module, _, name = target.partition(":")
    command = getattr(import_module(module), name)
    if not isinstance(command, Command):
        raise TypeError(f"{target} is no Command")
    return command


def _not_installed(error: ModuleNotFoundError) -> PacktrailError:
    """What to install; an error of our own goes on as what it is."""
    library = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(library)
    if extra is None:
        raise error
    install = f"pip install 'packtrail[{extra}]'"
    return PacktrailError(
        Text("this needs a library that is not installed", "此命令需要尚未安装的库"),
        where=library,
        hint=Text(install, install),
    )


def _dispatch(argv: list[str]) -> int:
    if argv[:1] in (["--version"], ["-V"]):
        print(f"packtrail {packtrail.__version__}")
        return 0
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    group = GROUPS.get(argv[0])
    if group is None:
        raise PacktrailError(
            Text("no such command", "没有这个命令"), where=argv[0], hint=see("packtrail --help")
        )
    return _run_group(argv[0], group, argv[1:])


def _run_group(name: str, group: Group, rest: list[str]) -> int:
    if "" in group.verbs:
        return _run_verb(f"packtrail {name}", group.verbs[""], rest)
    if not rest or rest[0] in ("-h", "--help"):
        print(_group_overview(name, group))
        return 0
    if rest[0] not in group.verbs:
        raise PacktrailError(
            Text("no such command", "没有这个命令"),
            where=f"{name} {rest[0]}",
            hint=see(f"packtrail {name} --help"),
        )
    return _run_verb(f"packtrail {name} {rest[0]}", group.verbs[rest[0]], rest[1:])


def _run_verb(program: str, target: str, rest: list[str]) -> int:
    command = find(target)
    parser = Parser(prog=program, description=command.help.say())
    command.arguments(parser)
    return command.run(parser.parse_args(rest))


def _overview() -> str:
    lines = [
        Text(
            "packtrail follows a traction battery pack from the CAN frame to its digital ID.",
            "packtrail 追踪动力电池包：从 CAN 报文到数字身份证。",
        ).say(),
        "",
    ]
    for name, group in GROUPS.items():
        verbs = "|".join(verb for verb in group.verbs if verb)
        lines.append(f"  packtrail {f'{name} {verbs}'.strip():34} {group.help.say()}")
    lines += ["", Text("`packtrail COMMAND --help` says more.", "详见 packtrail 命令 --help").say()]
    return "\n".join(lines)


def _group_overview(name: str, group: Group) -> str:
    lines = [group.help.say(), ""]
    for verb, target in group.verbs.items():
        lines.append(f"  packtrail {f'{name} {verb}':26} {find(target).help.say()}")
    return "\n".join(lines)
