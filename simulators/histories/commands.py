"""`packtrail simulate life`: signed reports of a fleet's whole life, with the truth."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from packtrail.arguments import day, number_between, whole_between
from packtrail.command import Command
from packtrail.language import Text
from packtrail.progress import watched
from simulators.drawing import Line, Panel, write_overview
from simulators.histories.history import BEGIN, History, Order
from simulators.histories.writing import write

MONTH_S = 30 * 86_400


def _arguments(parser: argparse.ArgumentParser) -> None:
    packs = Text("how many packs", "电池包数量")
    parser.add_argument("--packs", type=whole_between(40, 1_000_000), default=400, help=packs.say())
    seed = Text("equal seeds give equal bytes", "相同种子产生相同字节")
    parser.add_argument("--seed", type=whole_between(0, 2**53), default=7, help=seed.say())
    each = Text(
        "frauds of each kind and variant; 0 for honest parties", "每类欺诈数量；0 为全部诚实"
    )
    parser.add_argument("--frauds", type=whole_between(0, 1000), default=2, help=each.say())
    begin = Text(
        "first day, YYYY-MM-DD; duties to hand over stand in the rules from 2026-04-01 on",
        "首日，YYYY-MM-DD；移交义务的规则自 2026-04-01 起生效",
    )
    parser.add_argument("--begin", type=day, default=BEGIN, help=begin.say())
    skim = Text("share of metal that one refinery keeps, %%", "一家再生企业截留的金属比例，%%")
    parser.add_argument("--skim", type=number_between(0, 50), default=2.0, help=skim.say())
    out = Text("folder for events, keys and truth", "事件、公钥与真值的输出文件夹")
    parser.add_argument("--out", type=Path, required=True, help=out.say())
    plot = Text("write an overview as SVG", "写入 SVG 概览")
    parser.add_argument("--plot", type=Path, help=plot.say())


def _run(args: argparse.Namespace) -> int:
    begun = time.monotonic()
    honest = not args.frauds
    order = Order(
        args.packs,
        args.seed,
        args.frauds,
        args.begin,
        skim=0.0 if honest else args.skim / 100,
        skewed=not honest,
    )
    what, unit = Text("living lives", "生成生命周期"), Text("packs", "包")
    with watched(what, args.packs, unit) as told:
        history = History(order).live(told)
    written = write(history, args.out)
    if args.plot is not None:
        _plot(history, args.plot)
    _summarise(history)
    told_all = Text(
        "{lines} events in {seconds:.1f} s; digest {digest}; written: {out}",
        "{lines} 个事件，用时 {seconds:.1f} 秒；摘要 {digest}；已写入：{out}",
    )
    seconds = time.monotonic() - begun
    digest = written.digest[:16]
    print(told_all.say(lines=written.lines, seconds=seconds, digest=digest, out=args.out))
    return 0


def _summarise(history: History) -> None:
    events = Counter(type(one.body).__name__ for one in history.scene.journal.reports)
    frauds = Counter((str(one.fraud), one.variant) for one in history.truth.planted)
    console = Console(width=None if sys.stdout.isatty() else 100)
    told = [((name,), number) for name, number in sorted(events.items())]
    kind, variant = Text("kind", "类别"), Text("variant", "方式")
    for title, heads, rows in (
        (Text("reports", "上报"), (kind,), told),
        (Text("planted", "植入"), (kind, variant), sorted(frauds.items())),
    ):
        table = Table(title=title.say())
        for head in heads:
            table.add_column(head.say())
        table.add_column(Text("number", "数量").say(), justify="right")
        for names, number in rows:
            table.add_row(*names, str(number))
        console.print(table)


_MADE = Text("made", "制造与登记")
_SWAPPED = Text("swapped", "换电")
_ENDED = Text("ended", "终结与再生")
_PER_MONTH = Text("{name}, reports per 30 days", "{name}，每 30 天上报数")
_MONTHS = Text("months of 30 days", "月（30 天）")
_FLEET = Text("{packs} packs, seed {seed}", "{packs} 个电池包，种子 {seed}")


def _plot(history: History, path: Path) -> None:
    """Reports per month by what they are about."""
    groups = {
        _MADE: ("UnitRegistered", "VehicleRegistered"),
        _SWAPPED: ("SwapPerformed",),
        _ENDED: ("UnitRetired", "UnitDisassembled", "ProductAssembled", "MaterialProcessed"),
    }
    journal = history.scene.journal
    months = [(one.t_s - journal.begin_s) // MONTH_S for one in journal.reports]
    axis = np.arange(max(months) + 1, dtype=np.float64)
    panels = []
    for group, kinds in groups.items():
        pairs = zip(months, journal.reports, strict=True)
        chosen = [month for month, one in pairs if type(one.body).__name__ in kinds]
        counts = np.bincount(np.array(chosen, np.int64), minlength=len(axis)).astype(np.float64)
        name = group.say()
        line = Line(name, axis, counts)
        panels.append(Panel(_PER_MONTH.say(name=name), _MONTHS.say(), [line]))
    order = history.order
    write_overview(path, _FLEET.say(packs=order.packs, seed=order.seed), panels)


LIFE = Command(
    Text(
        "signed reports of a fleet's whole life, frauds among them",
        "车队全生命周期的签名上报（含欺诈）",
    ),
    _arguments,
    _run,
)
