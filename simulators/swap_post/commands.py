"""`packtrail simulate ocpp`: a simulated swap station that tells its swaps to a back office."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

from packtrail.arguments import number_between, whole_between
from packtrail.command import Command
from packtrail.errors import PacktrailError
from packtrail.language import Text
from simulators.swap_post.post import PostOrder, SwapPost

VARIABLE = "PACKTRAIL_OCPP_PASSWORD"


def _arguments(parser: argparse.ArgumentParser) -> None:
    url = Text(
        "ws://HOST:PORT/ocpp/STATION; or several, with commas: a lost line goes on at the next",
        "ws://主机:端口/ocpp/站点；可用逗号分隔多个，断线后转向下一个",
    )
    parser.add_argument("url", help=url.say())
    swaps = Text("how many swaps", "换电次数")
    parser.add_argument("--swaps", type=whole_between(1, 1_000_000), default=20, help=swaps.say())
    slots = Text("slots of the station", "站点仓位数")
    parser.add_argument("--slots", type=whole_between(2, 1000), default=8, help=slots.say())
    cars = Text("how many cars come", "车辆数量")
    parser.add_argument("--cars", type=whole_between(1, 100_000), default=12, help=cars.say())
    seed = Text("equal seeds give equal swaps", "相同种子产生相同换电过程")
    parser.add_argument("--seed", type=whole_between(0, 2**53), default=7, help=seed.say())
    patience = Text("how long a message is tried again, s", "单条消息的重试时长，秒")
    parser.add_argument(
        "--patience", type=number_between(0.1, 86_400), default=60.0, help=patience.say()
    )
    truth = Text("write where every pack is at the end, as JSON", "将各电池包最终位置写为 JSON")
    parser.add_argument("--truth", type=Path, help=truth.say())


def _run(args: argparse.Namespace) -> int:
    password = os.environ.get(VARIABLE)
    if password is None:
        raise PacktrailError(
            Text("the station's password is not set", "未设置站点口令"),
            where=VARIABLE,
            hint=Text(
                "`packtrail bridge ocpp-station add` prints one",
                "由 packtrail bridge ocpp-station add 生成",
            ),
        )
    order = PostOrder(args.slots, args.cars, args.swaps, args.seed)
    told = SwapPost(args.url, password, args.patience).tell(order)
    if args.truth:
        args.truth.write_text(json.dumps(asdict(told), indent=2, ensure_ascii=False) + "\n")
    summary = Text(
        "{answered} messages taken, {repeats} sent again, {refused} refused",
        "已接受 {answered} 条消息，重发 {repeats} 次，被拒 {refused} 条",
    )
    print(summary.say(answered=told.answered, repeats=told.repeats, refused=len(told.refused)))
    for refused in sorted(set(told.refused))[:5]:
        print(f"  {refused}")
    return 1 if told.refused else 0


OCPP = Command(
    Text("a swap station that tells its swaps over OCPP 2.1", "通过 OCPP 2.1 上报换电的模拟站点"),
    _arguments,
    _run,
)
