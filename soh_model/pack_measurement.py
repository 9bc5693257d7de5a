"""What the samples of one pack say at the gate: health, worst cells, insulation.

Sessions enter one by one in order of time; facts leave, in the words of `PackFacts`. The same for
a file at the workshop and for a day of a fleet. What the samples do not show is None: then it
has to be measured (`gates.GateTest`), it is not taken to be sound.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from packtrail.sample import SampleBatch
from soh_model.cell_history import CellHistory
from soh_model.cell_outliers import CellFigures, cell_figures
from soh_model.chemistry import fresh_cell
from soh_model.lifetime import Gathering
from soh_model.pack_spec import PackSpec


@dataclass(frozen=True, slots=True)
class GateReadings:
    """What one session says at the gates; small, so that it may be kept for the samples.

    Attributes:
        cells: the worst cells, and what sets each cell apart.
        insulation_ohm: lowest insulation resistance seen, None if never measured.
        pack_voltage_v: highest pack voltage seen, None if never measured.
        samples: how many.
    """

    cells: CellFigures
    insulation_ohm: float | None
    pack_voltage_v: float | None
    samples: int


def gate_readings(batch: SampleBatch, spec: PackSpec) -> GateReadings:
    """What a session says at the gates, without an estimate of its health."""
    return GateReadings(
        cell_figures(batch, spec),
        _known(_extreme(batch, "insulation_ohm", np.fmin, np.inf)),
        _known(_extreme(batch, "pack_voltage_v", np.fmax, -np.inf)),
        len(batch),
    )


def cells_over(sessions: Iterable[GateReadings]) -> CellHistory:
    """The cells over sessions in order of time."""
    history = CellHistory()
    for one in sessions:
        history.take(one.cells)
    return history


class PackMeasurement:
    """Sessions of a pack taken in one by one, so that only one has to be held.

    Args:
        spec: the pack's type.

    Attributes:
        gathered: estimates, life, use and the worst cells.
        samples: samples taken in.
    """

    def __init__(self, spec: PackSpec) -> None:
        self.gathered = Gathering(spec)
        self.samples = 0
        self._insulation, self._voltage = np.inf, -np.inf

    def take(self, batch: SampleBatch) -> None:
        """One more session, later than those before."""
        self.gathered.take(batch)
        self.samples += len(batch)
        self._insulation = min(self._insulation, _extreme(batch, "insulation_ohm", np.fmin, np.inf))
        self._voltage = max(self._voltage, _extreme(batch, "pack_voltage_v", np.fmax, -np.inf))

    @property
    def insulation_ohm(self) -> float | None:
        """Lowest insulation resistance seen, None if never measured."""
        return _known(self._insulation)

    @property
    def pack_voltage_v(self) -> float | None:
        """Highest pack voltage seen, None if never measured."""
        return _known(self._voltage)


def nominal_kwh(spec: PackSpec) -> float:
    """Energy on the type plate: rated charge by the mean fresh voltage, 0 where it is unknown."""
    fresh = fresh_cell(spec)
    if fresh is None:
        return 0.0
    return float(spec.rated_ah * spec.cells_in_series * np.mean(fresh.ocv_v) / 1000)


def _known(extreme: float) -> float | None:
    return float(extreme) if np.isfinite(extreme) else None


def _extreme(batch: SampleBatch, name: str, of: np.ufunc, none: float) -> float:
    """The least or greatest known value of a column."""
    column = batch.values.get(name)
    if column is None or not np.isfinite(column).any():
        return none
    return float(of.reduce(column))
