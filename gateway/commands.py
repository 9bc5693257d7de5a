"""`packtrail gateway init | check | run | replay`."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from packtrail import logs
from packtrail.codes import PackCode
from packtrail.command import EXIT_FAULT, Command
from packtrail.language import Text
from packtrail.settings import load


def _settings_argument(parser: argparse.ArgumentParser) -> None:
    words = Text("the gateway's settings file", "网关配置文件")
    parser.add_argument("--settings", type=Path, required=True, metavar="F", help=words.say())


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    _settings_argument(parser)
    words = Text("logs as JSON lines", "以 JSON 行输出日志")
    parser.add_argument("--json", action="store_true", default=None, help=words.say())


def _run(args: argparse.Namespace) -> int:
    from gateway.main import Gateway  # noqa: PLC0415 - `--help` stays quick
    from gateway.settings import GatewaySettings  # noqa: PLC0415 - as above
    from gateway.supervision import run_until_stopped  # noqa: PLC0415 - as above

    settings = load(GatewaySettings, args.settings)
    logs.configure(as_json=args.json)
    return run_until_stopped(Gateway(settings))


def _check(args: argparse.Namespace) -> int:
    from gateway.check import check  # noqa: PLC0415 - `--help` stays quick
    from gateway.settings import GatewaySettings  # noqa: PLC0415 - as above

    logs.configure(level="ERROR")
    settings = load(GatewaySettings, args.settings)
    faults = 0
    for finding in check(settings):
        mark = "✗" if finding.fault else ("!" if finding.remedy else "✓")
        remedy = f" — {finding.remedy.say()}" if finding.remedy else ""
        print(f"{mark} {finding.part.say()}: {finding.says.say()}{remedy}", flush=True)
        faults += finding.fault
    verdict = (
        Text("ready to run", "可以运行")
        if not faults
        else Text("{n} faults to mend first", "有 {n} 处需先修正").fill(n=faults)
    )
    print(verdict.say())
    return EXIT_FAULT if faults else 0


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    def say(en: str, zh: str) -> str:
        return Text(en, zh).say()

    parser.add_argument("folder", type=Path, help=say("for settings and key", "配置与密钥的目录"))
    name = say("the gateway's id", "网关编号")
    parser.add_argument("--id", default="station-1", dest="name", help=name)
    site = say("the site's name", "站点名称")
    parser.add_argument("--site", default="site-1", help=site)
    key = say("the bridge's public key", "云桥公钥")
    parser.add_argument("--bridge-key", default="", metavar="KEY", help=key)


def _init(args: argparse.Namespace) -> int:
    from gateway.beginning import begin  # noqa: PLC0415 - `--help` stays quick

    begun = begin(args.folder, args.name, args.site, args.bridge_key)
    print(f"{begun.settings}\n{begun.key_file}")
    print(f"key_id     {begun.public.key_id}\npublic_key {begun.public.text}")
    print(begun.next_step.say())
    return 0


def _replay_arguments(parser: argparse.ArgumentParser) -> None:
    def say(en: str, zh: str) -> str:
        return Text(en, zh).say()

    parser.add_argument("log", type=Path, help=say("candump, ASC, BLF, MF4 ...", "日志文件"))
    _settings_argument(parser)
    profile = say("name or path of the profile", "配置名称或路径")
    parser.add_argument("--profile", required=True, metavar="P", help=profile)
    parser.add_argument("--pack", required=True, metavar="CODE", help=say("its code", "电池编码"))
    dbc = say("layouts; may be repeated", "DBC 文件，可重复")
    parser.add_argument("--dbc", type=Path, action="append", default=[], metavar="F", help=dbc)
    speed = say("recorded, max, or a factor", "recorded（原速）、max（最快）或倍数")
    parser.add_argument("--speed", default="max", type=_speed, metavar="N", help=speed)
    slot = say("slot that the pack seems to stand in", "视为所在的仓位")
    parser.add_argument("--slot", default="replay", help=slot)
    wait = say("seconds to wait for a receipt", "等待回执的秒数")
    parser.add_argument("--wait", type=float, default=60.0, metavar="S", help=wait)


def _speed(text: str) -> float:
    if text in ("recorded", "max"):
        return 1.0 if text == "recorded" else 0.0
    factor = float(text)
    if factor <= 0:
        raise argparse.ArgumentTypeError(text)
    return factor


def _replay(args: argparse.Namespace) -> int:
    from gateway.replay import ReplayPlan, replay  # noqa: PLC0415 - `--help` stays quick
    from gateway.settings import GatewaySettings  # noqa: PLC0415 - as above

    logs.configure(level="WARNING")
    settings = load(GatewaySettings, args.settings)
    code = PackCode.parse(args.pack)
    for finding in code.findings_on(date.today()):  # noqa: DTZ011 - a label has no time zone
        print(f"{code}: {finding.text.say()}", file=sys.stderr)
    plan = ReplayPlan(
        log=args.log,
        slot=args.slot,
        profile=args.profile,
        dbc=tuple(args.dbc),
        pack=code.text,
        speed=args.speed,
        patience_s=args.wait,
    )
    with _progress() as bar:
        read = bar.add_task(Text("replaying", "回放").say(), total=1.0, waiting=0)
        done = replay(settings, plan, lambda f, n: bar.update(read, completed=f, waiting=n))
    summary = Text(
        "{frames} frames, {samples} samples, {records} records; {unanswered} without a receipt",
        "{frames} 帧报文，{samples} 个采样，{records} 条记录；{unanswered} 条未获回执",
    )
    print(
        summary.say(
            frames=done.frames,
            samples=done.samples,
            records=done.records,
            unanswered=done.unanswered,
        )
    )
    if done.unanswered:
        kept = Text(
            "they wait in the outbox for the next run; see `packtrail gateway check`",
            "它们保留在发件箱中，下次运行继续发送；参见 packtrail gateway check",
        )
        print(kept.say(), file=sys.stderr)
    return 1 if done.unanswered else 0


def _progress() -> Progress:
    """On standard error, so that standard output holds the result alone."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn(Text("{task.fields[waiting]} waiting", "待回执 {task.fields[waiting]}").say()),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


RUN = Command(
    Text("read the buses and send what the packs tell", "读取总线并上传电池数据"),
    _run_arguments,
    _run,
)
CHECK = Command(
    Text(
        "prove settings, adapters, key, disk and broker", "检查配置、适配器、密钥、磁盘与消息代理"
    ),
    _settings_argument,
    _check,
)
INIT = Command(
    Text("make a key and a settings file to edit", "生成密钥与待编辑的配置文件"),
    _init_arguments,
    _init,
)
REPLAY = Command(
    Text("run a recorded log through the same path", "将录制的日志按同一流程回放"),
    _replay_arguments,
    _replay,
)
