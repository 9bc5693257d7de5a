"""`packtrail simulate charge`: a pack at a charger that speaks GB/T 27930-2015."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from packtrail.arguments import number_between, whole_between
from packtrail.codes import PackCode
from packtrail.command import Command
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.progress import watched
from packtrail.times import NS_PER_S, parse_time
from simulators.broadcast import TimedFrame
from simulators.buses import FrameSink, SlotBuses, open_log
from simulators.chargepost.faults import NAMES, Faults
from simulators.chargepost.post import Post
from simulators.drawing import Line, Panel, write_overview
from simulators.frames import PackFrame
from simulators.models import ALL_MODELS, find_model
from simulators.pack import Pack

SLOT: Final = "1"
VIN: Final = "LPTSWAP2600000001"
MADE_ON: Final = date(2025, 3, 9)


def _arguments(parser: argparse.ArgumentParser) -> None:
    model = Text("type of pack", "电池包型号")
    names = [known.name for known in ALL_MODELS]
    parser.add_argument("--model", choices=names, default=names[0], help=model.say())
    soc = Text("state of charge at the beginning, %%", "起始 SOC %%")
    parser.add_argument("--soc", type=number_between(1, 99), default=30.0, help=soc.say())
    until = Text("where the BMS stops, %%", "BMS 停止充电的 SOC %%")
    parser.add_argument("--until", type=number_between(2, 100), default=96.0, help=until.say())
    loss = Text("lithium that the pack has lost, %%", "电池包已损失的锂 %%")
    parser.add_argument("--loss", type=number_between(0, 40), default=6.0, help=loss.say())
    seed = Text("equal seeds give equal frames", "相同种子产生相同报文")
    parser.add_argument("--seed", type=whole_between(0, 2**53), default=7, help=seed.say())
    fault = Text("what goes wrong, repeatable; `list` names all", "故障，可重复；list 列出全部")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help=fault.say())
    after = Text("seconds of charging before it does", "充电多少秒后发生故障")
    parser.add_argument("--after", type=number_between(0, 1e5), default=20.0, help=after.say())
    start = Text("when, UTC", "开始时间（UTC）")
    parser.add_argument("--start", default="2026-04-01T08:00:00Z", help=start.say())
    log = Text(
        "write a log: .log (candump), .blf, .asc or .mf4", "写入日志：.log、.blf、.asc 或 .mf4"
    )
    parser.add_argument("--log", type=Path, help=log.say())
    bus = Text("python-can interface to speak on, in real time", "实时发送的 python-can 接口")
    parser.add_argument("--interface", help=bus.say())
    parser.add_argument("--channel", default="can0")
    plot = Text("write an overview as SVG", "写入 SVG 概览")
    parser.add_argument("--plot", type=Path, help=plot.say())


def _run(args: argparse.Namespace) -> int:
    if "list" in args.fault:
        print("\n".join(NAMES))
        return 0
    if args.log is None and not args.interface:
        raise PacktrailError(
            Text("nowhere to speak", "没有输出"),
            where="simulate charge",
            hint="--log charge.log / --interface socketcan --channel can0",
        )
    start_ns = parse_time(args.start)
    post = make_post(args, start_ns)
    sink: FrameSink = (
        open_log(args.log, args.channel, [SLOT])
        if args.log is not None
        else SlotBuses(args.interface, args.channel, [SLOT])
    )
    frames = 0
    try:
        for t_ns, frame in _in_time(post, live=args.log is None):
            sink.send(TimedFrame(start_ns + t_ns, SLOT, frame))
            frames += 1
    finally:
        sink.close()
    _summarise(post, frames)
    if args.plot is not None:
        _plot(args.plot, post)
    return 0


def make_post(args: argparse.Namespace, start_ns: int) -> Post:
    """The post that the command line describes."""
    model = find_model(args.model)
    code = PackCode.make(
        maker=model.maker,
        chemistry=model.chemistry.letter,
        specification=model.specification,
        made_on=MADE_ON,
        serial=1 + args.seed % 9_999_999,
    )
    pack = Pack.draw(code.text, model, args.loss / 100.0, args.seed)
    faults = Faults.named(args.fault, args.after)
    return Post(pack, VIN, args.soc / 100.0, args.seed, start_ns, faults, args.until)


def _in_time(post: Post, *, live: bool) -> Iterator[tuple[int, PackFrame]]:
    """The frames; live, each when its time has come."""
    if not live:
        what, unit = Text("charging", "充电"), Text("s", "秒")
        with watched(what, 3600.0, unit) as told:
            yield from post.run(lambda _: told(1.0))
        return
    begun = time.monotonic()
    for t_ns, frame in post.run():
        time.sleep(max(0.0, begun + t_ns / NS_PER_S - time.monotonic()))
        yield t_ns, frame


def _summarise(post: Post, frames: int) -> None:
    told = Text(
        "{frames} frames, {minutes:.1f} min, {kwh:.2f} kWh, SOC {begin:.1f} to {end:.1f} %, "
        "bus load {load:.0f} %; vehicle: {vehicle}; charger: {charger}; errors: {errors}",
        "{frames} 帧，{minutes:.1f} 分钟，{kwh:.2f} kWh，SOC {begin:.1f} 至 {end:.1f} %，"
        "总线负载 {load:.0f} %；车辆：{vehicle}；充电机：{charger}；错误：{errors}",
    )
    record = post.record
    print(
        told.say(
            frames=frames,
            minutes=record.seconds[-1] / 60.0,
            kwh=post.charger.energy_kwh,
            begin=record.soc_pct[0],
            end=record.soc_pct[-1],
            load=100.0 * post.line.busy_ns / (record.seconds[-1] * 1e9),
            vehicle=post.vehicle.stop_reason or "-",
            charger=post.charger.stop_reason or "-",
            errors=", ".join(dict.fromkeys(post.errors)) or "-",
        )
    )


def _plot(path: Path, post: Post) -> None:
    columns = post.record.columns()
    minutes = columns["seconds"] / 60.0
    label = Text("min", "分钟").say()
    titles = {
        "current_a": Text("charge current, A", "充电电流 A"),
        "pack_v": Text("pack voltage, V", "总电压 V"),
        "soc_pct": Text("state of charge, %", "SOC %"),
        "hottest_c": Text("hottest probe, degC", "最高温度 degC"),
    }
    panels = [
        Panel(title.say(), label, [Line(name, minutes, columns[name])])
        for name, title in titles.items()
    ]
    write_overview(path, Text("Charging session", "充电过程").say(), panels)


CHARGE = Command(
    Text("a pack at a charger, GB/T 27930-2015", "电池包与充电机的 GB/T 27930-2015 对话"),
    _arguments,
    _run,
)
