"""`packtrail simulate run | list`: scenarios on this computer, for people and for their CI."""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from packtrail.command import Command
from packtrail.language import Text

EXIT_MISSED: Final = 1


def _arguments(parser: argparse.ArgumentParser) -> None:
    def say(en: str, zh: str) -> str:
        return Text(en, zh).say()

    name = say("a file, or the name of a shipped one", "场景文件，或内置场景的名称")
    parser.add_argument("scenario", help=name)
    expected = say(
        "what has to be seen; a shipped scenario brings its own", "预期结果；内置场景自带"
    )
    parser.add_argument("--assert", dest="expected", type=Path, metavar="F", help=expected)
    report = say("write a JUnit report", "写出 JUnit 报告")
    parser.add_argument("--junit", type=Path, metavar="F", help=report)
    plot = say("draw records, slots and alarms over time as SVG", "将记录、仓位与报警绘制为 SVG")
    parser.add_argument("--plot", type=Path, metavar="F", help=plot)
    folder = say("keep settings, databases and logs there", "配置、数据库与日志的保存位置")
    parser.add_argument("--folder", type=Path, help=folder)


def _run(args: argparse.Namespace) -> int:
    from packtrail import logs  # noqa: PLC0415 - `--help` stays quick
    from packtrail.progress import watched  # noqa: PLC0415

    logs.configure(level="ERROR")
    script, verdict = _module("script"), _module("verdict")
    scenario, path = script.load_scenario(args.scenario)
    file = args.expected or script.expected_beside(path)
    expectations = verdict.load_expectations(file) if file else None
    print(scenario.title.text.say())
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = args.folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="packtrail-scenario-"))
        )
        performance = _module("play").Performance(scenario, folder.resolve())
        bar = watched(Text("playing", "正在运行"), scenario.duration_s, Text("s", "秒"))
        observed = performance.run(stack.enter_context(bar))
    checks = verdict.judge(expectations, observed) if expectations else []
    if args.junit:
        args.junit.write_bytes(verdict.junit(path.stem, checks, time.monotonic() - begun))
    if args.plot:
        performance.album.write(args.plot, scenario, _sum(checks))
    return _tell(observed, checks)


def _sum(checks: list[Any]) -> str:
    """How many expectations were met."""
    met, all_ = sum(check.met for check in checks), len(checks)
    return Text("{met} of {all} as expected", "{all} 项预期满足 {met} 项").say(met=met, all=all_)


def _tell(observed: dict[str, float], checks: list[Any]) -> int:
    """A table of all that was seen, and of what was expected of it."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    expected = {check.expectation.what: check for check in checks}
    table = Table("", Text("what", "项目").say(), Text("seen", "结果").say())
    table.add_column(Text("expected", "预期").say())
    for name in sorted({*observed, *expected}):
        check = expected.get(name)
        mark = "" if check is None else "[green]✓[/]" if check.met else "[red]✗[/]"
        bounds = check.expectation.bounds if check else ""
        table.add_row(mark, name, f"{observed.get(name, 0.0):g}", bounds)
    console = Console()
    console.print(table)
    missed = [check for check in checks if not check.met]
    for check in missed:
        console.print(f"✗ {check.expectation.what}: {check.expectation.says.text.say()}")
    return EXIT_MISSED if missed else 0


def _list(_args: argparse.Namespace) -> int:
    script = _module("script")
    for name in script.shipped():
        scenario, _ = script.load_scenario(name)
        print(f"{name:<20} {scenario.proves.text.say()}")
    return 0


def _module(name: str) -> Any:
    return import_module(f"simulators.scenario.{name}")


def _nothing(_parser: argparse.ArgumentParser) -> None:
    """No arguments."""


RUN: Final = Command(
    Text("play a scenario with faults and judge it", "运行带故障的场景并判定结果"), _arguments, _run
)
LIST: Final = Command(Text("the scenarios that are shipped", "列出内置场景"), _nothing, _list)
