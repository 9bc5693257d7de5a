"""The lake of samples, as the bridge's projection writes it: which packs and days, and their rows.

    telemetry/pack=CODE/day=2026-04-01/*.parquet

One row a sample: `t_ns`, then canonical quantities; per-cell quantities are lists. A day is read
at a time, so memory does not grow with the fleet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.language import Text
from packtrail.quantities import QUANTITIES
from packtrail.sample import SampleBatch
from soh_model.errors import ModelError

Floats = NDArray[np.float64]


class PackDays(msgspec.Struct, frozen=True):
    """One pack of a lake: its code and the folders of its days, in order."""

    code: str
    days: tuple[str, ...]


def packs_in(lake: Path) -> list[PackDays]:
    """Every pack of a lake, in order of its code.

    Raises:
        ModelError: The folder holds no telemetry.
    """
    found = [
        PackDays(
            unquote(folder.name.removeprefix("pack=")),
            tuple(str(day) for day in sorted(folder.glob("day=*"))),
        )
        for folder in sorted((lake / "telemetry").glob("pack=*"))
    ]
    if found:
        return found
    simulated = (lake / "packs").is_dir()
    raise ModelError(
        Text("a lake of simulated results holds no samples", "仿真结果数据湖中没有采样数据")
        if simulated
        else Text("no telemetry in this folder", "该文件夹中没有遥测数据"),
        where=str(lake),
        hint=Text("`packtrail fleet report` reads it", "可用 `packtrail fleet report` 读取")
        if simulated
        else Text(
            "give the lake's folder, with telemetry/pack=CODE/day=DATE inside",
            "请指定数据湖文件夹，其中含 telemetry/pack=编码/day=日期",
        ),
    )


def read_day(folder: Path) -> SampleBatch:
    """The samples of one pack and day, in order of time; one that stands in two files counts once.

    Raises:
        ModelError: A file is damaged or has no column `t_ns`.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra
    from pyarrow import parquet  # noqa: PLC0415

    try:
        try:
            tables = [parquet.read_table(file, partitioning=None) for file in _files(folder)]
        except FileNotFoundError:  # joined by the bridge while we were at it: its list is new now
            tables = [parquet.read_table(file, partitioning=None) for file in _files(folder)]
        table = pa.concat_tables(tables, promote_options="permissive")
        t_ns, keep = np.unique(table["t_ns"].to_numpy(), return_index=True)
    except (pa.ArrowException, KeyError, OSError) as error:
        raise ModelError(
            Text("this day cannot be read", "该日数据无法读取"),
            where=str(folder),
            hint=str(error).splitlines()[0],
        ) from error
    names = [name for name in table.column_names if name in QUANTITIES]
    return SampleBatch(t_ns.astype(np.int64), {n: _column(table[n])[keep] for n in names})


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _column(column: Any) -> Floats:
    """A column of numbers [n], or of lists [n, width], unknown as NaN."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    if not pa.types.is_list(column.type):
        return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
    lengths = compute.fill_null(compute.list_value_length(column), 0).to_numpy()
    width = int(lengths.max(initial=0))
    table = np.full((len(lengths), width), np.nan)
    flat = compute.list_flatten(column).cast(pa.float64()).to_numpy()
    table[np.arange(width) < lengths[:, None]] = flat
    return table
