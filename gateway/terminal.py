"""What the verbs of `packtrail gateway` do at a terminal; `commands` declares their arguments.

Parsed arguments enter, lines for a person and an exit code leave. This module loads the whole
gateway, and is itself loaded only when a verb runs.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gateway import check as checking
from gateway.beginning import begin
from gateway.downlink import RemoteSettings
from gateway.errors import GatewayError
from gateway.main import Gateway
from gateway.replay import Replayed, ReplayPlan
from gateway.replay import replay as replay_log
from gateway.settings import GatewaySettings
from gateway.supervision import run_until_stopped
from packtrail import logs
from packtrail.codes import PackCode
from packtrail.command import EXIT_FAULT
from packtrail.language import Text
from packtrail.settings import load


def run(args: argparse.Namespace) -> int:
    """Run the gateway until it is stopped."""
    logs.configure(as_json=args.json)
    while True:
        remote = RemoteSettings(args.settings)
        gateway = Gateway(remote.begin(), remote=remote)
        code = run_until_stopped(gateway)
        if not gateway.running.again:
            return code


def check(args: argparse.Namespace) -> int:
    """Print every finding with its remedy; exit code 2 if one has to be mended."""
    logs.configure(level="ERROR")
    settings = load(GatewaySettings, args.settings)
    faults = 0
    for finding in checking.check(settings):
        mark = "✗" if finding.fault else ("!" if finding.remedy else "✓")
        remedy = f" — {finding.remedy.say()}" if finding.remedy else ""
        print(f"{mark} {finding.part.say()}: {finding.says.say()}{remedy}", flush=True)
        faults += finding.fault
    verdict = (
        Text("ready to run", "可以运行")
        if not faults
        else Text("to be mended first: {n}", "需先修正：{n} 处").fill(n=faults)
    )
    print(verdict.say())
    return EXIT_FAULT if faults else 0


def init(args: argparse.Namespace) -> int:
    """Make settings and key, and say what to do with them."""
    begun = begin(args.folder, args.name, args.site, args.bridge_key)
    print(f"{begun.settings}\n{begun.key_file}")
    print(f"key_id     {begun.public.key_id}\npublic_key {begun.public.text}")
    print(begun.next_step.say())
    return 0


def replay(args: argparse.Namespace) -> int:
    """Replay a log.

    Raises:
        PacktrailError: it cannot be replayed, or a record is without its receipt in the end.
    """
    logs.configure(level="ERROR")
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
        done = replay_log(settings, plan, lambda f, n: bar.update(read, completed=f, waiting=n))
    return _sum_up(done)


def _sum_up(done: Replayed) -> int:
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
        raise GatewayError(
            Text(
                "records without a receipt: {n}; they wait in the outbox for the next run",
                "未获回执的记录：{n} 条；保留在发件箱中，下次运行继续发送",
            ).fill(n=done.unanswered),
            hint=Text("`packtrail gateway check` says why", "用 packtrail gateway check 查看原因"),
            retryable=True,
        )
    return 0


def _progress() -> Progress:
    """On standard error, so that standard output holds the result alone."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn(Text("{task.fields[waiting]} waiting", "待回执 {task.fields[waiting]}").say()),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
