"""`packtrail simulate station`: a simulated swap station on CAN buses or in a log file."""

from __future__ import annotations

import argparse
import signal
import threading
import tomllib
from pathlib import Path

from packtrail import logs
from packtrail.arguments import number_between, whole_between
from packtrail.command import Command
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.settings import load, parse
from simulators.run import StationRun
from simulators.settings import StationSettings, sample_path


def _arguments(parser: argparse.ArgumentParser) -> None:
    settings = Text("settings file; the sample if left out", "配置文件；缺省为示例")
    parser.add_argument("--settings", type=Path, default=sample_path(), help=settings.say())
    speed = Text("station seconds per real second", "每真实秒对应的站内秒数")
    parser.add_argument("--speed", type=number_between(0.1, 1000), help=speed.say())
    duration = Text("real seconds until it ends", "运行的真实秒数")
    parser.add_argument("--duration", type=number_between(0.1, 1e7), help=duration.say())
    seed = Text("equal seeds give equal frames", "相同种子产生相同报文")
    parser.add_argument("--seed", type=whole_between(0, 2**53), help=seed.say())
    log = Text(
        "write a log instead of driving buses: .log (candump), .blf, .asc or .mf4",
        "写入日志而不驱动总线：.log（candump）、.blf、.asc 或 .mf4",
    )
    parser.add_argument("--log", type=Path, help=log.say())
    truth = Text("write what really was, as JSON", "将真实状态写为 JSON")
    parser.add_argument("--truth", type=Path, help=truth.say())


def _run(args: argparse.Namespace) -> int:
    logs.configure()
    run = StationRun(_settings(args))
    if args.log is not None:
        if args.duration is None:
            raise PacktrailError(
                Text("a log needs an end", "日志需要时长"), where="--log", hint="--duration 600"
            )
        run.write_log(args.log, args.duration)
    else:
        _go_live(run, args.duration)
    if args.truth is not None:
        run.write_truth(args.truth)
    _summarise(run)
    return 0


def _go_live(run: StationRun, duration: float | None) -> None:
    """Until the duration is over or a signal arrives; both are a good end."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    run.go_live(stop, duration)


def _settings(args: argparse.Namespace) -> StationSettings:
    """The file's settings with what the command line says otherwise, checked again."""
    settings = load(StationSettings, args.settings)
    said = {key: getattr(args, key) for key in ("speed", "seed") if getattr(args, key) is not None}
    if not said:
        return settings
    content = tomllib.loads(args.settings.read_text("utf-8"))
    return parse(StationSettings, content | said, args.settings)


def _summarise(run: StationRun) -> None:
    summary = Text(
        "{frames} frames, {swaps} swaps, {minutes:.0f} minutes of station time",
        "{frames} 帧报文，{swaps} 次换电，站内时间 {minutes:.0f} 分钟",
    )
    minutes = run.station.now_s / 60.0
    print(summary.say(frames=run.frames, swaps=run.station.bay.swaps, minutes=minutes))


STATION = Command(
    Text("a simulated battery swap station on CAN buses", "CAN 总线上的模拟换电站"),
    _arguments,
    _run,
)
