"""Parquet with zstd, a row group per page; units and VSS paths stand in the fields' metadata."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from cloud_bridge.files.table import Column, Kind, Rows

TYPES: Final = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.MOMENT: pa.timestamp("ns", tz="UTC"),
}


class _Sink(io.RawIOBase):
    """Takes what the writer writes, and hands it on."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def take(self) -> bytes:
        """What was written since."""
        taken = bytes(self._held)
        self._held.clear()
        return taken


def parquet_pieces(rows: Rows) -> Iterator[bytes]:
    """The file, piece by piece; per-cell quantities are lists of 32-bit floats, as in the lake."""
    schema = pa.schema([_field(column) for column in rows.columns])
    sink = _Sink()
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for page in rows.pages:
            arrays = [
                _array(column, values) for column, values in zip(rows.columns, page, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            yield sink.take()
    yield sink.take()


def _field(column: Column) -> pa.Field:
    kind = pa.list_(pa.float32()) if column.width else TYPES[column.kind]
    said = {"unit": column.unit, "vss": column.vss}
    return pa.field(column.name, kind, metadata={name: one for name, one in said.items() if one})


def _array(column: Column, values: Sequence[Any]) -> pa.Array:
    """NaN is null: "not known" has one form."""
    if not column.width:
        return pa.array(values, TYPES[column.kind], from_pandas=column.kind is Kind.NUMBER)
    flat = np.asarray(values, np.float32).ravel()
    ends = np.arange(len(values) + 1, dtype=np.int32) * column.width
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(flat, from_pandas=True))
