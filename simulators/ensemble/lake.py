"""Results of a fleet on disk: a Parquet lake, partitioned as Hive does.

    packs/model=SXA-96N150/part-000000.parquet     one row a pack
    days/month=2026-01/part-000000.parquet         one row a pack and day
    run.json                                       what was asked, and the digest of all values

The digest is over the packs in order of their numbers, so it is the same however the fleet was
divided among processes and machines.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text
from simulators.ensemble.population import Population
from simulators.ensemble.year import BlockResult
from simulators.errors import SimulationError

FIRST_DAY: Final = date(2026, 1, 1)


class Lake:
    """Takes results one by one.

    Args:
        root: folder, made anew or empty; None keeps digests only.

    Raises:
        SimulationError: pyarrow is missing, or the folder cannot be used.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._digests: dict[int, bytes] = {}
        self._parts = 0
        if root is None:
            return
        _arrow()
        try:
            root.mkdir(parents=True, exist_ok=True)
            full = any(root.iterdir())
        except OSError as error:
            raise SimulationError(
                reason_of(error), where=str(root), hint=remedy_of(error)
            ) from error
        if full:
            raise SimulationError(
                Text("the folder is not empty", "文件夹非空"),
                where=str(root),
                hint=Text("give a new folder", "请指定新的文件夹"),
            )

    def take(self, result: BlockResult) -> None:
        """Write one block."""
        for row, pack in enumerate(result.order.packs):
            self._digests[pack] = _digest(result, row)
        if self._root is not None:
            _write(self._root / "packs" / f"model={result.order.model}", self._parts, _rows(result))
            for month, table in _months(result):
                _write(self._root / "days" / f"month={month}", self._parts, table)
        self._parts += 1

    @property
    def digest(self) -> str:
        """Of everything taken so far, 64 hexadecimal digits."""
        whole = hashlib.sha256()
        for pack in sorted(self._digests):
            whole.update(self._digests[pack])
        return whole.hexdigest()

    def close(self, asked: dict[str, Any]) -> None:
        """Write `run.json`."""
        if self._root is not None:
            said = json.dumps(asked | {"digest": self.digest}, indent=1, ensure_ascii=False)
            (self._root / "run.json").write_text(said + "\n", "utf-8")


def _digest(result: BlockResult, row: int) -> bytes:
    part = hashlib.sha256()
    for name in sorted(result.summary):
        part.update(result.summary[name][row].astype("<f8").tobytes())
    for name in sorted(result.daily):
        part.update(np.ascontiguousarray(result.daily[name][:, row], "<f8").tobytes())
    return part.digest()


def _rows(result: BlockResult) -> dict[str, Any]:
    order = result.order
    fleet = Population.draw(order.model, order.packs, order.seed, cells=order.cells)
    names = {
        "pack": [fleet.code(pack) for pack in order.packs],
        "chemistry": [fleet.model.chemistry.name] * len(order.packs),
        "vehicle": [kind.name for kind in fleet.kinds],
        "climate": list(fleet.places),
    }
    return names | result.summary


def _months(result: BlockResult) -> list[tuple[str, dict[str, Any]]]:
    order, days = result.order, result.order.days
    dates = [FIRST_DAY + timedelta(day) for day in range(days)]
    tables = []
    for month in dict.fromkeys(f"{day:%Y-%m}" for day in dates):
        chosen = [n for n, day in enumerate(dates) if f"{day:%Y-%m}" == month]
        part = slice(chosen[0], chosen[-1] + 1)
        packs = np.tile(np.array(order.packs, np.int32), len(chosen))
        columns: dict[str, Any] = {
            "pack": packs,
            "date": np.repeat(np.array(dates[part], "datetime64[D]"), len(order.packs)),
        }
        columns |= {n: v[part].ravel().astype(np.float32) for n, v in result.daily.items()}
        tables.append((month, columns))
    return tables


def _write(folder: Path, part: int, columns: dict[str, Any]) -> None:
    pa, parquet = _arrow()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"part-{part:06d}.parquet"
        parquet.write_table(pa.table(columns), path, compression="zstd")
    except OSError as error:
        raise SimulationError(reason_of(error), where=str(folder), hint=remedy_of(error)) from error


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 — an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise SimulationError(
            Text("Parquet needs pyarrow", "写 Parquet 需要 pyarrow"),
            hint="pip install 'packtrail[fleet]'",
        ) from error
    return pa, parquet
