"""Pulse tests from files: a table with a row per test, or a tester's signed reports, one a line.

A table (.csv, .parquet) has the columns `u1` to `u21` (volts, in the order of `pulse_model`), for
units that were measured `soh_pct` (or `soh`, a fraction), and where they are known `unit` (its
name) and the charge put in since the unit was empty: `charged` (over rated capacity), or
`charged_ah` with `rated_ah`. Reports (.jsonl) are signed events `InspectionRecorded` with
`pulses`. A row whose charge nobody counted has NaN.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.errors import PacktrailError
from packtrail.event import InspectionRecorded, PulseTest, SignedEvent
from packtrail.language import Text
from soh_model.errors import ModelError, reading
from soh_model.fleet.json_lines import objects_in
from soh_model.pulse_model import READINGS

Floats = NDArray[np.float64]

VOLTAGES: Final = tuple(f"u{k}" for k in range(1, READINGS + 1))
_HINT: Final = Text(
    "give a table with u1 to u21, and soh_pct for measured units; see docs/reference/soh.md",
    "请提供含 u1 至 u21 列的表格，参考单元另含 soh_pct；见 docs/reference/soh.zh-CN.md",
)
_REPORTS: Final = Text(
    "one signed InspectionRecorded with `pulses` a line",
    "每行一个带 pulses 的已签名 InspectionRecorded",
)


@dataclass(frozen=True, slots=True)
class PulseRows:
    """Pulse tests.

    Attributes:
        units: name of each row's unit; "" where the table has no column `unit`.
        rows: [n, 21] volts.
        charged: [n] charge since empty over rated capacity, NaN where nobody counted.
        soh: [n] measured SoH, fraction; None for units that were not measured.
    """

    units: tuple[str, ...]
    rows: Floats
    charged: Floats
    soh: Floats | None = None

    def picked(self, which: NDArray[np.bool_]) -> PulseRows:
        """Some of the rows."""
        units = tuple(name for name, there in zip(self.units, which, strict=True) if there)
        soh = None if self.soh is None else self.soh[which]
        return PulseRows(units, self.rows[which], self.charged[which], soh)


def read_pulses(path: Path) -> PulseRows:
    """The pulse tests of a file.

    Raises:
        ModelError: The file is missing, is none of the three or lacks a column.
    """
    with reading(path, _HINT):
        return _read(path)


def _read(path: Path) -> PulseRows:
    match path.suffix.lower():
        case ".jsonl":
            return of_reports(objects_in(path, SignedEvent, _REPORTS), str(path))
        case ".csv":
            return _rows(_csv(path))
        case ".parquet":
            return _rows(_parquet(path))
    raise ModelError(Text("none of .csv, .parquet, .jsonl", "不是 .csv、.parquet 或 .jsonl"))


def of_reports(reports: Iterable[SignedEvent], where: str) -> PulseRows:
    """The tests in signed reports; whoever takes them on trust has checked who signed.

    Raises:
        ModelError: A report does not fit, or none has pulses.
    """
    found: list[tuple[str, PulseTest]] = []
    for signed in reports:
        try:
            event = signed.read()
        except PacktrailError as error:
            raise ModelError(error.describe("en"), where=where, hint=_REPORTS) from error
        body = event.body
        if isinstance(body, InspectionRecorded) and isinstance(body.pulses, PulseTest):
            found.append((str(event.unit or ""), body.pulses))
    if not found:
        raise ModelError(
            Text("no report has pulses", "没有带脉冲数据的报告"), where=where, hint=_REPORTS
        )
    return of_tests([name for name, _ in found], [test for _, test in found])


def of_tests(units: Sequence[str], tests: Sequence[PulseTest]) -> PulseRows:
    """Tests as events hold them."""
    rows = np.array([test.voltages_v for test in tests], np.float64).reshape(-1, READINGS)
    return PulseRows(tuple(units), rows, np.array([charge_of(test) for test in tests]))


def charge_of(test: PulseTest) -> float:
    """Charge since empty over rated capacity, NaN where either is not known."""
    if test.charged_ah is None or test.rated_ah is None:
        return float("nan")
    return test.charged_ah / test.rated_ah


def _csv(path: Path) -> dict[str, list[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    if len(lines) < 2:
        raise ModelError(Text("no rows", "没有数据行"))
    width = len(lines[0])
    for number, line in enumerate(lines[1:], 2):
        if len(line) != width:
            raise ModelError(
                Text(
                    f"line {number}: {len(line)} of {width} fields",
                    f"第 {number} 行：字段数 {len(line)}/{width}",
                )
            )
    return {name.strip(): [line[k] for line in lines[1:]] for k, name in enumerate(lines[0])}


def _parquet(path: Path) -> dict[str, list[Any]]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional and heavy
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise ModelError(
            Text("reading Parquet needs pyarrow", "读取 Parquet 需要 pyarrow"),
            hint=Text("pip install 'packtrail[fleet]'", "pip install 'packtrail[fleet]'"),
        ) from error
    try:
        table = parquet.read_table(path)
    except pa.ArrowException as error:
        raise ModelError(str(error).splitlines()[0]) from error
    return {name: table[name].to_pylist() for name in table.column_names}


def _rows(columns: dict[str, list[Any]]) -> PulseRows:
    missing = [name for name in VOLTAGES if name not in columns]
    if missing:
        named = ", ".join(missing[:3])
        raise ModelError(Text(f"no column {named}", f"缺少列 {named}"))
    rows = np.column_stack([_numbers(columns[name]) for name in VOLTAGES])
    units = tuple(str(name or "") for name in columns.get("unit", [""] * len(rows)))
    soh = _numbers(columns["soh"]) if "soh" in columns else None
    if soh is None and "soh_pct" in columns:
        soh = _numbers(columns["soh_pct"]) / 100
    return PulseRows(units, rows, _charged(columns, len(rows)), soh)


def _charged(columns: dict[str, list[Any]], count: int) -> Floats:
    if "charged" in columns:
        return _numbers(columns["charged"])
    if "charged_ah" not in columns:
        return np.full(count, np.nan)
    if "rated_ah" not in columns:
        raise ModelError(
            Text("charged_ah without rated_ah", "有 charged_ah 列但没有 rated_ah 列"),
            hint=Text(
                "add rated_ah, or give `charged` as a fraction",
                "请补充 rated_ah，或以比例给出 charged",
            ),
        )
    return _numbers(columns["charged_ah"]) / _numbers(columns["rated_ah"])


def _numbers(fields: Sequence[Any]) -> Floats:
    """Numbers, an empty field NaN."""
    return np.array([float("nan") if field in ("", None) else float(field) for field in fields])


def plain(test: PulseTest) -> dict[str, Any]:
    """A test as an estimate's specification keeps it, so that it can be made again."""
    content: dict[str, Any] = msgspec.to_builtins(test)
    return content
