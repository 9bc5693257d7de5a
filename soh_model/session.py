"""Samples of one pack, checked and reduced to what the estimators share.

A `SampleBatch` and a `PackSpec` enter; a `Session` leaves (time, current, the mean cell, every
cell, temperature), or a `Refusal` with the reason in a technician's words. Whatever was wrong but
bearable stands in `Session.findings`. Charge current is positive throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Advice, Reason
from packtrail.sample import SampleBatch
from soh_model.cell_channels import order_changed, rounding_sd, stuck, voltage_step
from soh_model.chemistry import FreshCell
from soh_model.pack_spec import PackSpec

Floats = NDArray[np.float64]

FEWEST_SAMPLES: Final = 4
IDLE_PER_RATED: Final = 0.012
"""A current below this share of the rated capacity (in A per Ah) counts as rest."""

LEAST_MOVED: Final = 0.005
"""Share of the rated capacity that has to move before anything is said of the capacity."""

LONGEST_STEP_S: Final = 60.0
"""A longer step between samples is a gap, unless the whole session is sampled that slowly."""

COARSE_V: Final = 0.0045
"""Steps of cell voltages from which on a technician should know of them, V."""

USUAL_TEMPERATURE_C: Final = 25.0


@dataclass(frozen=True, slots=True)
class Session:
    """Clean columns of one pack.

    Attributes:
        t_s: seconds since the first sample, [n].
        current_a: pack current, charge positive, zeroed where the sensor allowed it, [n].
        volts: mean cell voltage, V, [n].
        cells: cell voltages, V, [n, cells], or None where only the pack voltage is known or
            cells changed places.
        cell_numbers: index from 0 of each column of `cells` in the samples.
        channels: how many cells the samples have, read or not.
        temperature_c: mean temperature, [n]; 25 where unknown.
        charge_ah: charge since the first sample, [n]; not counted across gaps.
        part: number of the stretch without a gap that a sample belongs to, [n].
        offset_a: what was subtracted from the current.
        offset_sd_a: what is still unknown of it.
        step_v: step of the voltages, V; 0 where none shows.
        step_sd_v: standard error that it leaves in `volts`, V.
        findings: what is imperfect, most important first.
    """

    t_s: Floats
    current_a: Floats
    volts: Floats
    cells: Floats | None
    cell_numbers: NDArray[np.int64]
    channels: int
    temperature_c: Floats
    charge_ah: Floats
    part: NDArray[np.int64]
    offset_a: float
    offset_sd_a: float
    step_v: float
    step_sd_v: float
    findings: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why samples cannot be used at all, and what to do about it."""

    reasons: tuple[Reason, ...]
    advice: Advice


def prepare(
    samples: SampleBatch, spec: PackSpec, fresh: FreshCell, *, still: bool = False
) -> Session | Refusal:
    """Check the samples and reduce them.

    Args:
        samples: one or many sessions of one pack; needs `pack_current_a` and either
            `cell_voltage_v` or `pack_voltage_v`.
        spec: the pack's type.
        fresh: its fresh cell, for what a voltage can be.
        still: whether a rest alone will do: it tells how cells drift apart, though no capacity.
    """
    current = samples.values.get("pack_current_a")
    if current is None or not np.isfinite(current).any():
        return Refusal((Reason.NO_CURRENT,), Advice.CHECK_SENSOR)
    cells, numbers, volts = _voltages(samples, spec)
    known = np.isfinite(current) & np.isfinite(volts)
    if not np.isfinite(volts).any():
        return Refusal((Reason.NO_CELL_VOLTAGE,), Advice.CHECK_SENSOR)
    if known.sum() < FEWEST_SAMPLES:
        return Refusal((Reason.TOO_SHORT,), Advice.CHARGE_WIDE)
    t_s = samples.t_s[known]
    current, volts = current[known], volts[known]
    cells = None if cells is None else cells[known]
    fault = _implausible(current, volts, fresh, spec.rated_ah)
    if fault is None and still and _at_rest(t_s, current, spec.rated_ah):
        fault = Reason.FLAT_SENSOR if _frozen(volts if cells is None else cells) else None
    elif fault is None:
        fault = _fault(t_s, current, volts, spec.rated_ah)
    if fault is not None:
        return Refusal((fault,), Advice.CHECK_SENSOR)
    return _session(samples, spec, known, t_s, current, volts, cells, numbers)


def _voltages(
    samples: SampleBatch, spec: PackSpec
) -> tuple[Floats | None, NDArray[np.int64], Floats]:
    """Cell voltages without dead or stuck channels, which they are, and the mean cell."""
    numbers = np.empty(0, np.int64)
    cells = samples.values.get("cell_voltage_v")
    if cells is not None and cells.ndim == 1:
        cells = cells[:, None]
    if cells is not None:
        alive = (np.isfinite(cells).mean(axis=0) > 0.9) & ~stuck(cells)
        numbers = np.flatnonzero(alive)
        cells = cells[:, alive] if alive.any() else None
    if cells is not None:
        return cells, numbers, cells.mean(axis=1)
    pack = samples.values.get("pack_voltage_v")
    if pack is None:
        return None, numbers, np.full(len(samples), np.nan)
    return None, numbers, pack / spec.cells_in_series


def _implausible(
    current: Floats, volts: Floats, fresh: FreshCell, rated_ah: float
) -> Reason | None:
    """Whether there are values that no cell can have."""
    low, high = fresh.limits_v
    if not low - 1.0 < float(np.median(volts)) < high + 0.5:
        return Reason.IMPLAUSIBLE
    strong = float(np.quantile(np.abs(current), 0.95)) > 20 * rated_ah
    return Reason.IMPLAUSIBLE if strong else None


def _at_rest(t_s: Floats, current: Floats, rated_ah: float) -> bool:
    """Whether nothing flowed throughout but what a parked pack draws."""
    return _moved(t_s, current) < LEAST_MOVED * rated_ah or bool(
        (np.abs(current) < IDLE_PER_RATED * rated_ah).all()
    )


def _frozen(table: Floats) -> bool:
    """Whether no voltage ever moved: a BMS asleep repeats its last ones."""
    return not bool((np.nanmax(table, axis=0) > np.nanmin(table, axis=0)).any())


def _moved(t_s: Floats, current: Floats) -> float:
    """Ampere-hours in either direction."""
    return float(np.sum(np.abs(current[1:]) * np.diff(t_s))) / 3600


def _fault(t_s: Floats, current: Floats, volts: Floats, rated_ah: float) -> Reason | None:
    """What makes the columns unusable, None if nothing does."""
    if _moved(t_s, current) < LEAST_MOVED * rated_ah:
        return Reason.TOO_LITTLE_CHARGE
    if np.ptp(volts) < 0.002:
        return Reason.FLAT_SENSOR
    if float(np.std(current)) < 1e-6 * rated_ah and np.ptp(t_s) > 600 and np.ptp(volts) < 0.01:
        return Reason.FLAT_SENSOR
    return Reason.WRONG_SIGN if _sign(current, volts, rated_ah) < 0 else None


def _sign(current: Floats, volts: Floats, rated_ah: float) -> int:
    """+1 if voltage follows current steps, -1 if it opposes them.

    Where no current step exists, the whole session decides: charge in must raise the voltage.
    """
    d_i, d_v = np.diff(current), np.diff(volts)
    steps = np.abs(d_i) > 0.05 * rated_ah
    if steps.sum() >= 2:
        product = (d_i * d_v)[steps & (np.abs(d_v) > 0.0015)]
        if len(product):
            return -1 if float(product.sum()) < -0.5 * float(np.abs(product).sum()) else 1
    return 1 if float(np.mean(current)) * (volts[-1] - volts[0]) >= -0.02 * rated_ah else -1


def _session(
    samples: SampleBatch,
    spec: PackSpec,
    known: NDArray[np.bool_],
    t_s: Floats,
    current: Floats,
    volts: Floats,
    cells: Floats | None,
    numbers: NDArray[np.int64],
) -> Session:
    """Zero the current, count the charge and note the findings."""
    idle = np.abs(current) < IDLE_PER_RATED * spec.rated_ah
    offset, offset_sd = _offset(t_s, current, idle, spec.rated_ah)
    current = current - offset
    part = _parts(t_s, volts, idle)
    findings = _findings(samples, known, t_s, part, offset, spec.rated_ah)
    table = volts[:, None] if cells is None else cells
    step = voltage_step(table)
    findings += _of_channels(samples, cells, step)
    if cells is not None and order_changed(cells, current, spec.rated_ah, step):
        findings, cells = (*findings, Reason.CELL_ORDER), None
    return Session(
        t_s=t_s,
        current_a=current,
        volts=volts,
        cells=cells,
        cell_numbers=numbers,
        channels=_channels(samples),
        temperature_c=_temperature(samples, known),
        charge_ah=_charge(t_s, current, part),
        part=part,
        offset_a=offset,
        offset_sd_a=offset_sd,
        step_v=step,
        step_sd_v=rounding_sd(table, step),
        findings=findings,
    )


def _of_channels(samples: SampleBatch, cells: Floats | None, step: float) -> tuple[Reason, ...]:
    """What is imperfect about the channels of the cells."""
    found = []
    if cells is None:
        found.append(Reason.NO_CELL_VOLTAGE)
    elif _some_stuck(samples):
        found.append(Reason.FLAT_SENSOR)
    if step >= COARSE_V:
        found.append(Reason.COARSE_VOLTAGE)
    return tuple(found)


def _channels(samples: SampleBatch) -> int:
    cells = samples.values.get("cell_voltage_v")
    return 0 if cells is None else 1 if cells.ndim == 1 else cells.shape[1]


def _some_stuck(samples: SampleBatch) -> bool:
    """Whether a cell's channel was left out because it stood still."""
    cells = samples.values.get("cell_voltage_v")
    return cells is not None and cells.ndim == 2 and bool(stuck(cells).any())


def _offset(
    t_s: Floats, current: Floats, idle: NDArray[np.bool_], rated_ah: float
) -> tuple[float, float]:
    """The current sensor's zero, from the rests, and its standard error.

    A parked vehicle draws a little; that draw cannot be told from an offset, so a tenth of the
    reading stays uncertain. Without a rest nothing is subtracted.
    """
    weight = np.where(idle, np.gradient(t_s), 0.0)
    total = float(weight.sum())
    if total < 60:
        return 0.0, 0.002 * rated_ah
    offset = float(np.sum(weight * current) / total)
    return offset, abs(offset) * 0.1 + 2e-4 * rated_ah / (1 + total / 600)


def _parts(t_s: Floats, volts: Floats, idle: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the stretches between gaps; a gap inside a quiet rest divides nothing."""
    step = np.diff(t_s)
    gap = step > max(LONGEST_STEP_S, 6 * float(np.median(step)))
    quiet = idle[1:] & idle[:-1] & (np.abs(np.diff(volts)) < 0.03)
    return np.concatenate([[0], np.cumsum(gap & ~quiet)]).astype(np.int64)


def _charge(t_s: Floats, current: Floats, part: NDArray[np.int64]) -> Floats:
    """Ampere-hours since the first sample by trapezia, nothing across gaps."""
    mean = (current[1:] + current[:-1]) / 2
    moved = np.where(np.diff(part) == 0, mean * np.diff(t_s) / 3600, 0.0)
    return np.concatenate([[0.0], np.cumsum(moved)])


def _temperature(samples: SampleBatch, known: NDArray[np.bool_]) -> Floats:
    """Mean temperature per sample, 25 degC where nothing is known."""
    found = samples.values.get("temperature_c")
    if found is None:
        found = samples.values.get("temperature_max_c")
    if found is None:
        return np.full(int(known.sum()), USUAL_TEMPERATURE_C)
    table = found[known] if found.ndim == 2 else found[known][:, None]
    finite = np.isfinite(table)
    count = finite.sum(axis=1)
    total = np.where(finite, table, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), USUAL_TEMPERATURE_C)


def _findings(
    samples: SampleBatch,
    known: NDArray[np.bool_],
    t_s: Floats,
    part: NDArray[np.int64],
    offset: float,
    rated_ah: float,
) -> tuple[Reason, ...]:
    """What is imperfect about the input and has been allowed for."""
    found = []
    if part[-1] > 0 or known.mean() < 0.95:
        found.append(Reason.GAPS)
    if abs(offset) > 0.003 * rated_ah:
        found.append(Reason.CURRENT_OFFSET)
    soc = samples.values.get("soc_pct")
    if soc is not None and len(t_s) > 1:
        step = np.abs(np.diff(soc[known]))
        if bool(np.any(step > 10 + np.diff(t_s) / 36)):
            found.append(Reason.BMS_RESET)
    return tuple(found)
