"""The door of the estimators: samples in, an `Estimate` out, never an exception for bad data.

It checks the samples, asks the best estimator that the data and the specification allow, and
decides whether the answer is narrow enough to be told. With half-cell curves of the type that is
the electrode-balance fit; without them ampere-hours are counted between rests; a model of the
cell type, where given, is weighed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Advice, Estimate, Interval, Reason, SensorErrors, Verdict
from packtrail.sample import SampleBatch
from soh_model import counting
from soh_model.cell_type_model import CellTypeModel
from soh_model.chemistry import FreshCell, fresh_cell
from soh_model.energy import mean_voltage, state_of_certified_energy, usable_kwh, with_soh
from soh_model.evidence import cannot_tell, digest
from soh_model.pack_spec import PackSpec
from soh_model.rests import Rest, find_rests
from soh_model.session import Refusal, Session, prepare

if TYPE_CHECKING:
    from soh_model.balance_fit import BalanceFit

Floats = NDArray[np.float64]

WIDEST_TOLD: Final = 0.32
"""A counted interval wider than this (in SoH) is no answer: half of all packs would fit."""

WIDEST_FITTED: Final = 0.24
"""The same for the fit, whose prior alone is 0.28 wide: the data must have said something."""

LEAST_COUNTED: Final = 0.08
LEAST_FITTED: Final = 0.02
"""Share of rated capacity that must move between two rests, and within a fit."""


def estimate(
    samples: SampleBatch, spec: PackSpec, type_model: CellTypeModel | None = None
) -> Estimate:
    """State of health of one pack.

    Args:
        samples: one or many sessions of the pack, charge current positive; needs
            `pack_current_a` and `cell_voltage_v` [n, cells] or `pack_voltage_v` [n].
        spec: the pack's type.
        type_model: reference data of the cell type, if there are any.

    Returns:
        The estimate with a 95 % interval, or the verdict `cannot_tell` with reasons and advice.
        BMS claims (`soc_pct`, `soh_pct`) are never used as truth.
    """
    fresh = fresh_cell(spec)
    if fresh is None:
        reasons = (Reason.UNKNOWN_CHEMISTRY,)
        return cannot_tell(samples, spec, reasons, Advice.BENCH_TEST, counting.METHOD)
    session = prepare(samples, spec, fresh)
    if isinstance(session, Refusal):
        return cannot_tell(samples, spec, session.reasons, session.advice, counting.METHOD)
    fits = spec.half_cells is not None and _moved(session) >= LEAST_FITTED * spec.rated_ah
    own = (_fitted if fits else _counted)(samples, spec, session, fresh)
    own = msgspec.structs.replace(own, sensors=_sensors(session, spec))
    if type_model is None:
        return own
    answer = weighed(own, type_model.predict(samples))
    if answer.usable_kwh is not None or answer.soh is None:
        return answer
    # only the learned model could tell the capacity: the energy follows from its curve all the same
    return _with_energy(answer, fresh.curve(min(answer.soh.value, 1.0))[1], spec, fresh)


def weighed(own: Estimate, learned: Estimate) -> Estimate:
    """Both answers to one, each weighed by its certainty; one alone where the other is silent."""
    if learned.verdict is not Verdict.TOLD or learned.soh is None:
        return own
    if own.verdict is not Verdict.TOLD or own.soh is None:
        return learned
    weights = np.array([1 / own.soh.width**2, 1 / learned.soh.width**2])
    weights /= weights.sum()
    value, low, high = (
        float(weights @ np.array(pair))
        for pair in (
            (own.soh.value, learned.soh.value),
            (own.soh.low, learned.soh.low),
            (own.soh.high, learned.soh.high),
        )
    )
    soh = Interval(value, low, high)
    moved = with_soh(own, soh)
    return msgspec.structs.replace(moved, method=f"{own.method}+{learned.method}")


def interval_of(p: Floats) -> Interval:
    """Median and central 95 % of a probability over `counting.SOH_GRID`."""
    reached = np.cumsum(p) - p / 2
    low, middle, high = np.interp([0.025, 0.5, 0.975], reached, counting.SOH_GRID)
    return Interval(float(middle), float(low), float(high))


def _moved(session: Session) -> float:
    """Ampere-hours between the emptiest and the fullest moment of the busiest part."""
    return max(float(np.ptp(session.charge_ah[session.part == k])) for k in set(session.part))


def _counted(samples: SampleBatch, spec: PackSpec, session: Session, fresh: FreshCell) -> Estimate:
    """Counting between rests, or why it cannot start."""
    rests = find_rests(session, spec.rated_ah)
    reason = _unfit(session, rests, spec)
    if reason is not None:
        advice = Advice.REST_LONGER if reason is Reason.NO_REST else Advice.CHARGE_WIDE
        reasons = (reason, *session.findings)
        return cannot_tell(samples, spec, reasons, advice, counting.METHOD)
    soh = interval_of(counting.posterior(session, rests, spec, fresh))
    answer = _answer(samples, spec, session, soh, counting.METHOD, WIDEST_TOLD)
    return _with_energy(answer, fresh.curve(min(soh.value, 1.0))[1], spec, fresh)


def _with_energy(answer: Estimate, ocv_v: Floats, spec: PackSpec, fresh: FreshCell) -> Estimate:
    """The estimate with the pack's energy; without where it could not tell the capacity."""
    usable = answer.soh_pack or answer.soh
    if answer.verdict is not Verdict.TOLD or usable is None:
        return answer
    growth = answer.resistance_growth.value if answer.resistance_growth else 1.0
    volts = mean_voltage(ocv_v, spec, growth)
    whole = answer.soh_pack is not None or spec.cells_in_series == 1
    energy = usable_kwh(usable, volts, spec, whole_pack=whole)
    return msgspec.structs.replace(
        answer,
        usable_kwh=energy,
        certified_kwh=spec.certified_energy_kwh,
        soce=state_of_certified_energy(energy, fresh.ocv_v, spec),
    )


def _sensors(session: Session, spec: PackSpec) -> SensorErrors:
    """What the sensors were taken to be wrong by."""
    return SensorErrors(
        current_offset_a=round(session.offset_a, 4),
        current_gain_sd=spec.current_gain_sd,
        voltage_step_v=session.step_v,
    )


def _fitted(samples: SampleBatch, spec: PackSpec, session: Session, fresh: FreshCell) -> Estimate:
    """The electrode-balance fit of the mean cell, then every cell against it."""
    # scipy comes with these: a gateway that only counts never loads it
    from soh_model.balance_fit import (  # noqa: PLC0415
        IMPLAUSIBLE_V,
        METHOD,
        combined,
        degradation_modes,
        fit_parts,
    )
    from soh_model.resistance import resistance_growth  # noqa: PLC0415

    fits = fit_parts(session, spec, fresh)
    if not fits:
        reasons = (Reason.TOO_SHORT, *session.findings)
        return cannot_tell(samples, spec, reasons, Advice.CHARGE_WIDE, METHOD)
    fit = fits[0]
    if fit.misfit_v > IMPLAUSIBLE_V:
        reasons = (Reason.IMPLAUSIBLE, *session.findings)
        return cannot_tell(samples, spec, reasons, Advice.CHECK_SENSOR, METHOD)
    capacity, doubt = combined(fits, spec) if len(fits) > 1 else (fit.capacity, fit.error)
    answer = _answer(samples, spec, session, _around(capacity, doubt), METHOD, WIDEST_FITTED)
    answer = msgspec.structs.replace(
        answer, resistance_growth=resistance_growth(fit, spec), modes=degradation_modes(fit)
    )
    answer = _with_cells(answer, session, fit, (capacity, doubt))
    return _with_energy(answer, fit.model.aged(fit.theta).ocv(fresh.soc), spec, fresh)


def _with_cells(
    answer: Estimate, session: Session, fit: BalanceFit, mean: tuple[float, float]
) -> Estimate:
    """The estimate with the weakest cell, the pack and the spread, where cells were read.

    Args:
        answer: of the mean cell.
        session: with each cell's voltage.
        fit: of the mean cell.
        mean: capacity of the mean cell over rated, and its standard error.
    """
    from soh_model.cell_spread import fit_cells, standing_out  # noqa: PLC0415

    cells = fit_cells(session, fit)
    if cells is None:
        return answer
    weakest, out = int(np.argmin(cells.capacity)), standing_out(cells)
    error, off = float(np.hypot(mean[1], cells.error[weakest])), mean[0] - fit.capacity
    spread = 392 * float(cells.capacity.std())
    unsure = 392 * float(np.sqrt(np.mean(cells.error**2)))
    return msgspec.structs.replace(
        answer,
        soh_weakest=_around(float(cells.capacity[weakest]) + off, error),
        soh_pack=_around(cells.usable + off, error),
        spread_pct=Interval(spread, max(0.0, spread - unsure), spread + unsure),
        weakest_cell=None if out is None else int(session.cell_numbers[out]),
    )


def _around(value: float, error: float) -> Interval:
    """The 95 % interval of a value with a Gaussian standard error."""
    low, high = max(0.0, value - 1.96 * error), value + 1.96 * error
    return Interval(float(value), float(low), float(high))


def _scaled(interval: Interval, by: float) -> Interval:
    return Interval(interval.value * by, interval.low * by, interval.high * by)


def _unfit(session: Session, rests: list[Rest], spec: PackSpec) -> Reason | None:
    """Why counting between rests cannot start, None if it can."""
    if len(rests) < 2:
        return Reason.NO_REST
    spans = [
        np.ptp([rest.charge_ah for rest in rests if rest.part == part])
        for part in {rest.part for rest in rests}
    ]
    if max(spans) >= LEAST_COUNTED * spec.rated_ah:
        return None
    moved = np.ptp(session.charge_ah) >= LEAST_COUNTED * spec.rated_ah
    return Reason.NO_REST if moved else Reason.TOO_LITTLE_CHARGE


def _answer(
    samples: SampleBatch,
    spec: PackSpec,
    session: Session,
    soh: Interval,
    method: str,
    widest: float,
) -> Estimate:
    """The estimate, told if it is narrow enough."""
    told = soh.width <= widest
    flat = spec.family == "LFP"
    wide = Reason.PLATEAU if flat else Reason.TOO_LITTLE_CHARGE
    reasons = session.findings
    if not told or (flat and soh.width > widest / 2):
        reasons = (wide, *reasons)
    return Estimate(
        verdict=Verdict.TOLD if told else Verdict.CANNOT_TELL,
        soh=soh,
        capacity_ah=_scaled(soh, spec.rated_ah),
        rated_ah=spec.rated_ah,
        reasons=reasons,
        advice=_advice(soh, wide),
        method=method,
        from_ns=int(samples.t_ns[0]),
        to_ns=int(samples.t_ns[-1]),
        samples=len(samples),
        inputs_digest=digest(samples, spec),
    )


def _advice(soh: Interval, wide: Reason) -> Advice:
    """What would narrow the interval most."""
    if soh.width < 0.06:
        return Advice.NONE
    return Advice.REST_AT_KNEE if wide is Reason.PLATEAU else Advice.CHARGE_WIDE
