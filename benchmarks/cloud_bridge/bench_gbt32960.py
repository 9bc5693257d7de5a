"""Vehicles' reports over GB/T 32960, from the line to the answer after a durable commit.

Reports of 108 cells and 28 probes, 2016, of a hundred vehicles over one connection on loopback, as
many under way as the bridge lets in, into SQLite with synchronous FULL. The peer: the same bytes
read from a socket by a bare asyncio server that answers nothing. Beside it, what one report costs
step by step. Everything runs in one process, the sender too.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import threading
import time
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.timing import processor_us, table
from can_decoder.gbt32960 import (
    Command,
    Framer,
    Login,
    PlatformLogin,
    Unit,
    build,
    build_login,
    build_platform_login,
    build_report,
    plausible,
    read_report,
    sample_of,
)
from can_decoder.gbt32960.units import FIXED, Edition
from cloud_bridge.feeds.gbt32960.feed import Gbt32960Feed
from cloud_bridge.feeds.gbt32960.sealing import Sealer
from cloud_bridge.feeds.gbt32960.settings import Gbt32960Settings
from cloud_bridge.feeds.gbt32960.voice import registrations
from cloud_bridge.ledger.authority import Authority, TrustReader
from cloud_bridge.metrics import Metrics
from cloud_bridge.store import SqliteStore
from packtrail.codes import PackCode
from packtrail.event import UnitRef
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S

REPORTS, VEHICLES, ROUNDS = 2_000, 100, 3
PASSWORD_ENV = "PACKTRAIL_BENCH_PASSWORD"


def stream(begin_ns: int) -> list[bytes]:
    """Reports of vehicles in turn, half a minute apart."""
    return [
        build(Command.REALTIME, vin(n % VEHICLES), report_at(begin_ns, n // VEHICLES))
        for n in range(REPORTS)
    ]


def report_at(begin_ns: int, number: int) -> bytes:
    """One data unit."""
    places = FIXED[Edition.OF_2016, 0x01][1]
    vehicle = Unit("vehicle", 0x01, {p.name: 1.0 for p in places} | {"soc_pct": 50.0})
    cells = np.round(3.3 + 0.01 * np.sin(np.arange(108) + number), 3)
    system = {"voltage_v": 356.4, "current_a": 20.0}
    units = [
        vehicle,
        Unit("cells", 0x08, system, {"cell_voltage_v": cells}),
        Unit("probes", 0x09, lists={"temperature_c": np.full(28, 25.0)}),
    ]
    return build_report(begin_ns + number * 30 * NS_PER_S, units)


def vin(number: int) -> str:
    """Of one vehicle; its check digit need not fit."""
    return f"LPTBENCH2SS{number:06d}"


def logins(t_ns: int) -> list[bytes]:
    """A login of every vehicle, each with a pack of its own."""
    return [
        build(Command.LOGIN, vin(n), build_login(Login(t_ns, 1, "8986", (code(n),))))
        for n in range(VEHICLES)
    ]


def code(number: int) -> str:
    """Of one pack."""
    made_on = date(2025, 6, 1)
    return PackCode.make(maker="0B1", chemistry="LFP", made_on=made_on, serial=number + 1).text


def answered(port: int, messages: list[bytes], user: str) -> float:
    """Seconds from the first byte to the answer to the last message."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        said = PlatformLogin(time.time_ns(), 1, user, os.environ[PASSWORD_ENV])
        line.sendall(build(Command.PLATFORM_LOGIN, "P" * 17, build_platform_login(said)))
        framer, heard = Framer(), 0
        begin = time.perf_counter()
        sending = threading.Thread(target=line.sendall, args=(b"".join(messages),))
        sending.start()
        while heard < len(messages) + 1:
            answers = framer.feed(line.recv(65_536))
            assert all(answer.response == 1 for answer in answers)
            heard += len(answers)
        sending.join()
        return time.perf_counter() - begin


def bare(messages: list[bytes]) -> float:
    """Seconds for the same bytes into a server that does nothing with them."""
    data, done = b"".join(messages), threading.Event()
    ready: list[int] = []

    async def serve() -> None:
        async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            left = len(data)
            while left:
                left -= len(await reader.read(65_536))
            writer.close()
            done.set()

        server = await asyncio.start_server(read, "127.0.0.1", 0)
        ready.append(server.sockets[0].getsockname()[1])
        while not done.is_set():  # noqa: ASYNC110 - an Event of asyncio is not for threads
            await asyncio.sleep(0.001)
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    while not ready:
        time.sleep(0.001)
    begin = time.perf_counter()
    with socket.create_connection(("127.0.0.1", ready[0])) as line:
        line.sendall(data)
        done.wait()
    taken = time.perf_counter() - begin
    thread.join()
    return taken


def steps(message: bytes) -> dict[str, float]:
    """What one report costs, microseconds of processor time."""
    (read,) = Framer().feed(message)
    sample = plausible(sample_of(read_report(read)))
    assert sample is not None
    sealer = Sealer("gbt32960-bench", SigningKey.generate())
    unit = UnitRef("gbt34014", code(1))
    return processor_us(
        {
            "frame": lambda: Framer().feed(message),
            "decode": lambda: plausible(sample_of(read_report(read))),
            "seal and sign": lambda: sealer.telemetry(sample, unit, "vehicle"),
        },
        repeat=200,
    )


def main() -> None:
    """Print both tables."""
    os.environ.setdefault(PASSWORD_ENV, "bench")
    begin_ns = (time.time_ns() // NS_PER_S - 86_400) * NS_PER_S
    messages = stream(begin_ns)
    rows, key = [], SigningKey.generate()
    peer = {"name": "bench", "user": "bench", "password_env": PASSWORD_ENV}
    settings = Gbt32960Settings.model_validate({"port": 0, "peer": [peer]})
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            store = SqliteStore(Path(folder) / "bridge.sqlite")
            Authority(store, key, "b", "bench.example/x").publish_trust(
                registrations(settings, key)
            )
            feed = Gbt32960Feed(settings, key, store, TrustReader(store, key.public), Metrics())
            feed.start()
            answered(feed.port, logins(begin_ns - NS_PER_S), "bench")
            took = answered(feed.port, messages, "bench")
            again = answered(feed.port, messages, "bench")
            assert store.counts().chunks == REPORTS
            feed.stop()
            store.close()
        rows.append((REPORTS / took, REPORTS / again, took / bare(messages)))
    first, again, ratio = (median(column) for column in zip(*rows, strict=True))
    size = len(messages[0])
    lines: list[tuple[object, ...]] = [
        (f"reports of {size} B to a durable commit and its answer, per second", f"{first:,.0f}"),
        ("the same reports told again, per second", f"{again:,.0f}"),
        ("times the time of a bare read of the same bytes", f"{ratio:,.0f}"),
        ("vehicles at a report every 30 s", f"{30 * first:,.0f}"),
    ]
    table(("what", "median of 3"), lines)
    print()
    costs = steps(messages[0])
    table(("step of one report", "us"), [(name, f"{us:.0f}") for name, us in costs.items()])
