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

from gateway import backups, checking, enrolment, watching
from gateway.beginning import add_tls, begin, remember_url
from gateway.downlink import RemoteSettings
from gateway.errors import GatewayError
from gateway.main import Gateway
from gateway.playback import Replayed, ReplayPlan
from gateway.playback import replay as play
from gateway.settings import GatewaySettings
from gateway.supervision import run_until_stopped
from packtrail import logs
from packtrail.codes import PackCode
from packtrail.command import EXIT_FAULT
from packtrail.language import Text
from packtrail.settings import load
from packtrail.signing import SigningKey


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


def enrol(args: argparse.Namespace) -> int:
    """Get a certificate, over the network or by files.

    Raises:
        GatewayError: none was given, or the settings name no place for one.
    """
    settings = load(GatewaySettings, args.settings)
    paths = settings.certificate_paths or add_tls(args.settings)
    if args.csr:
        args.csr.write_text(enrolment.write_request(paths, settings.gateway), "utf-8")
        print(Text(f"made {args.csr}", f"已生成 {args.csr}").say())
        return 0
    if args.certificate:
        state = enrolment.install(paths, args.certificate.read_text("utf-8"))
    else:
        url, key = args.url or settings.bridge.url, SigningKey.load(settings.key.file)
        state = enrolment.enrol(url, paths, settings.gateway, key, args.token, args.ca)
        if args.url and not settings.bridge.url:
            remember_url(args.settings, args.url)
    told = Text("certificate of {name}, good until {ends}", "证书 {name}，有效至 {ends}")
    print(told.say(name=state.name, ends=state.ends.date()))
    return 0


def watch(args: argparse.Namespace) -> int:
    """Show a running gateway until Ctrl-C."""
    return watching.watch(load(GatewaySettings, args.settings), once=args.once)


def backup(args: argparse.Namespace) -> int:
    """Save everything that makes this gateway."""
    for line in backups.backup(args.settings, args.file):
        print(line.say())
    return 0


def restore(args: argparse.Namespace) -> int:
    """Put a backup back."""
    for line in backups.restore(args.settings, args.file):
        print(line.say())
    return 0


def replay(args: argparse.Namespace) -> int:
    """Replay a log.

    Raises:
        PacktrailError: it cannot be replayed, or a record is without its receipt in the end.
    """
    logs.configure(level="ERROR")
    settings = load(GatewaySettings, args.settings)
    code = PackCode.parse(args.pack) if args.pack else None
    for finding in code.findings_on(date.today()) if code else ():  # noqa: DTZ011 - a label has no time zone
        print(f"{code}: {finding.text.say()}", file=sys.stderr)
    plan = ReplayPlan(
        log=args.log,
        slot=args.slot,
        profile=args.profile,
        dbc=tuple(args.dbc),
        pack=code.text if code else "",
        speed=args.speed,
        patience_s=args.wait,
    )
    with _progress() as bar:
        read = bar.add_task(Text("replaying", "回放").say(), total=1.0, waiting=0)
        done = play(settings, plan, lambda f, n: bar.update(read, completed=f, waiting=n))
    return _sum_up(done)


def _sum_up(done: Replayed) -> int:
    summary = Text(
        "{frames} frames, {skipped} skipped, {samples} samples, {records} records; "
        "{unanswered} without a receipt",
        "{frames} 帧报文，跳过 {skipped} 处，{samples} 个采样，{records} 条记录；"
        "{unanswered} 条未获回执",
    )
    print(
        summary.say(
            frames=done.frames,
            skipped=done.skipped,
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
