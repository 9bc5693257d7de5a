"""An appraisal of a pack with months of telemetry: time and memory of one question.

A pack rests, charges and rests for two hours a day, a hundred cells every second, a chunk a
minute. Asked the first time, a question reads what it may (`AT_ONCE` chunks, or one day); asked
again it reads on, and once all is read it reads nothing. The peer of time is reading and decoding
as many chunks whole, in the same run; that of memory is one session's cells as an array.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.timing import table
from cloud_bridge.appraisal.appraiser import AT_ONCE
from cloud_bridge.appraisal.measuring import PIECE, Measuring
from cloud_bridge.ledger.days import DAY_NS
from cloud_bridge.store import SqliteStore
from cloud_bridge.view.batches import samples_of
from packtrail.sample import SampleBatch
from soh_model import PackSpec
from tests.cloud_bridge import parts
from tests.cloud_bridge.retention_parts import TODAY, Yard

DAYS, CELLS, SECONDS = 90, 100, 7_200
SPEC = PackSpec(chemistry="NMC622", rated_ah=150.0, cells_in_series=CELLS)


def day(number: int) -> SampleBatch:
    """Two hours: forty minutes of rest, of charge and of rest."""
    rng, t_s = np.random.default_rng(number), np.arange(float(SECONDS))
    current = np.where((t_s > 2400) & (t_s < 4800), 75.0, 0.0)
    moved = np.cumsum(current) / 3600 / 150
    cells = 3.55 + 0.5 * moved[:, None] + 0.0007 * current[:, None]
    cells = cells + rng.normal(0, 0.002, CELLS) + rng.normal(0, 0.0006, (SECONDS, CELLS))
    return SampleBatch.from_arrays(
        t_s=t_s,
        t0_ns=(TODAY + number) * DAY_NS,
        pack_current_a=current + rng.normal(0, 0.05, SECONDS),
        pack_voltage_v=cells.sum(axis=1),
        cell_voltage_v=np.round(cells, 3),
        temperature_c=np.full((SECONDS, 4), 25.0),
        insulation_ohm=np.full(SECONDS, 2e6),
    )


def filled(folder: Path) -> SqliteStore:
    """A store with all of it."""
    store = SqliteStore(folder / "bridge.sqlite")
    yard = Yard(store, folder)
    for number in range(DAYS):
        batch = day(number)
        pieces = (batch.window(at, at + 60) for at in range(0, SECONDS, 60))
        yard.receive(*(yard.gateway.telemetry(one) for one in pieces))
    return store


def decoded_s(store: SqliteStore) -> float:
    """Seconds to read and decode as many chunks as one question may."""
    begin = time.perf_counter()
    for chunk in store.latest_chunks(parts.PACK, AT_ONCE):
        samples_of(chunk)
    return time.perf_counter() - begin


def main() -> None:
    """Ask until all is read, then once more; print it."""
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder))
        limit_s = median(decoded_s(store) for _ in range(3))
        measuring, asked = Measuring(store), []
        tracemalloc.start()
        while True:
            begin = time.perf_counter()
            found = measuring.measure(parts.PACK, SPEC, AT_ONCE)
            asked.append(time.perf_counter() - begin)
            if not found.waiting:
                break
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        plain, again = Measuring(store), []
        begin = time.perf_counter()
        plain.measure(parts.PACK, SPEC, AT_ONCE)
        first_s = time.perf_counter() - begin
        while plain.measure(parts.PACK, SPEC, AT_ONCE).waiting:
            pass
        for _ in range(20):
            begin = time.perf_counter()
            plain.measure(parts.PACK, SPEC, AT_ONCE)
            again.append(time.perf_counter() - begin)
        store.close()
    held = SECONDS * CELLS * 8
    print(f"{DAYS} days of {SECONDS} samples of {CELLS} cells; the newest {found.days} count\n")
    rows: list[tuple[object, ...]] = [
        ("one question that reads", f"{first_s:.2f} s", f"{first_s / limit_s:.1f} x"),
        ("reading and decoding as much", f"{limit_s:.2f} s", "1"),
        ("questions until all is read", len(asked), "-"),
        ("a question when all is read", f"{1000 * median(again):.1f} ms", "-"),
        ("peak memory", f"{peak / 1e6:.0f} MB", f"{peak / held:.0f} x"),
        ("one session's cells", f"{held / 1e6:.1f} MB", "1"),
        ("peak at the largest session", f"{peak / SECONDS * PIECE / 1e6:.0f} MB", "-"),
    ]
    table(("", "measured", "ratio"), rows)


if __name__ == "__main__":
    main()
