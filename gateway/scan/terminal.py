"""What `packtrail scan` does at a terminal."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from gateway.bus import BusOptions
from gateway.scan.reading import Scanned, ScanPlan, read_pack
from gateway.scan.report import finding_texts, health_text, render, rows_of
from packtrail import logs
from packtrail.errors import os_fault
from packtrail.language import Text, locale_language
from packtrail.signing import SigningKey
from soh_model import PackSpec


def scan(args: argparse.Namespace) -> int:
    """Read, print, save; exit code 1 when a limit is passed.

    Raises:
        PacktrailError: nothing can be read, or the page cannot be written.
    """
    logs.configure(level="ERROR")
    key = SigningKey.load(args.key) if args.key else None
    plan = ScanPlan(
        options=None if args.log else _options(args),
        log=args.log,
        seconds=args.seconds,
        profile=args.profile,
        dbc=tuple(args.dbc),
        label=args.label or _ask_label(),
        spec=PackSpec.load(args.spec) if args.spec else None,
    )
    scanned = _with_progress(plan)
    _tell(scanned)
    if args.out:
        _save(args.out, render(scanned, locale_language(), key))
    return 1 if scanned.incidents else 0


def _options(args: argparse.Namespace) -> BusOptions:
    return BusOptions("scan", args.interface, args.channel, bitrate=args.bitrate)


def _ask_label() -> str:
    """The scanner types into the terminal; Enter alone goes on without."""
    if not sys.stdin.isatty():
        return ""
    ask = Text("Scan or type the label, or press Enter: ", "请扫描或输入标签，直接回车跳过：")
    return input(ask.say())


def _with_progress(plan: ScanPlan) -> Scanned:
    """The reading takes a known time on a live bus: show it."""
    if plan.log or not sys.stderr.isatty():
        return read_pack(plan)
    over = threading.Event()
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(Text("listening", "监听中").say(), total=plan.seconds)

        def advance() -> None:
            while not over.wait(0.5):
                bar.advance(task, 0.5)

        thread = threading.Thread(target=advance, daemon=True)
        thread.start()
        try:
            return read_pack(plan)
        finally:
            over.set()
            thread.join()


def _tell(scanned: Scanned) -> None:
    language = locale_language()
    code = scanned.label.code
    problem = scanned.label.problem
    print(code.text if code else (problem.text.say(language) if problem else "–"))
    told = Text(
        "{frames} frames, {decoded} understood by {profile}",
        "{frames} 帧，{profile} 识别 {decoded} 帧",
    )
    print(told.say(frames=scanned.frames, decoded=scanned.decoded, profile=scanned.profile))
    for name, value in rows_of(scanned, language):
        print(f"  {name}: {value}")
    print(f"  SoH: {health_text(scanned.estimate, language)}")
    for finding in finding_texts(scanned, language):
        print(f"! {finding}")


def _save(path: Path, page: str) -> None:
    try:
        path.write_text(page, "utf-8")
    except OSError as error:
        raise os_fault(error, path) from error
    print(Text(f"report: {path}", f"报告：{path}").say())
