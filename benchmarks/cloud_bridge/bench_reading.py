"""What files and streams cost, in processor time, SQLite below.

Six hours of telemetry (360 chunks of 60 samples, 96 cells, 16 probes) as a file, against what no
file can do without; a look for the news of 100 listeners, against loading their pages again every
4 s, as pages without a stream do.
"""

from __future__ import annotations

import csv
import io
import tempfile
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pyarrow import BufferOutputStream, parquet

from benchmarks.cloud_bridge.bench_access import asking, context_over
from benchmarks.timing import compared, processor_us, table
from cloud_bridge.api.tables import samples_table
from cloud_bridge.files.csv_file import csv_pieces
from cloud_bridge.files.parquet_file import parquet_pieces
from cloud_bridge.ingest.judge import judge
from cloud_bridge.live import Pulse
from cloud_bridge.live.pulse import Seen
from cloud_bridge.projections.tables import telemetry_table
from cloud_bridge.store import Arrival, SqliteStore
from cloud_bridge.view.batches import samples_of
from cloud_bridge.view.telemetry import Span, samples_within
from packtrail.event import UnitRef
from packtrail.sample import SampleBatch
from tests.cloud_bridge import parts

WHOLE = Span(0, 2**62)
LISTENERS = 100
MINUTES = 360
PAGE_EVERY_S = 4


def minute(chance: np.random.Generator, t_ns: int) -> SampleBatch:
    """A chunk of a pack that is driven."""
    n = 60
    return SampleBatch.from_arrays(
        t_s=np.arange(n, dtype=np.float64),
        t0_ns=t_ns,
        pack_voltage_v=360 + chance.normal(0, 2, n),
        pack_current_a=chance.normal(0, 50, n),
        soc_pct=50 + np.cumsum(chance.normal(0, 0.01, n)),
        cell_voltage_v=3.6 + chance.normal(0, 0.01, (n, 96)),
        temperature_c=30 + chance.normal(0, 0.5, (n, 16)),
    )


def fill(store: SqliteStore, minutes: int) -> None:
    """Telemetry of one pack, and a chunk of each of the listeners' packs."""
    gateway, chance, trust = parts.PlayedGateway(), np.random.default_rng(1), parts.trust()
    sent = [gateway.telemetry(minute(chance, parts.T0 + i * parts.MINUTE)) for i in range(minutes)]
    sent += [gateway.telemetry(unit=UnitRef("maker_serial", str(n))) for n in range(LISTENERS)]
    arrivals = [judge(topic, data, trust, parts.T0) for topic, data in sent]
    store.commit([one for one in arrivals if isinstance(one, Arrival)], [], parts.T0)


def size(pieces: Iterable[bytes]) -> int:
    """Bytes of a file whose pieces nobody keeps."""
    return sum(map(len, pieces))


def plain_csv(batch: SampleBatch) -> int:
    """The same numbers by Python's csv module, all at once."""
    rows = np.hstack([column.reshape(len(batch), -1) for column in batch.values.values()])
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows.tolist())
    return buffer.tell()


def plain_parquet(batch: SampleBatch) -> int:
    """The same by pyarrow, all at once."""
    sink = BufferOutputStream()
    parquet.write_table(telemetry_table([batch]), sink, compression="zstd")
    return int(sink.getvalue().size)


def files(store: SqliteStore) -> None:
    """Print the table of files."""
    chunks = store.chunks_of(parts.PACK, *WHOLE, 2000)
    day = samples_within(chunks, WHOLE)
    found = compared(
        {
            "the chunks, decoded": lambda: [samples_of(chunk) for chunk in chunks],
            "CSV": lambda: size(csv_pieces(samples_table(store, parts.PACK, WHOLE))),
            "csv module, all at once": lambda: plain_csv(day),
            "Parquet": lambda: size(parquet_pieces(samples_table(store, parts.PACK, WHOLE))),
            "pyarrow, all at once": lambda: plain_parquet(day),
        },
        "the chunks, decoded",
        rounds=3,
    )
    rows = [(name, f"{us / 1e6:.2f}", f"{1 / ratio:.1f}") for name, (us, ratio) in found.items()]
    table((f"{len(day):,} samples of 115 numbers", "s", "times decoding"), rows)
    for name, pieces in (("CSV", csv_pieces), ("Parquet", parquet_pieces)):
        tracemalloc.start()
        made = size(pieces(samples_table(store, parts.PACK, WHOLE)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"\n{name}: {made / 1e6:.1f} MB, never more than {peak / 1e6:.1f} MB held by Python")


def news(store: SqliteStore) -> None:
    """Print the table of streams."""
    pulse, seen = Pulse(store), Seen(store.size())
    units = frozenset(UnitRef("maker_serial", str(n)) for n in range(LISTENERS))
    page = asking(context_over(store), {}, f"/packs/{parts.CODE}")
    taken = processor_us({"a look": lambda: pulse.since(seen, units), "a page": page}, repeat=10)
    look, pages = taken["a look"], taken["a page"] * LISTENERS / PAGE_EVERY_S
    print()
    rows = [
        ("one look for all", f"{look / 1000:.1f}", f"{look / pages:.3f}"),
        (f"their pages, every {PAGE_EVERY_S} s", f"{pages / 1000:.1f}", "1"),
    ]
    table((f"{LISTENERS} listeners, nothing new", "ms a second", "ratio"), rows)


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as name:
        store = SqliteStore(Path(name) / "db")
        fill(store, MINUTES)
        files(store)
        news(store)
        store.close()


if __name__ == "__main__":
    main()
