"""What a charge through a voltage window tells: incremental capacity and its conditions.

A `Session` and a window enter, numbers leave: ampere-hours in equal voltage steps (incremental
capacity, Dubarry et al., J. Power Sources 196 (2011) 7420), C-rate, temperature and its rise.
Assumes one charge that passes the whole window; a session that does not gives None.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from soh_model.session import Session

Floats = NDArray[np.float64]

CHARGING_PER_RATED: Final = 0.02
"""Current that counts as charging, A per Ah of rating."""

STEPS: Final = 8
RATE_STEP: Final = 0.05
SLACK: Final = 0.25
"""Share of the window that a charge may miss at either end; that part then counts as empty."""


class Window(msgspec.Struct, frozen=True):
    """A range of cell voltage, V."""

    low_v: float
    high_v: float


class Passage(msgspec.Struct, frozen=True):
    """One charge through a window.

    Attributes:
        steps: charge in equal voltage steps over rated capacity, length `STEPS`.
        c_rate: median current over rated capacity.
        temperature_c: mean temperature.
        rise_c: temperature at the end less that at the start.
        taper: last current over first.
    """

    steps: tuple[float, ...]
    c_rate: float
    temperature_c: float
    rise_c: float
    taper: float


def longest_charge(session: Session, rated_ah: float) -> slice | None:
    """Rows of the longest stretch of charging in one part, None if there is none."""
    charging = session.current_a > CHARGING_PER_RATED * rated_ah
    same = np.concatenate([[True], np.diff(session.part) == 0])
    padded = np.concatenate([[0], (charging & same).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(padded))
    pairs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    if not pairs:
        return None
    start, stop = max(pairs, key=lambda p: session.t_s[p[1] - 1] - session.t_s[p[0]])
    return slice(start, stop) if stop - start >= 4 else None


def common_window(sessions: list[Session], rated_ah: float) -> Window | None:
    """The window that nine in ten of the sessions' charges pass, None if there is none."""
    rows = [(s, longest_charge(s, rated_ah)) for s in sessions]
    starts = [s.volts[r][0] for s, r in rows if r is not None]
    stops = [s.volts[r].max() for s, r in rows if r is not None]
    if not starts:
        return None
    low, high = float(np.quantile(starts, 0.9)), float(np.quantile(stops, 0.1))
    return Window(low, high) if high - low > 0.01 else None


def passage(session: Session, rated_ah: float, window: Window) -> Passage | None:
    """The session's longest charge through the window, None if it misses it."""
    rows = longest_charge(session, rated_ah)
    if rows is None:
        return None
    volts = session.volts[rows]
    slack = SLACK * (window.high_v - window.low_v)
    if volts[0] > window.low_v + slack or volts.max() < window.high_v - slack:
        return None
    rising = np.maximum.accumulate(volts + 1e-9 * np.arange(len(volts)))
    edges = np.linspace(window.low_v, window.high_v, STEPS + 1)
    charge = np.interp(edges, rising, session.charge_ah[rows])
    current, warm = session.current_a[rows], session.temperature_c[rows]
    return Passage(
        steps=tuple((np.diff(charge) / rated_ah).tolist()),
        c_rate=float(np.median(current) / rated_ah),
        temperature_c=float(warm.mean()),
        rise_c=float(warm[-1] - warm[0]),
        taper=float(current[-1] / current[0]),
    )


def feature_maps(passages: list[Passage]) -> tuple[Floats, Floats, Floats, Floats]:
    """Four views of the same passages, each [n, features].

    Charge per step, its logarithm, its running sum, and its shape beside the total: none is
    best for every chemistry, and their disagreement is a warning.
    """
    steps = np.array([p.steps for p in passages])
    total = steps.sum(axis=1, keepdims=True)
    base = _conditions(passages)
    rise = np.array([[p.rise_c] for p in passages])
    taper = np.array([[p.taper] for p in passages])
    logs = np.log(np.maximum(steps, 1e-4))
    return (
        np.hstack([steps, total, base, rise, taper]),
        np.hstack([logs, total, base, rise]),
        np.hstack([steps.cumsum(axis=1), base]),
        np.hstack([steps / np.maximum(total, 1e-6), total, base, rise, taper]),
    )


def lean_maps(passages: list[Passage]) -> tuple[Floats, Floats, Floats]:
    """Three views of three to five features, each [n, features].

    The charge, its share in the lower half of the window or in the outer thirds, the
    conditions: what many ways of cycling still have in common.
    """
    steps = np.array([p.steps for p in passages])
    total = steps.sum(axis=1, keepdims=True)
    base = np.hstack([total, _conditions(passages)])
    share = steps / np.maximum(total, 1e-6)
    half, first, last = (
        share[:, part].sum(axis=1, keepdims=True)
        for part in (slice(STEPS // 2), slice(3), slice(-3, None))
    )
    return base, np.hstack([base, half]), np.hstack([base, first, last])


def _conditions(passages: list[Passage]) -> Floats:
    """Logarithm of the C-rate in steps of a twentieth, and the temperature, [n, 2].

    In finer steps the rate would only tell one tester's channel from another.
    """
    rates = np.array([p.c_rate for p in passages])
    steps = np.round(np.log(np.maximum(rates, 1e-3)) / RATE_STEP) * RATE_STEP
    return np.column_stack([steps, [p.temperature_c for p in passages]])
