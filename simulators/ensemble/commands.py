"""`packtrail simulate fleet`: a fleet of packs through the seasons, into a Parquet lake."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from packtrail.arguments import whole_between
from packtrail.command import Command
from packtrail.language import Text
from packtrail.progress import watched
from simulators.ensemble.lake import Lake
from simulators.ensemble.orders import carry_out, fleet_orders
from simulators.ensemble.overview import Overview
from simulators.models import ALL_MODELS

STEPS = (10, 15, 20, 30, 60, 120, 300)


def _arguments(parser: argparse.ArgumentParser) -> None:
    packs = Text("how many packs", "电池包数量")
    parser.add_argument(
        "--packs", type=whole_between(1, 10_000_000), default=1000, help=packs.say()
    )
    days = Text("days from 1 January", "自 1 月 1 日起的天数")
    parser.add_argument("--days", type=whole_between(1, 7300), default=365, help=days.say())
    step = Text("seconds of a step", "步长（秒）")
    parser.add_argument("--step", type=int, choices=STEPS, default=60, help=step.say())
    seed = Text("equal seeds give equal values", "相同种子产生相同数值")
    parser.add_argument("--seed", type=whole_between(0, 2**53), default=7, help=seed.say())
    model = Text(
        "type of pack, repeatable; all types if left out", "电池包型号，可重复；缺省为全部"
    )
    names = [known.name for known in ALL_MODELS]
    parser.add_argument("--model", action="append", choices=names, help=model.say())
    cells = Text(
        "step every cell, not the mean and the weakest one", "逐个电芯仿真，而非均值与最弱电芯"
    )
    parser.add_argument("--cells", action="store_true", help=cells.say())
    cold = Text("let packs charge fast when cold", "低温时不限制充电")
    parser.add_argument("--no-cold-protection", action="store_true", help=cold.say())
    workers = Text("processes; 0 for one per processor", "进程数；0 为每处理器一个")
    parser.add_argument("--workers", type=whole_between(0, 1024), default=0, help=workers.say())
    scheduler = Text(
        "Dask scheduler, tcp://host:8786, for several machines", "多机时的 Dask 调度器"
    )
    parser.add_argument("--scheduler", default="", help=scheduler.say())
    out = Text("new folder of the Parquet lake", "Parquet 数据湖的新文件夹")
    parser.add_argument("--out", type=Path, help=out.say())
    plot = Text("write an overview as SVG", "写入 SVG 概览")
    parser.add_argument("--plot", type=Path, help=plot.say())


def _run(args: argparse.Namespace) -> int:
    begun = time.monotonic()
    lake, overview = Lake(args.out), Overview(days=args.plot is not None)
    models = args.model or [known.name for known in ALL_MODELS]
    orders = fleet_orders(
        models,
        args.packs,
        args.seed,
        args.days,
        args.workers or 2,
        step_s=args.step,
        cells=args.cells,
        cold_protection=not args.no_cold_protection,
    )
    what, unit = Text("simulating packs", "电池包仿真"), Text("pack-days", "包·天")
    with watched(what, args.packs * args.days, unit) as told:
        for result in carry_out(orders, args.workers, args.scheduler, told):
            lake.take(result)
            overview.take(result)
    lake.close(_asked(args, models))
    if args.plot is not None:
        overview.write(args.plot)
    _summarise(overview, lake, args, time.monotonic() - begun)
    return 0


def _asked(args: argparse.Namespace, models: list[str]) -> dict[str, Any]:
    names = ("packs", "days", "step", "seed", "cells", "no_cold_protection")
    return {name: getattr(args, name) for name in names} | {"models": models}


def _summarise(overview: Overview, lake: Lake, args: argparse.Namespace, seconds: float) -> None:
    table = Table(title=Text("after {days} days", "{days} 天之后").say(days=args.days))
    for head in (
        Text("chemistry, vehicle", "化学体系与车辆"),
        Text("packs", "数量"),
        Text("SoH %", "SoH %"),
        Text("weakest 5 %", "最弱 5 %"),
        Text("cycles", "循环"),
        Text("charged MWh", "充电 MWh"),
        Text("plated Ah", "析锂 Ah"),
        Text("degC", "温度 degC"),
    ):
        table.add_column(head.say(), justify="right")
    for name, rows in overview.groups():
        table.add_row(
            name,
            f"{len(rows['soh'])}",
            f"{100 * np.median(rows['soh']):.2f}",
            f"{100 * np.sort(rows['soh_weakest'])[len(rows['soh']) // 20]:.2f}",
            f"{np.median(rows['cycles']):.0f}",
            f"{rows['charged_kwh'].sum() / 1000:,.1f}",
            f"{rows['plated_ah'].max():.2f}",
            f"{rows['coldest_c'].min():.0f} .. {rows['hottest_c'].max():.0f}",
        )
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    told = Text(
        "{steps:,.0f} pack steps in {seconds:.1f} s; digest {digest}",
        "{steps:,.0f} 包·步，用时 {seconds:.1f} 秒；摘要 {digest}",
    )
    steps = args.packs * args.days * 86_400 / args.step
    print(told.say(steps=steps, seconds=seconds, digest=lake.digest[:16]))
    if args.out is not None:
        print(Text("written: {out}", "已写入：{out}").say(out=args.out))


FLEET = Command(
    Text("a fleet of packs through the seasons", "电池包车队的全年仿真"), _arguments, _run
)
