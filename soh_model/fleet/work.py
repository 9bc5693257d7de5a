"""One pack of a fleet: its days one after the other into counters, a life and one estimate.

A `PackOrder` says everything and a `PackResult` holds everything, so a pack may be done in this
process, in another one or on another machine. A day that cannot be read is named and costs only
itself.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from packtrail.errors import PacktrailError
from packtrail.estimate import Estimate
from soh_model.cell_order import CellOrder
from soh_model.cell_outliers import CellOutliers
from soh_model.fleet.lake import PackDays, read_day
from soh_model.pack_life import PackLife
from soh_model.pack_measurement import PackMeasurement, nominal_kwh
from soh_model.pack_spec import PackSpec
from soh_model.prognosis import END_OF_LIFE, Prognosis
from soh_model.use_counters import UseCounters


class PackOrder(msgspec.Struct, frozen=True):
    """What to estimate: a pack's days, and its type."""

    pack: PackDays
    spec: PackSpec


class PackResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one pack.

    Attributes:
        code: the pack.
        chemistry: of its type.
        nominal_kwh: rated ampere-hours by the mean open-circuit voltage of the fresh cells.
        days: days read.
        told: days whose samples could tell.
        samples: samples read.
        estimate: fused over all days; that of the last day where none could tell.
        life: what the fusion knows; gives the SoH ahead.
        counters: use over the days read.
        prognosis: SoH and cycles ahead, None for less than three days that could tell.
        insulation_ohm: lowest insulation resistance seen, None if never measured.
        pack_voltage_v: highest pack voltage seen, None if never measured.
        outliers: the cells that discharge themselves most and resist most, of the best day.
        cell_order: whether the days number the cells alike.
        faults: days that could not be read, and why.
    """

    code: str
    chemistry: str
    nominal_kwh: float
    days: int
    told: int
    samples: int
    estimate: Estimate | None
    life: PackLife
    counters: UseCounters
    prognosis: Prognosis | None = None
    insulation_ohm: float | None = None
    pack_voltage_v: float | None = None
    outliers: CellOutliers = CellOutliers()
    cell_order: CellOrder = CellOrder()
    faults: tuple[str, ...] = ()


def estimate_pack(order: PackOrder) -> PackResult:
    """All days of one pack."""
    measured, faults = PackMeasurement(order.spec), []
    for day in order.pack.days:
        try:
            measured.take(read_day(Path(day)))
        except PacktrailError as error:
            faults.append(error.describe("en"))
    gathered = measured.gathered
    return PackResult(
        code=order.pack.code,
        chemistry=order.spec.family,
        nominal_kwh=nominal_kwh(order.spec),
        days=gathered.sessions,
        told=gathered.told,
        samples=measured.samples,
        estimate=gathered.fused(),
        life=gathered.life,
        counters=gathered.counters,
        prognosis=gathered.prognosis(END_OF_LIFE),
        insulation_ohm=measured.insulation_ohm,
        pack_voltage_v=measured.pack_voltage_v,
        outliers=gathered.outliers,
        cell_order=gathered.cell_order,
        faults=tuple(faults),
    )
