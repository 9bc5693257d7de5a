"""Cells that stand out at the gate: who discharges itself, whose resistance is too high.

Samples of one pack and its type enter; the worst cell's self-discharge against the median cell and
the worst cell's resistance over that of the median cell leave, each with a 95 % interval. Methods:
drift of differences over all rests of an hour (`self_discharge`); least squares of each cell's
voltage steps on the current's steps (IEC 62660-1, 7.4 takes single pulses; many small steps are a
field's pulses). Assumes that no balancing works during the rests, and one temperature for all
cells at a step. Fails (None) without rests of an hour or two, or without steps of a tenth of C;
the choice of the worst of many cells flatters nobody: the interval is widened for it.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Interval
from packtrail.sample import SampleBatch
from soh_model.cell_order import Match, Signature, signature
from soh_model.chemistry import FreshCell, fresh_cell
from soh_model.pack_spec import PackSpec
from soh_model.rests import find_rests
from soh_model.self_discharge import self_discharge
from soh_model.session import Refusal, Session, prepare

Floats = NDArray[np.float64]

LEAST_STEP_PER_RATED: Final = 0.1
FEWEST_STEPS: Final = 2
LONGEST_STEP_S: Final = 35.0

WIDEST_LEAK: Final = 1.0
"""Half an interval of self-discharge, % a day, that holds zero and is no measurement any more."""

SLOPE_ERROR: Final = (0.1, 0.3)
"""Standard error of the curve's slope, as a share: of the type's own curve (it ages), and of its
chemistry's usual one. It makes volts a day into charge a day."""

MODEL_ERROR: Final = (0.006, 0.2)
"""Standard error of a step's ratio against pulses of 10 s: at least, and of what it exceeds 1.

The steps are as long as the samples are apart, and diffusion answers more slowly than the contacts.
Found on packs with a known truth; either half of them alone asks for the same.
"""


class CellOutliers(msgspec.Struct, frozen=True):
    """The worst cells; indices from 0.

    Attributes:
        self_discharge_pct_day: of the cell that sinks fastest against the median, % a day.
        leaking_cell: which.
        resistance_ratio: of the cell of highest resistance over the median cell's.
        resistant_cell: which.
    """

    self_discharge_pct_day: Interval | None = None
    leaking_cell: int | None = None
    resistance_ratio: Interval | None = None
    resistant_cell: int | None = None

    def renumbered(self, match: Match) -> CellOutliers:
        """The same cells by their numbers in a later session; what is known of them stays."""
        return msgspec.structs.replace(
            self,
            leaking_cell=match.followed(self.leaking_cell),
            resistant_cell=match.followed(self.resistant_cell),
        )

    def with_newer(self, other: CellOutliers) -> CellOutliers:
        """Each figure of the better known; the newer where they are equal or contradict.

        A cell that began to leak must not hide behind an older, more certain sound measurement.
        """
        leak = (
            other
            if _newer_counts(self.self_discharge_pct_day, other.self_discharge_pct_day)
            else self
        )
        ohm = other if _newer_counts(self.resistance_ratio, other.resistance_ratio) else self
        return CellOutliers(
            leak.self_discharge_pct_day, leak.leaking_cell, ohm.resistance_ratio, ohm.resistant_cell
        )


def _newer_counts(mine: Interval | None, theirs: Interval | None) -> bool:
    """Whether a newer measurement replaces an older one."""
    if mine is None or theirs is None:
        return theirs is not None
    changed = theirs.low > mine.high or theirs.high < mine.low
    return changed or theirs.width <= mine.width


class CellFigures(NamedTuple):
    """What one session says of its cells one by one."""

    outliers: CellOutliers
    signature: Signature | None


def cell_outliers(samples: SampleBatch, spec: PackSpec) -> CellOutliers:
    """The worst cells of a session; what it cannot tell is None."""
    return cell_figures(samples, spec).outliers


def cell_figures(samples: SampleBatch, spec: PackSpec) -> CellFigures:
    """The worst cells of a session, and what sets each cell apart."""
    fresh = fresh_cell(spec)
    session = None if fresh is None else prepare(samples, spec, fresh, still=True)
    if session is None or fresh is None or isinstance(session, Refusal) or session.cells is None:
        return CellFigures(CellOutliers(), None)
    leak, ohms = _leak(session, spec, fresh), step_resistances(session, spec)
    ohm = None if ohms is None else _most_resistant(*ohms)
    numbers = session.cell_numbers
    outliers = CellOutliers(
        leak[0] if leak else None,
        int(numbers[leak[1]]) if leak else None,
        ohm[0] if ohm else None,
        int(numbers[ohm[1]]) if ohm else None,
    )
    return CellFigures(outliers, signature(session, ohms, fresh, spec.rated_ah))


def _leak(session: Session, spec: PackSpec, fresh: FreshCell) -> tuple[Interval, int] | None:
    """The worst cell over all rests of an hour together, each weighed by its certainty."""
    rests = find_rests(session, spec.rated_ah)
    found = [one for rest in rests if (one := self_discharge(session, rest, fresh)) is not None]
    if not found:
        return None
    weights = np.array([1 / one.error_per_day**2 for one in found])
    share = (weights * [one.share_per_day for one in found]).sum(axis=0) / weights.sum(axis=0)
    error = 1 / np.sqrt(weights.sum(axis=0))
    worst = int(np.argmin(share))
    value = -100 * float(share[worst])
    own_curve = spec.half_cells is not None or spec.ocv is not None
    slope = 1.96 * SLOPE_ERROR[0 if own_curve else 1] * abs(value)
    half = float(np.hypot(_many(len(share)) * 100 * float(error[worst]), slope))
    if half > WIDEST_LEAK and value <= half:
        return None
    return Interval(value, value - half, value + half), worst


def step_resistances(session: Session, spec: PackSpec) -> tuple[Floats, float] | None:
    """Resistance of each cell over the median cell's, [cells], and the standard error of one.

    From the steps of the current; None where there are none of a tenth of C.
    """
    assert session.cells is not None
    d_i, d_v = np.diff(session.current_a), np.diff(session.cells, axis=0)
    quick = (np.diff(session.t_s) <= LONGEST_STEP_S) & (np.diff(session.part) == 0)
    rows = (np.abs(d_i) >= LEAST_STEP_PER_RATED * spec.rated_ah) & quick
    rows &= np.isfinite(d_v).all(axis=1)
    if rows.sum() < FEWEST_STEPS or d_v.shape[1] < 2:
        return None
    d_i, d_v = d_i[rows], d_v[rows]
    power = float(d_i @ d_i)
    ohm = d_i @ d_v / power
    usual = float(np.median(ohm))
    if usual <= 0:
        return None
    # what the cells share of a step's misfit is the step's; what each has of its own is noise
    left = d_v - d_i[:, None] * ohm
    own = left - np.median(left, axis=1, keepdims=True)
    noise = np.hypot(own.std(), session.step_v / np.sqrt(6))
    return ohm / usual, float(noise / np.sqrt(power)) / usual


def _most_resistant(ratios: Floats, error: float) -> tuple[Interval, int]:
    worst = int(np.argmax(ratios))
    ratio = float(ratios[worst])
    model = float(np.hypot(MODEL_ERROR[0], MODEL_ERROR[1] * (ratio - 1)))
    half = float(np.hypot(_many(len(ratios)) * error, 1.96 * model))
    return Interval(ratio, max(0.0, ratio - half), ratio + half), worst


def _many(cells: int) -> float:
    """Deviations that hold 95 % of the greatest of so many errors (Bonferroni)."""
    return NormalDist().inv_cdf(1 - 0.025 / max(cells, 1))
