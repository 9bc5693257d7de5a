"""`packtrail simulate vehicles`: a vehicle platform that reports to a bridge."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from can_decoder.gbt32960 import Edition
from packtrail.arguments import number_between, whole_between
from packtrail.command import Command
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.times import NS_PER_S
from simulators.vehicle_platform.sender import Account, PlatformSender
from simulators.vehicle_platform.vehicle import REPORT_S, SimulatedVehicle

VARIABLE: Final = "PACKTRAIL_GBT32960_PASSWORD"
EDITIONS: Final = {"2016": (Edition.OF_2016,), "2025": (Edition.OF_2025,), "both": tuple(Edition)}


def _arguments(parser: argparse.ArgumentParser) -> None:
    host = Text(
        "the bridge's feed, HOST:PORT; or several, with commas: a lost line goes on at the next",
        "云桥数据接入地址，主机:端口；可用逗号分隔多个，断线后转向下一个",
    )
    parser.add_argument("address", help=host.say())
    user = Text("user of the platform login", "平台登入用户名")
    parser.add_argument("--user", required=True, help=user.say())
    count = Text("how many vehicles", "车辆数量")
    parser.add_argument("--vehicles", type=whole_between(1, 100_000), default=2, help=count.say())
    packs = Text("packs in each vehicle", "每车电池包数量")
    parser.add_argument("--packs", type=whole_between(1, 16), default=1, help=packs.say())
    hours = Text("how many hours of their life, up to now", "回溯至今的运行小时数")
    parser.add_argument("--hours", type=number_between(0.01, 600), default=6.0, help=hours.say())
    edition = Text("edition of the standard", "标准版本")
    parser.add_argument("--edition", choices=sorted(EDITIONS), default="both", help=edition.say())
    seed = Text("equal seeds give equal reports", "相同种子产生相同报文")
    parser.add_argument("--seed", type=whole_between(0, 2**53), default=7, help=seed.say())
    truth = Text("write what really was, as JSON", "将真实状态写为 JSON")
    parser.add_argument("--truth", type=Path, help=truth.say())


def _run(args: argparse.Namespace) -> int:
    sender = PlatformSender(*_accounts(args))
    spoken = EDITIONS[args.edition]
    vehicles = [
        SimulatedVehicle(number, spoken[number % len(spoken)], args.seed, args.packs)
        for number in range(1, args.vehicles + 1)
    ]
    try:
        sent = sender.send(messages(vehicles, args.hours, time.time_ns()))
    finally:
        sender.close()
    if args.truth is not None:
        truth = [
            {"vin": one.vin, "code": pack.code, "soh_pct": round(100 * pack.true_soh, 2)}
            for one in vehicles
            for pack in one.packs
        ]
        args.truth.write_text(json.dumps(truth, indent=2) + "\n", "utf-8")
    summary = Text(
        "{taken} messages taken, {refused} refused, {again} sent again",
        "已接受 {taken} 条报文，被拒 {refused} 条，重发 {again} 条",
    )
    print(summary.say(taken=sent.taken, refused=sum(sent.refused.values()), again=sent.again))
    return 1 if sent.refused else 0


def messages(vehicles: list[SimulatedVehicle], hours: float, now_ns: int) -> Iterator[bytes]:
    """Logins, reports and logouts of vehicles, in the order of time."""
    count = max(1, int(hours * 3600 / REPORT_S))
    begin_ns = (now_ns // NS_PER_S - count * REPORT_S) * NS_PER_S
    yield from (one.login(begin_ns) for one in vehicles)
    for together in zip(*(one.reports(begin_ns, count) for one in vehicles), strict=True):
        yield from together
    yield from (one.logout(begin_ns + count * REPORT_S * NS_PER_S) for one in vehicles)


def _accounts(args: argparse.Namespace) -> list[Account]:
    password = os.environ.get(VARIABLE)
    if password is None:
        raise PacktrailError(
            Text("the platform's password is not set", "未设置平台口令"), where=VARIABLE
        )
    places = [_place(address) for address in args.address.split(",")]
    return [Account(host, port, args.user, password) for host, port in places]


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise PacktrailError(
            Text("not HOST:PORT", "应为 主机:端口"), where=address, hint="127.0.0.1:32960"
        )
    return host.strip("[]"), int(port)


VEHICLES = Command(
    Text(
        "a vehicle platform that reports to a bridge (GB/T 32960)",
        "向云桥上报的车辆监测平台（GB/T 32960）",
    ),
    _arguments,
    _run,
)
