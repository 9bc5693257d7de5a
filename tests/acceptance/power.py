"""Power cuts, clock steps and kills of the gateway's outbox, with every record known.

A power cut is simulated by what it does to a file: whatever was written after its last sync may
be gone. `unsynced.c`, preloaded into the gateway's process, remembers the old content of every
such write, and after the kill some or all of it is put back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from random import Random

import numpy as np

from gateway.clock import SystemClock
from gateway.outbox import Held, OutboxOptions, SqliteOutbox
from packtrail.event import decode_event
from packtrail.record import Record
from tests.gateway.drafts import GATEWAY, KEY, alarm, opened, receipt, telemetry

CUTS, KILLS, STEPS = 40, 20, 20
DAY_NS = 86_400 * 10**9
QUICK = OutboxOptions(record_wait_s=0.01, lazy_wait_s=0.01)
WAIT = 10


class SteppedClock(SystemClock):
    """A wall clock that somebody sets a day ahead or back now and then."""

    shift_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + type(self).shift_ns


def power_cuts(folder: Path, chance: Random) -> tuple[int, int, int]:
    """Cut the power so often: how often, committed records lost, records doubled.

    A process of its own puts records and says which are committed; it is killed in the middle,
    and of what it had written since the last sync of each file some or all is taken back.
    """
    folder.mkdir()
    library, live = build_library(folder), folder / "outbox.db"
    lost = doubled = 0
    known: set[int] = set()
    for turn in range(CUTS):
        undo = folder / f"undo-{turn}"
        known |= run_until_the_cut(folder, library, undo, turn, chance)
        take_back(live, undo, chance)
        outbox = SqliteOutbox(live, gateway=GATEWAY, key=KEY, options=QUICK)
        values = [number_of(opened(row.sealed)) for row in outbox.waiting(after=0, limit=-1)]
        outbox.close()
        doubled += len(values) - len(set(values))
        lost += len(known - set(values))
        known = set(values)
    return CUTS, lost, doubled


def build_library(folder: Path) -> Path:
    """Compile `unsynced.c`."""
    source, library = Path(__file__).with_name("unsynced.c"), folder / "unsynced.so"
    compiler = shutil.which("cc")
    if compiler is None:
        raise AssertionError("a C compiler is not installed (Debian: apt install gcc libc6-dev)")
    line = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(line, check=True)
    return library


def run_until_the_cut(
    folder: Path, library: Path, undo: Path, turn: int, chance: Random
) -> set[int]:
    """Numbers that the process said were committed before it was killed."""
    settings = {"LD_PRELOAD": str(library), "UNSYNCED_LOG": str(undo), "UNSYNCED_NAME": "outbox.db"}
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.power", "put", str(folder), str(turn * 100_000)],
        stdout=subprocess.PIPE,
        env=os.environ | settings,
    )
    assert child.stdout is not None
    said = [child.stdout.readline()]
    time.sleep(chance.uniform(0.0, 0.25))
    child.kill()
    said += child.stdout.read().splitlines(keepends=True)
    child.wait()
    child.stdout.close()
    return {int(row) for row in said if row.endswith(b"\n")}


def take_back(live: Path, undo: Path, chance: Random) -> int:
    """Undo writes since the last sync of each file, from the newest on, some or all; how many."""
    head, data, at = struct.Struct("<IIqqq"), undo.read_bytes(), 0
    unsynced: dict[int, list[tuple[int, int, int, bytes]]] = {0: [], 1: []}
    while at + head.size <= len(data):
        kind, file, offset, size, length = head.unpack_from(data, at)
        old = data[at + head.size : at + head.size + length]
        at += head.size + length
        if kind == 0:
            unsynced[file].clear()
        else:
            unsynced[file].append((kind, offset, size, old))
    taken = 0
    for file, writes in unsynced.items():
        path = live if file == 0 else live.with_name(f"{live.name}-wal")
        keep = chance.choice([0, chance.randint(0, len(writes))])
        with path.open("r+b") as disk:
            for _, offset, size, old in reversed(writes[keep:]):
                disk.seek(offset)
                disk.write(old)
                disk.truncate(size)
                taken += 1
    live.with_name(f"{live.name}-shm").unlink(missing_ok=True)  # memory, not disk
    return taken


def number_of(record: Record) -> int:
    """The number that a record was made with."""
    if record.kind.carries_event:
        body = decode_event(record.body).read().body
        return int(getattr(body, "value", 0) or 0)
    return int.from_bytes(record.body[:8], "big")


def put_for_ever(folder: Path, number: int) -> None:
    """Put records, telemetry and alarms, and print each number once it is committed."""
    outbox = SqliteOutbox(folder / "outbox.db", gateway=GATEWAY, key=KEY, options=QUICK)
    while True:
        number += 1
        draft = alarm(number) if number % 7 == 0 else telemetry(number, size=500)
        outbox.put(draft).add_done_callback(lambda _done, n=number: print(n, flush=True))
        time.sleep(0.001)


def full_disk(folder: Path, chance: Random) -> tuple[int, int, int, int]:
    """Fill a small disk several times over while a bridge answers now and then.

    Returns:
        Facts put, facts lost, facts doubled, telemetry given up (which the digital ID is told).
    """
    folder.mkdir()
    options = OutboxOptions(max_pages=150, record_wait_s=0.01, lazy_wait_s=0.01)
    outbox = SqliteOutbox(folder / "outbox.db", gateway=GATEWAY, key=KEY, options=options)
    facts, seen = [], []
    for number in range(1, 201):
        outbox.put(telemetry(number, size=8000))
        facts.append(outbox.put(alarm(number)))
        if chance.random() < 0.01:
            seen += _answer(outbox)
    time.sleep(2.0)  # nobody answers: the disk is full, and telemetry has to go
    deadline = time.monotonic() + 60
    while not all(fact.done() for fact in facts) or outbox.counters().waiting:
        seen += _answer(outbox)
        if time.monotonic() > deadline:
            break
    given_up = outbox.counters().thinned + outbox.counters().dropped
    outbox.close()
    values = [value for value in seen if value]
    lost = len({float(n) for n in range(1, 201)} - set(values))
    return len(facts), lost, len(values) - len(set(values)), given_up


def _answer(outbox: SqliteOutbox) -> list[float]:
    """Answer all that waits, as a bridge that has stored it; values of the alarms among it."""
    rows = outbox.waiting(after=0, limit=-1)
    if not rows:
        time.sleep(0.01)
        return []
    with contextlib.suppress(CancelledError, FutureTimeoutError):
        outbox.settle(receipt(outbox.epoch, rows[-1].address.seq)).result(5)
        events = [opened(row.sealed).body for row in rows if row.kind.carries_event]
        bodies = [decode_event(body).read().body for body in events]
        return [float(getattr(body, "value", 0) or 0) for body in bodies]
    return []


def clock_steps(folder: Path) -> tuple[int, int, int]:
    """Set the clock a day ahead and back: how often, records lost, records doubled."""
    folder.mkdir()
    clock = SteppedClock()
    outbox = SqliteOutbox(
        folder / "outbox.db", gateway=GATEWAY, key=KEY, clock=clock, options=QUICK
    )
    numbers = []
    for step in range(STEPS):
        SteppedClock.shift_ns = DAY_NS if step % 2 else -DAY_NS
        numbers += [outbox.put(alarm(step * 10 + n)).result(WAIT).seq for n in range(10)]
    SteppedClock.shift_ns = 0
    rows = outbox.waiting(after=0, limit=-1)
    seqs = [row.address.seq for row in rows]
    values = [decode_event(opened(row.sealed).body).read().body.value for row in rows]
    outbox.close()
    in_order = values == [float(n) for n in range(10 * STEPS)]
    return STEPS, len(set(numbers) - set(seqs)) + (not in_order), len(seqs) - len(set(seqs))


def samples_lost_at_kills(folder: Path, chance: Random) -> tuple[int, float]:
    """Kill a process that holds a sample every 50 ms: how often, the longest loss in seconds.

    What counts is the time between the newest sample on the disk and the newest that was taken.
    """
    folder.mkdir()
    worst = 0.0
    for turn in range(KILLS):
        place = folder / str(turn)
        place.mkdir()
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.power", "hold", str(place)],
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        begun = time.monotonic()
        alive_s = chance.uniform(1.5, 3.0)
        taken = 0.0
        while time.monotonic() - begun < alive_s:
            taken = float(child.stdout.readline())
        child.kill()
        rest = [float(row) for row in child.stdout.read().split(b"\n")[:-1] if row]
        child.wait()
        child.stdout.close()
        taken = max([taken, *rest])
        outbox = SqliteOutbox(place / "outbox.db", gateway=GATEWAY, key=KEY)
        held = [float(np.frombuffer(one.sample, "<f8")[0]) for one in outbox.recovered()]
        outbox.close()
        worst = max(worst, taken - max(held, default=0.0))
    return KILLS, worst


def main(folder: Path) -> None:
    """Hold samples for ever, with the settings of a gateway; each is printed when it is taken."""
    outbox = SqliteOutbox(folder / "outbox.db", gateway=GATEWAY, key=KEY)
    while True:
        now = time.monotonic()
        print(now, flush=True)
        outbox.hold(Held("slot-1", np.array([now]).astype("<f8").tobytes()))
        time.sleep(0.05)


if __name__ == "__main__":
    from packtrail import logs

    logs.configure(level="CRITICAL")
    if sys.argv[1] == "put":
        put_for_ever(Path(sys.argv[2]), int(sys.argv[3]))
    main(Path(sys.argv[2]))
