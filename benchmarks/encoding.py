"""How samples should travel: our chunk against the layouts that peers use.

One minute of a pack: 60 samples of 112 cell voltages, 8 temperatures, current, voltage, SOC.
The choice (docs/design/002-telemetry-encoding.md) follows from this table.
"""

from __future__ import annotations

import json

import msgspec
import numpy as np
import zstandard

from benchmarks.timing import processor_us, table
from packtrail.columns import check_columns, decode_columns, encode_columns
from packtrail.quantities import QUANTITIES
from packtrail.sample import SampleBatch

N, CELLS, PROBES = 60, 112, 8


def minute() -> SampleBatch:
    """A minute of charging with sensor noise, rounded as a BMS sends it."""
    rng = np.random.default_rng(1)
    cells = 3.6 + rng.normal(0, 0.004, CELLS) + rng.normal(0, 0.0006, (N, CELLS))
    cells += 0.0004 * np.arange(N)[:, None]
    return SampleBatch.from_arrays(
        t_s=np.arange(N) + rng.normal(0, 0.002, N).cumsum() * 0.01,
        t0_ns=1_775_000_000_000_000_000,
        pack_current_a=np.round(150 + rng.normal(0, 0.3, N), 2),
        pack_voltage_v=np.round(cells.sum(1), 1),
        soc_pct=np.round(30 + np.arange(N) * 0.03, 2),
        cell_voltage_v=np.round(cells, 3),
        temperature_c=np.round(28 + rng.normal(0, 0.5, PROBES) + rng.normal(0, 0.1, (N, PROBES))),
    )


def rows_json(batch: SampleBatch) -> bytes:
    """A JSON object per sample, names in every row: what most gateways send."""
    lists = {name: column.tolist() for name, column in batch.values.items()}
    times = batch.t_ns.tolist()
    rows = [
        {"t_ns": times[i], **{name: column[i] for name, column in lists.items()}}
        for i in range(len(batch))
    ]
    return json.dumps(rows).encode()


def rows_msgpack(batch: SampleBatch) -> bytes:
    """The same rows as MessagePack."""
    return msgspec.msgpack.encode(json.loads(rows_json(batch)))


def columns_json_zstd(batch: SampleBatch) -> bytes:
    """Columns of decimal numbers as JSON, zstd."""
    content = {name: column.T.tolist() for name, column in batch.values.items()}
    return zstandard.compress(msgspec.json.encode([batch.t_ns.tolist(), content]), 3)


def bytes_shuffled_zstd(batch: SampleBatch) -> bytes:
    """Differences as packed little-endian bytes in byte planes: the smallest that was tried."""
    planes = []
    for name, column in batch.values.items():
        steps = np.rint(column / QUANTITIES[name].resolution).astype(np.int64)
        delta = np.diff(steps, axis=0).astype("<i2").T
        planes.append((steps[0].tolist(), np.ascontiguousarray(delta).view("u1").tobytes()[::2]))
        planes.append(([], np.ascontiguousarray(delta).view("u1").tobytes()[1::2]))
    times = np.diff(batch.t_ns, prepend=0).astype("<i8")
    return zstandard.compress(msgspec.msgpack.encode([times.tobytes(), planes]), 3)


def differences_listed(batch: SampleBatch) -> bytes:
    """Our chunk of format 1: the same differences as MessagePack integers."""
    columns = []
    for name, column in batch.values.items():
        steps = np.rint(column / QUANTITIES[name].resolution).astype(np.int64)
        columns.append([name, np.diff(steps.T.ravel(), prepend=0).tolist()])
    times = np.diff(batch.t_ns, prepend=0).tolist()
    return zstandard.compress(msgspec.msgpack.encode([times, columns]), 3)


def main() -> None:
    """Print size and processor time of each layout."""
    batch = minute()
    layouts = {
        "JSON rows": rows_json,
        "MessagePack rows": rows_msgpack,
        "JSON columns, zstd": columns_json_zstd,
        "packed delta planes, zstd": bytes_shuffled_zstd,
        "differences as MessagePack integers, zstd": differences_listed,
        "packtrail chunk": encode_columns,
    }
    sizes = {name: len(encode(batch)) for name, encode in layouts.items()}
    calls = {name: (lambda e=encode: e(batch)) for name, encode in layouts.items()}
    times = processor_us(calls, repeat=10)
    base = sizes["JSON rows"]
    rows = [(n, sizes[n], f"{base / sizes[n]:.1f}", f"{times[n]:.0f}") for n in layouts]
    table(("layout", "bytes", "x smaller than JSON rows", "encode us"), rows)
    chunk = encode_columns(batch)
    reading = {"decode": lambda: decode_columns(chunk), "check": lambda: check_columns(chunk)}
    took = processor_us(reading, repeat=10)
    print(f"\npacktrail chunk: decode {took['decode']:.0f} us, check {took['check']:.0f} us")
