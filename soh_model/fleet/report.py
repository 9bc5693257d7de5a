"""A fleet in figures: how healthy each chemistry is, who is worst, what could not be told.

Results of `packtrail fleet estimate` enter, or a lake of `packtrail simulate fleet`, whose packs
carry the simulator's own truth; rows of a table leave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from packtrail.estimate import Verdict
from packtrail.language import Text
from soh_model.errors import ModelError
from soh_model.fleet.json_lines import objects_in
from soh_model.fleet.work import PackResult


class Group(msgspec.Struct, frozen=True):
    """Packs of one chemistry; SoH as fractions, None where no pack could be told.

    Attributes:
        chemistry: of the group.
        packs: how many.
        told: how many have a SoH.
        median: median SoH of the mean cell.
        lowest_twentieth: SoH that one pack of twenty is below.
        worst: code of the pack with the lowest SoH.
        flagged: readings that did not fit their pack's life.
        faults: days that could not be read.
    """

    chemistry: str
    packs: int
    told: int
    median: float | None
    lowest_twentieth: float | None
    worst: str | None
    flagged: int
    faults: int


class _Row(msgspec.Struct, frozen=True):
    code: str
    chemistry: str
    soh: float | None
    flagged: int = 0
    faults: int = 0


def report(source: Path) -> list[Group]:
    """Groups by chemistry of a results file, or of a simulated lake's folder.

    Raises:
        ModelError: It is neither.
    """
    by_chemistry: dict[str, list[_Row]] = defaultdict(list)
    for row in _simulated(source) if source.is_dir() else _estimated(source):
        by_chemistry[row.chemistry].append(row)
    return [_group(name, rows) for name, rows in sorted(by_chemistry.items())]


def results_in(file: Path) -> Iterator[PackResult]:
    """Results of `packtrail fleet estimate`, one at a time.

    Raises:
        ModelError: The file is missing or holds something else.
    """
    hint = Text(
        "give the file that `packtrail fleet estimate` wrote",
        "请提供 `packtrail fleet estimate` 写出的文件",
    )
    return objects_in(file, PackResult, hint)


def _estimated(file: Path) -> Iterator[_Row]:
    for result in results_in(file):
        answer = result.estimate
        told = answer is not None and answer.verdict is Verdict.TOLD and answer.soh is not None
        soh = answer.soh.value if told and answer and answer.soh else None
        yield _Row(result.code, result.chemistry, soh, len(result.life.flagged), len(result.faults))


def _simulated(lake: Path) -> Iterator[_Row]:
    from pyarrow import parquet  # noqa: PLC0415 - an extra

    files = sorted((lake / "packs").glob("model=*/*.parquet"))
    if not files:
        raise ModelError(
            Text("neither results nor a simulated lake", "既不是结果文件也不是仿真数据湖"),
            where=str(lake),
            hint=Text("first: packtrail fleet estimate", "请先运行 packtrail fleet estimate"),
        )
    for file in files:
        table = parquet.read_table(file, partitioning=None)
        for row in table.select(["pack", "chemistry", "soh"]).to_pylist():
            yield _Row(row["pack"], row["chemistry"].upper(), row["soh"])


def _group(chemistry: str, rows: list[_Row]) -> Group:
    known = [(row.soh, row.code) for row in rows if row.soh is not None]
    soh = np.array([value for value, _ in known])
    return Group(
        chemistry=chemistry,
        packs=len(rows),
        told=len(known),
        median=float(np.median(soh)) if known else None,
        lowest_twentieth=float(np.quantile(soh, 0.05)) if known else None,
        worst=min(known)[1] if known else None,
        flagged=sum(row.flagged for row in rows),
        faults=sum(row.faults for row in rows),
    )
