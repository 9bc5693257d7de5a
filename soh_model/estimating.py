"""The door of the estimators: samples in, an `Estimate` out, never an exception for bad data.

It checks the samples, asks the estimator that the data and the specification allow, and decides
whether the answer is narrow enough to be told.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Advice, Estimate, Interval, Reason, Verdict
from packtrail.sample import SampleBatch
from soh_model import counting
from soh_model.chemistry import fresh_cell
from soh_model.pack_spec import PackSpec
from soh_model.rests import Rest, find_rests
from soh_model.session import Refusal, Session, prepare

Floats = NDArray[np.float64]

WIDEST_TOLD: Final = 0.32
"""An interval wider than this (in SoH) is no answer: half of all packs would fit into it."""

LEAST_CHARGE: Final = 0.08
"""Share of rated capacity that must move between two rests."""


def estimate(samples: SampleBatch, spec: PackSpec) -> Estimate:
    """State of health of one pack.

    Args:
        samples: one or many sessions of the pack, charge current positive.
        spec: the pack's type.

    Returns:
        The estimate with a 95 % interval, or the verdict `cannot_tell` with reasons and advice.
        BMS claims (`soc_pct`, `soh_pct`) are never used as truth.
    """
    fresh = fresh_cell(spec)
    if fresh is None:
        return _untold(samples, spec, (Reason.UNKNOWN_CHEMISTRY,), Advice.BENCH_TEST)
    session = prepare(samples, spec, fresh)
    if isinstance(session, Refusal):
        return _untold(samples, spec, session.reasons, session.advice)
    rests = find_rests(session, spec.rated_ah)
    reason = _unfit(session, rests, spec)
    if reason is not None:
        advice = Advice.REST_LONGER if reason is Reason.NO_REST else Advice.CHARGE_WIDE
        return _untold(samples, spec, (reason, *session.findings), advice)
    p = counting.posterior(session, rests, spec, fresh)
    return _answer(samples, spec, session, interval_of(p))


def interval_of(p: Floats) -> Interval:
    """Median and central 95 % of a probability over `counting.SOH_GRID`."""
    reached = np.cumsum(p) - p / 2
    low, middle, high = np.interp([0.025, 0.5, 0.975], reached, counting.SOH_GRID)
    return Interval(float(middle), float(low), float(high))


def digest(samples: SampleBatch, spec: PackSpec) -> str:
    """SHA-256 over the samples and the specification, hex; the same input, the same digest."""
    seen = hashlib.sha256(msgspec.json.encode(spec, enc_hook=float))
    seen.update(samples.t_ns.astype("<i8").tobytes())
    for name in sorted(samples.values):
        seen.update(name.encode())
        seen.update(np.ascontiguousarray(samples.values[name], "<f8").tobytes())
    return seen.hexdigest()


def _unfit(session: Session, rests: list[Rest], spec: PackSpec) -> Reason | None:
    """Why counting between rests cannot start, None if it can."""
    if len(rests) < 2:
        return Reason.NO_REST
    spans = [
        np.ptp([rest.charge_ah for rest in rests if rest.part == part])
        for part in {rest.part for rest in rests}
    ]
    if max(spans) >= LEAST_CHARGE * spec.rated_ah:
        return None
    moved = np.ptp(session.charge_ah) >= LEAST_CHARGE * spec.rated_ah
    return Reason.NO_REST if moved else Reason.TOO_LITTLE_CHARGE


def _answer(samples: SampleBatch, spec: PackSpec, session: Session, soh: Interval) -> Estimate:
    """The estimate, told if it is narrow enough."""
    told = soh.width <= WIDEST_TOLD
    plateau = spec.family == "LFP" and soh.width > WIDEST_TOLD / 2
    wide = Reason.PLATEAU if spec.family == "LFP" else Reason.TOO_LITTLE_CHARGE
    reasons = (wide, *session.findings) if plateau or not told else session.findings
    rated = spec.rated_ah
    return Estimate(
        verdict=Verdict.TOLD if told else Verdict.CANNOT_TELL,
        soh=soh,
        capacity_ah=Interval(soh.value * rated, soh.low * rated, soh.high * rated),
        rated_ah=rated,
        reasons=reasons,
        advice=_advice(soh, wide),
        method=counting.METHOD,
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


def _untold(
    samples: SampleBatch, spec: PackSpec, reasons: tuple[Reason, ...], advice: Advice
) -> Estimate:
    """The verdict `cannot_tell`, with the reasons."""
    return Estimate(
        verdict=Verdict.CANNOT_TELL,
        rated_ah=spec.rated_ah,
        reasons=tuple(dict.fromkeys(reasons)),
        advice=advice,
        method=counting.METHOD,
        from_ns=int(samples.t_ns[0]) if len(samples) else 0,
        to_ns=int(samples.t_ns[-1]) if len(samples) else 0,
        samples=len(samples),
        inputs_digest=digest(samples, spec),
    )
