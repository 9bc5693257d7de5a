"""Rests: where the open-circuit voltage shows, and how far it still is from equilibrium.

A `Session` enters; its rests leave, each with the voltage that it tends to and the error of that.
Diffusion decays with the root of time, so after t seconds about 2 t |dV/dt| of relaxation
remains; half of it is corrected and as much is admitted as error. A rest of two minutes after a
fast charge therefore counts little, one of an hour fully. Paper: Pei et al., J. Power Sources 253
(2014) 412-418 (the end of a relaxation foretold from its course; here from its last half alone).
Assumes a draw below 1.2 % of C at rest, a temperature that holds, and that the cell relaxes towards
where it last moved. Fails on LFP, whose hysteresis of some 10 mV outlasts any rest (that is left to
the curve's error), and where a vehicle's consumers switch during the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from soh_model.session import IDLE_PER_RATED, Session

Floats = NDArray[np.float64]

SHORTEST_REST_S: Final = 100.0
UNSEEN_START_S: Final = 1800.0
"""How long ago the current stopped, where the samples begin within a rest, is unknown."""


@dataclass(frozen=True, slots=True)
class Rest:
    """One stretch without current.

    Attributes:
        start: first row.
        stop: row after the last.
        seconds: how long it lasted.
        charge_ah: charge counted when it ended.
        volts: estimate of the mean cell's equilibrium voltage, V.
        error_v: standard error of `volts`, V.
        cells: each cell's voltage at its end, V, or None.
        temperature_c: mean temperature.
        part: the stretch between gaps that it lies in.
    """

    start: int
    stop: int
    seconds: float
    charge_ah: float
    volts: float
    error_v: float
    cells: Floats | None
    temperature_c: float
    part: int


def find_rests(session: Session, rated_ah: float) -> list[Rest]:
    """All rests of at least 100 s, in order of time."""
    idle = np.abs(session.current_a) < IDLE_PER_RATED * rated_ah
    edges = np.flatnonzero(np.diff(np.concatenate([[0], idle.astype(np.int8), [0]])))
    found = []
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if session.t_s[stop - 1] - session.t_s[start] >= SHORTEST_REST_S:
            found.append(_rest(session, start, stop))
    return found


def _rest(session: Session, start: int, stop: int) -> Rest:
    t, v = session.t_s[start:stop], session.volts[start:stop]
    seconds = float(t[-1] - t[0])
    last = t >= t[-1] - max(30.0, min(120.0, seconds / 4))
    end_v = float(np.median(v[last]))
    extra = _remaining(t, v, seen=start > 0)
    unseen = 0.008 * np.exp(-seconds / 1200)
    return Rest(
        start=start,
        stop=stop,
        seconds=seconds,
        charge_ah=float(session.charge_ah[stop - 1]),
        volts=end_v + extra / 2,
        error_v=float(np.sqrt((extra / 2) ** 2 + unseen**2 + session.step_sd_v**2)),
        cells=None if session.cells is None else _last_cells(session.cells[start:stop][last]),
        temperature_c=float(session.temperature_c[start:stop].mean()),
        part=int(session.part[start]),
    )


def _remaining(t: Floats, v: Floats, *, seen: bool) -> float:
    """Relaxation still to come, V, signed, from the drift over the second half of the rest."""
    late = t >= (t[0] + t[-1]) / 2
    if late.sum() < 3:
        return 0.0
    x = t[late] - t[late].mean()
    slope = float(np.sum(x * (v[late] - v[late].mean())) / np.sum(x * x))
    since = float(t[-1] - t[0]) if seen else max(float(t[-1] - t[0]), UNSEEN_START_S)
    return float(np.clip(2 * since * slope, -0.04, 0.04))


def _last_cells(table: Floats) -> Floats:
    """Median of each cell, NaN where a cell was never read."""
    finite = np.isfinite(table).any(axis=0)
    return np.where(finite, np.nanmedian(np.where(finite, table, 0.0), axis=0), np.nan)
