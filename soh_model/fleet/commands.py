"""`packtrail fleet estimate` and `packtrail fleet report`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import msgspec

from packtrail.arguments import explained, whole_between
from packtrail.command import Command
from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text
from packtrail.progress import watched
from soh_model.errors import ModelError
from soh_model.fleet.cluster import carry_out
from soh_model.fleet.lake import PackDays, packs_in
from soh_model.fleet.report import Group, report
from soh_model.fleet.work import PackOrder
from soh_model.pack_spec import PackSpec

EXIT_INCOMPLETE: Final = 1


def _arguments(parser: argparse.ArgumentParser) -> None:
    out = Text("results, one JSON object a pack and line", "结果文件，每包一行 JSON")
    add_lake_arguments(parser, out, required=True)


def add_lake_arguments(
    parser: argparse.ArgumentParser, out: Text, *, required: bool = False
) -> None:
    """A lake, the packs' types, where results go and who does the work."""
    lake = Text("folder of the Parquet lake", "Parquet 数据湖文件夹")
    explained(parser, "lake", lake, type=Path, metavar="LAKE")
    spec = Text(
        "a pack type; PREFIX=TOML for the codes that begin so; repeatable",
        "电池包型号参数；PREFIX=TOML 仅用于以此开头的编码；可重复",
    )
    explained(parser, "--spec", spec, action="append", required=True, metavar="TOML")
    explained(parser, "--out", out, type=Path, required=required, metavar="FILE")
    workers = Text("processes; 0 for one per processor", "进程数；0 为每处理器一个")
    explained(parser, "--workers", workers, type=whole_between(0, 1024), default=0)
    scheduler = Text("Dask scheduler, tcp://host:8786", "Dask 调度器，tcp://host:8786")
    explained(parser, "--scheduler", scheduler, default="", metavar="ADDRESS")


def _run(args: argparse.Namespace) -> int:
    packs, specs = packs_in(args.lake), specs_in(args.spec)
    known = [pack for pack in packs if spec_of(pack.code, specs) is not None]
    what, unit = Text("estimating packs", "电池包估计"), Text("pack-days", "包·天")
    told = faults = days = 0
    total = sum(len(pack.days) for pack in known)
    with watched(what, total, unit) as advance, written(args.out) as file:
        for result in carry_out(orders(known, specs), args.workers, args.scheduler):
            file.write(msgspec.json.encode(result).decode() + "\n")
            advance(result.days + len(result.faults))
            told += result.told > 0
            faults += len(result.faults)
            days += result.days
    _summarise(packs, known, (told, days, faults))
    return EXIT_INCOMPLETE if faults or len(known) < len(packs) else 0


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """A file that stands in its place only when all of it is written.

    Raises:
        ModelError: It cannot be written.
    """
    beside = path.with_name(path.name + ".writing")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        raise ModelError(reason_of(error), where=str(path), hint=remedy_of(error)) from error


def orders(packs: list[PackDays], specs: dict[str, PackSpec]) -> Iterator[PackOrder]:
    """What to do, for the packs whose type is given."""
    for pack in packs:
        spec = spec_of(pack.code, specs)
        if spec is not None:
            yield PackOrder(pack, spec)


def specs_in(given: list[str]) -> dict[str, PackSpec]:
    """Prefix of the code -> type; "" stands for every code."""
    pairs = [text.partition("=") if "=" in text else ("", "=", text) for text in given]
    return {prefix: PackSpec.load(Path(file)) for prefix, _, file in pairs}


def spec_of(code: str, specs: dict[str, PackSpec]) -> PackSpec | None:
    """The type with the longest prefix of a code, None where none fits."""
    fitting = [prefix for prefix in specs if code.startswith(prefix)]
    return specs[max(fitting, key=len)] if fitting else None


def _summarise(packs: list[PackDays], known: list[PackDays], counts: tuple[int, int, int]) -> None:
    told, days, faults = counts
    said = Text(
        "{packs} packs, {days} pack-days; {told} told, {dumb} cannot be told",
        "{packs} 个电池包，{days} 包·天；{told} 个可判断，{dumb} 个无法判断",
    )
    print(said.say(packs=len(known), days=days, told=told, dumb=len(known) - told))
    if faults:
        said = Text("{n} days could not be read: see `faults`", "{n} 天无法读取：见 `faults`")
        print(said.say(n=faults))
    strange = [pack.code for pack in packs if pack not in known]
    if strange:
        said = Text(
            "{n} packs of no given type, such as {code}", "{n} 个电池包无型号参数，如 {code}"
        )
        print(said.say(n=len(strange), code=strange[0]))


ESTIMATE: Final = Command(
    Text(
        "estimate every pack of a Parquet lake, all days fused, on all processors",
        "用全部处理器估计数据湖中的每个电池包，并融合各日结果",
    ),
    _arguments,
    _run,
)


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    source = Text(
        "results of `fleet estimate`, or a lake of `simulate fleet`",
        "`fleet estimate` 的结果，或 `simulate fleet` 的数据湖",
    )
    explained(parser, "source", source, type=Path, metavar="RESULTS")
    as_json = Text("one JSON object per chemistry and line", "每种化学体系一行 JSON")
    explained(parser, "--json", as_json, action="store_true")


def _run_report(args: argparse.Namespace) -> int:
    groups = report(args.source)
    for group in groups:
        print(msgspec.json.encode(group).decode() if args.json else describe_group(group))
    return 0


def describe_group(group: Group, language: str | None = None) -> str:
    """One line for a person, in `language` or that of the locale."""
    told = Text("{told} of {packs} packs told", "{packs} 个电池包中 {told} 个可判断")
    parts = [group.chemistry, told.fill(told=group.told, packs=group.packs).say(language)]
    if group.median is not None and group.lowest_twentieth is not None:
        figures = Text(
            "median SoH {median:.1f} %, one in twenty below {low:.1f} %, worst {worst}",
            "SoH 中位数 {median:.1f} %，最低 5 % 低于 {low:.1f} %，最差 {worst}",
        )
        filled = figures.fill(
            median=100 * group.median, low=100 * group.lowest_twentieth, worst=group.worst
        )
        parts.append(filled.say(language))
    if group.flagged or group.faults:
        odd = Text(
            "{flagged} readings flagged, {faults} days unread",
            "{flagged} 个读数存疑，{faults} 天未读取",
        )
        parts.append(odd.fill(flagged=group.flagged, faults=group.faults).say(language))
    return "; ".join(parts)


REPORT: Final = Command(
    Text("how healthy a fleet is, by chemistry", "按化学体系汇总车队健康状态"),
    _report_arguments,
    _run_report,
)
