"""Every page and API route over a store of any size: p50 and p95, alone and with four clients.

`python -m benchmarks.cloud_bridge.bench_pages --packs 1000000` makes a store of a million packs
and ten million lines (see `big_store`), runs `packtrail bridge run` on it in a process of its own
and asks at random. The limit of the same run is an address that nobody serves: it passes every
layer of the server but a route. `--folder` keeps the store, and takes it again when it is there;
`--postgres` names a database for it.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Final
from urllib.parse import quote, urlsplit

from benchmarks.cloud_bridge.big_store import build
from benchmarks.cloud_bridge.big_world import World
from benchmarks.timing import table
from cloud_bridge.api.cursors import cursor_of
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.opening import open_store
from cloud_bridge.view.glancing import advance
from packtrail.settings import load

PACKS, CLIENTS, ASKED, LONGEST_S, WARM = 10_000, 4, 100, 5.0, 3
NOBODY: Final = "/nobody-serves-this"

Ask = Callable[[random.Random], str]


def routes(world: World) -> dict[str, Ask]:
    """Name -> an address of this kind, each time another."""
    long = world.long_story.id
    inside = world.leaf(0, 0) + world.told + world.heavy // 2

    def code(dice: random.Random) -> str:
        return world.code(dice.randrange(world.packs))

    def fitted(dice: random.Random) -> str:
        return world.code(2 * dice.randrange(world.pairs) + 1)

    def place(dice: random.Random) -> str:
        return cursor_of("packs", ("gbt34014", code(dice)))

    def car(dice: random.Random) -> str:
        return world.car(dice.randrange(world.pairs))

    def station(dice: random.Random) -> str:
        return dice.choice(world.stations)

    return {
        "an address that nobody serves": lambda _: NOBODY,
        "front page": lambda _: "/",
        "front page, further on": lambda dice: f"/?after={code(dice)}",
        "pack page": lambda dice: f"/packs/{code(dice)}",
        "pack page, 10,000 facts": lambda _: f"/packs/{long}",
        "vehicle page": lambda dice: f"/packs/{fitted(dice)}/vehicle",
        "station page": lambda dice: f"/stations/{station(dice)}",
        "duties page": lambda _: "/duties",
        "API packs, 50": lambda _: "/api/v1/packs",
        "API packs, 50, by cursor": lambda dice: f"/api/v1/packs?cursor={place(dice)}",
        "API pack": lambda dice: f"/api/v1/packs/{code(dice)}",
        "API pack, 10,000 facts": lambda _: f"/api/v1/packs/{long}",
        "API events": lambda dice: f"/api/v1/packs/{code(dice)}/events",
        "API events, 200 of 10,000, by cursor": lambda _: (
            f"/api/v1/packs/{long}/events?cursor={cursor_of('events', (inside,))}"
        ),
        "API proof": lambda dice: f"/api/v1/packs/{code(dice)}/proof",
        "API proof, 10,000 facts": lambda _: f"/api/v1/packs/{long}/proof",
        "API findings": lambda dice: f"/api/v1/packs/{code(dice)}/findings",
        "API telemetry, two hours": lambda _: f"/api/v1/packs/{long}/telemetry",
        "API export batterypass": lambda dice: f"/api/v1/packs/{code(dice)}/export/batterypass",
        "API vehicle": lambda dice: f"/api/v1/vehicles/{quote(car(dice))}",
        "API stations, 50": lambda _: "/api/v1/stations",
        "API duties, 200": lambda _: "/api/v1/duties",
        "API duties, late": lambda _: "/api/v1/duties?overdue=true",
        "API checkpoint": lambda _: "/api/v1/checkpoint",
        "metrics": lambda _: "/metrics",
    }


class Client:
    """One connection that stays open."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._line = self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=600)

    def ask(self, path: str) -> tuple[float, int, int]:
        """Seconds until the last byte, status, bytes."""
        begin = time.perf_counter()
        try:
            self._line.request("GET", path)
            answer = self._line.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):  # it was idle for too long
            self._line = self._connect()
            return self.ask(path)
        size = len(answer.read())
        return time.perf_counter() - begin, answer.status, size


def asked(url: str, ask: Ask, seed: int, many: int) -> tuple[list[float], int]:
    """Times of one client, and the bytes of the largest answer."""
    client, dice, times, largest = Client(url), random.Random(seed), [], 0
    end = time.monotonic() + LONGEST_S
    for number in range(many + WARM):
        path = ask(dice)
        spent, status, size = client.ask(path)
        assert status == (404 if path == NOBODY else 200), (path, status)
        largest = max(largest, size)
        if number >= WARM or time.monotonic() > end:
            times.append(spent)
        if time.monotonic() > end:
            break
    return times, largest


def together(url: str, ask: Ask) -> list[float]:
    """Times of several clients at once."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        jobs = [pool.submit(asked, url, ask, seed, ASKED // CLIENTS) for seed in range(CLIENTS)]
        return [one for job in jobs for one in job.result()[0]]


def centiles(times: list[float]) -> tuple[float, float]:
    """p50 and p95, ms."""
    if len(times) < 2:
        return times[0] * 1000, times[0] * 1000
    cut = quantiles(times, n=20, method="inclusive")
    return cut[9] * 1000, cut[18] * 1000


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """A running bridge: where it answers, and its process id."""
    command = [sys.executable, "-m", "packtrail", "bridge", "run"]
    log = (folder / "bridge.log").open("w+")
    with subprocess.Popen(
        [*command, "--settings", folder / "bridge.toml"], stdout=log, stderr=log
    ) as server:
        try:
            yield _address(folder / "bridge.log", server), server.pid
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def _address(log: Path, server: subprocess.Popen[bytes]) -> str:
    for _ in range(6_000):
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        if found:
            return found[0]
        if server.poll() is not None:
            raise RuntimeError(log.read_text())
        time.sleep(0.1)
    raise RuntimeError("the bridge does not start")


def resident_mb(pid: int) -> tuple[float, float]:
    """Resident memory now and at its highest, MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.findall(rf"{n}:\s+(\d+)", status)[0]) / 1024 for n in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def processor_s(pid: int) -> float:
    """Processor time that a process has taken, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def write_lists(folder: Path) -> None:
    """What a bridge writes at its leisure after a restoration: the rows that lists read."""
    begin = time.process_time()
    store = open_store(load(BridgeSettings, folder / "bridge.toml").store)
    while not advance(store):
        pass
    print(f"rows of lists: {time.process_time() - begin:.0f} s of processor time")
    store.close()


def measure(folder: Path, world: World, only: str) -> None:
    """Print the table."""
    rows, floor = [], 0.0
    begin = time.monotonic()
    with serving(folder) as (url, pid):
        print(f"answers after {time.monotonic() - begin:.1f} s; {resident_mb(pid)[0]:.0f} MB")
        for name, ask in routes(world).items():
            if only and only not in name and ask(random.Random(0)) != NOBODY:
                continue
            times, size = asked(url, ask, 1, ASKED)
            p50, p95 = centiles(times)
            floor = floor or p50
            before = processor_s(pid)
            crowd = together(url, ask)
            crowd50, crowd95 = centiles(crowd)
            spent = (processor_s(pid) - before) * 1000 / (len(crowd) + CLIENTS * WARM)
            rows.append(
                (
                    name,
                    f"{size / 1000:.1f} kB",
                    *(f"{one:.1f}" for one in (p50, p95, p50 / floor, crowd50, crowd95, spent)),
                )
            )
            print(*rows[-1], sep="; ", flush=True, file=sys.stderr)
        now, highest = resident_mb(pid)
    crowd_heads = (f"p50, {CLIENTS} clients", "p95", "processor")
    head = ("ms", "answer", "p50", "p95", "p50 over the limit", *crowd_heads)
    table(head, rows)
    print(f"resident memory of the bridge: {now:.0f} MB at the end, {highest:.0f} MB at most")


def main() -> None:
    """Build what is missing, then measure."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--packs", type=int, default=PACKS)
    reader.add_argument("--folder", type=Path)
    reader.add_argument("--postgres", default="", metavar="CONNINFO")
    reader.add_argument("--only", default="", metavar="WORD", help="routes whose name has it")
    args, _ = reader.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary) / "store"
        world = World(args.packs, 0)
        if not (folder / "bridge.toml").exists():
            world = build(folder, args.packs, args.postgres)
        print(f"{world.packs + 1:,} packs, {world.size:,} lines in the ledger")
        write_lists(folder)
        measure(folder, world, args.only)


if __name__ == "__main__":
    main()
