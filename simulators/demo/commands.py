"""`packtrail demo`: the whole path on this computer, to be watched and clicked through."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.live import Live

from packtrail.arguments import number_between, whole_between
from packtrail.command import Command
from packtrail.language import Text
from simulators.demo.demonstration import Course, Demonstration
from simulators.demo.expectations import Finding
from simulators.demo.layout import Layout, Ports
from simulators.demo.observed import Snapshot
from simulators.demo.panel import Panels, format_minute, path_line

USUAL_PORT: Final = 8480
USUAL_SPEED: Final = 60.0
FAST_SPEED: Final = 240.0
LINES_EVERY: Final = 5
EXIT_MISSED: Final = 1


def _arguments(parser: argparse.ArgumentParser) -> None:
    duration = Text("real seconds until it ends by itself", "自动结束前的真实秒数")
    parser.add_argument("--duration", type=number_between(1, 1e7), help=duration.say())
    pace = parser.add_mutually_exclusive_group()
    speed = Text("station seconds per real second", "每真实秒对应的站内秒数")
    pace.add_argument(
        "--speed", type=number_between(1, 1000), default=USUAL_SPEED, help=speed.say()
    )
    fast = Text("the same as --speed 240", "等同于 --speed 240")
    pace.add_argument(
        "--fast", action="store_const", dest="speed", const=FAST_SPEED, help=fast.say()
    )
    port = Text("port of the pages on loopback; 0 for any", "页面的本机端口；0 为任意")
    parser.add_argument(
        "--port", type=whole_between(0, 65_535), default=USUAL_PORT, help=port.say()
    )
    folder = Text(
        "keep keys, settings, databases and logs there", "密钥、配置、数据库与日志的保存位置"
    )
    parser.add_argument("--folder", type=Path, help=folder.say())
    seed = Text("equal seeds give equal packs and vehicles", "相同种子产生相同的电池包与车辆")
    parser.add_argument("--seed", type=whole_between(0, 2**53), default=7, help=seed.say())


def _run(args: argparse.Namespace) -> int:
    console = Console()
    with ExitStack() as stack:
        folder = args.folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="packtrail-demo-"))
        )
        layout = Layout(folder.resolve(), Ports.choose(args.port))
        demonstration = Demonstration(layout, Course(args.speed, args.seed, args.duration))
        stack.callback(demonstration.close)
        console.print(_STARTS.say(), style="dim")
        demonstration.prepare()
        findings = _watch(demonstration, layout, args.speed, console)
        demonstration.close()
    return _summarise(findings, console)


def _watch(
    demonstration: Demonstration, layout: Layout, speed: float, console: Console
) -> list[Finding]:
    if not console.is_terminal:
        lines = Lines()
        print(_PAGES.say(packs=layout.bridge_url, station=layout.gateway_url), flush=True)
        demonstration.watch(lines.show)
        return demonstration.finish(lines.show)
    panels = Panels(layout, speed)
    with Live(console=console, auto_refresh=False, screen=False) as live:

        def show(snapshot: Snapshot) -> None:
            live.update(panels.draw(snapshot, console.width, console.height), refresh=True)

        demonstration.watch(show)
        return demonstration.finish(show)


class Lines:
    """Progress where standard output is no terminal: new facts, and the path now and then."""

    def __init__(self) -> None:
        self._told = -1
        self._looks = 0

    def show(self, snapshot: Snapshot) -> None:
        """Print what is new."""
        for fact in snapshot.newest:
            if fact.leaf > self._told:
                print(f"{format_minute(fact.event.to_ns)}  {fact.sentence.say()}")
                self._told = fact.leaf
        if self._looks % LINES_EVERY == 0:
            print(f"{format_minute(snapshot.t_ns)}  {path_line(snapshot.path)}")
            for fault in snapshot.path.faults:
                print(f"! {fault}")
        self._looks += 1
        sys.stdout.flush()


def _summarise(findings: list[Finding], console: Console) -> int:
    console.print()
    for finding in findings:
        good = "[green]✓[/]" if finding.seen else "[dim]–[/]"
        mark = "[red]✗[/]" if finding.missed else good
        console.print(f" {mark} {finding.seen:>6}  {finding.what.say()}", highlight=False)
    missed = any(finding.missed for finding in findings)
    console.print((_MISSED if missed else _DONE).say(), style="bold red" if missed else "bold")
    return EXIT_MISSED if missed else 0


_STARTS: Final = Text(
    "starting broker, bridge, gateway and a simulated swap station ...",
    "正在启动消息代理、云桥、网关与模拟换电站……",
)
_PAGES: Final = Text(
    "all packs: {packs}/  station: {station}/", "全部电池包：{packs}/  换电站：{station}/"
)
_DONE: Final = Text("Everything has stopped; nothing was lost.", "全部已停止，没有丢失任何记录。")
_MISSED: Final = Text("Something that was expected did not happen.", "有预期的现象没有出现。")

DEMO = Command(
    Text(
        "run a simulated swap station, gateway, broker and bridge on this computer",
        "在本机运行模拟换电站、网关、消息代理与云桥",
    ),
    _arguments,
    _run,
)
