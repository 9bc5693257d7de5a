"""Power cuts, clock steps and kills of the gateway's outbox, with every record known.

A power cut is simulated by what it does to a file: whatever was written after the last sync may
be gone. The outbox's files are copied after a commit has returned, and of what its log got
since then a random part is thrown away, in the middle of a page as well.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import numpy as np

from gateway.clock import SystemClock
from gateway.outbox import Held, OutboxOptions, SqliteOutbox
from packtrail.event import decode_event
from tests.gateway.drafts import GATEWAY, KEY, alarm, opened, telemetry

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
    """Cut the power so often: how often, committed records lost, records doubled."""
    folder.mkdir()
    lost = doubled = number = 0
    live = folder / "outbox.db"
    for _ in range(CUTS):
        outbox = SqliteOutbox(live, gateway=GATEWAY, key=KEY, options=QUICK)
        before = [opened(row.sealed).t_ns for row in outbox.waiting(after=0, limit=-1)]
        futures = []
        for _ in range(chance.randint(1, 30)):
            number += 1
            draft = alarm(number) if number % 7 == 0 else telemetry(number, size=500)
            futures.append(outbox.put(draft))
        committed = [f.result(WAIT).seq for f in futures[: chance.randint(1, len(futures))]]
        synced = live.with_name("outbox.db-wal").stat().st_size if committed else 0
        kept = snapshot(live, folder / "cut", synced, chance)
        outbox.close()
        restore(kept, live)
        again = SqliteOutbox(live, gateway=GATEWAY, key=KEY, options=QUICK)
        rows = again.waiting(after=0, limit=-1)
        seqs = [row.address for row in rows]
        doubled += len(seqs) - len(set(seqs))
        found = {row.address.seq for row in rows if row.address.epoch == outbox.epoch}
        lost += sum(seq not in found for seq in committed)
        lost += max(0, len(before) - len(rows))
        again.close()
    return CUTS, lost, doubled


def snapshot(live: Path, target: Path, synced: int, chance: Random) -> Path:
    """The files as a disk has them that lost some of what was written after the last sync."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in live.parent.glob("outbox.db*"):
        if file.name.endswith((".lock", "-shm")):
            continue  # shared memory is no file on a disk
        shutil.copy2(file, target / file.name)
    log = target / "outbox.db-wal"
    if log.exists() and log.stat().st_size > synced:
        with log.open("r+b") as torn:
            torn.truncate(chance.randint(synced, log.stat().st_size))
    return target


def restore(kept: Path, live: Path) -> None:
    """The computer starts again with what the disk has; the inodes are the same."""
    for file in live.parent.glob("outbox.db*"):
        source = kept / file.name
        if source.exists():
            file.write_bytes(source.read_bytes())
        elif file.name.endswith(("-wal", "-shm")):
            file.unlink()
    for source in kept.iterdir():
        if not (live.parent / source.name).exists():
            shutil.copy2(source, live.parent / source.name)


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
            [sys.executable, "-m", "tests.acceptance.power", str(place)], stdout=subprocess.PIPE
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
    main(Path(sys.argv[1]))
