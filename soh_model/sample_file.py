"""Sample tables from files: CSV with numpy alone, Parquet where pyarrow is installed.

A table has a column `t_s` (seconds) or `t_ns` (UTC nanoseconds) and one column per canonical
quantity; per-cell quantities are numbered (`cell_voltage_v_1`, `cell_voltage_v_2`, ...) or, in
Parquet, one list column. Columns with other names are left alone. An empty cell is NaN.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from packtrail.language import Text
from packtrail.quantities import QUANTITIES
from packtrail.sample import SampleBatch
from soh_model.errors import ModelError, reading

Floats = NDArray[np.float64]
Columns = dict[str, Floats]

_TABLE = Text(
    "give a table of t_s or t_ns and canonical quantities, as `packtrail decode --profile` writes",
    "请提供含 t_s 或 t_ns 与标准物理量的表格，可由 `packtrail decode --profile` 生成",
)
_NUMBERED = re.compile(r"^([a-z_]+?)_(\d+)$")


def read_samples(path: Path) -> SampleBatch:
    """The samples of a `.csv` or `.parquet` file.

    Raises:
        ModelError: The file is missing, is neither, has no time or is not sorted by time.
    """
    readers = {".csv": _csv_columns, ".parquet": _parquet_columns}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ModelError(
            Text("neither .csv nor .parquet", "既不是 .csv 也不是 .parquet"),
            where=str(path),
            hint=_TABLE,
        )
    with reading(path, _TABLE):
        return _batch(reader(path), path)


def _csv_columns(path: Path) -> Columns:
    """Columns by header; every field a number or empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    if len(rows) < 2:
        raise ModelError(Text("no rows", "没有数据行"))
    return {
        name: _numbers(name, [row[k] for row in rows[1:]])
        for k, name in enumerate(rows[0])
        if _is_known(name)
    }


def _numbers(name: str, fields: list[str]) -> Floats:
    """One column; nanoseconds since 1970 stay integers, they do not fit a float's mantissa."""
    if name == "t_ns":
        return np.array([int(field) for field in fields])
    return np.array([float(field) if field else np.nan for field in fields])


def _parquet_columns(path: Path) -> Columns:
    """Columns of a Parquet file; a list column becomes a table."""
    try:
        from pyarrow import parquet  # noqa: PLC0415 - optional and heavy
    except ImportError as error:
        raise ModelError(
            Text("reading Parquet needs pyarrow", "读取 Parquet 需要 pyarrow"),
            hint=Text("pip install 'packtrail[fleet]'", "pip install 'packtrail[fleet]'"),
        ) from error
    table = parquet.read_table(path)
    return {
        name: np.array(table[name].to_pylist(), None if name == "t_ns" else np.float64)
        for name in table.column_names
        if _is_known(name)
    }


def _is_known(name: str) -> bool:
    """Whether a column is time or a canonical quantity, numbered or not."""
    if name in QUANTITIES or name in ("t_s", "t_ns"):
        return True
    numbered = _NUMBERED.match(name)
    return numbered is not None and numbered[1] in QUANTITIES and QUANTITIES[numbered[1]].array


def _batch(columns: Columns, path: Path) -> SampleBatch:
    """One batch of the columns, numbered ones gathered in order of their number."""
    if "t_s" not in columns and "t_ns" not in columns:
        raise ModelError(
            Text("no column t_s or t_ns", "没有 t_s 或 t_ns 列"),
            where=str(path),
            hint=Text("name the column of time", "请命名时间列"),
        )
    values = {name: c for name, c in columns.items() if name in QUANTITIES}
    gathered: dict[str, list[tuple[int, Floats]]] = {}
    for name, column in columns.items():
        numbered = _NUMBERED.match(name)
        if name not in QUANTITIES and numbered:
            gathered.setdefault(numbered[1], []).append((int(numbered[2]), column))
    for name, cells in gathered.items():
        cells.sort(key=lambda pair: pair[0])
        values[name] = np.column_stack([column for _, column in cells])
    if "t_ns" in columns:
        return SampleBatch(columns["t_ns"].astype(np.int64), values)
    return SampleBatch(np.rint(columns["t_s"] * 1e9).astype(np.int64), values)
