"""Usable energy of a pack, and what share of its certified energy is left (SOCE).

Usable capacity with its interval and the aged cell's open-circuit curve enter; kilowatt-hours
between the cell voltage limits at C/3 and 25 degC leave, and with the specification's certified
energy the state of certified energy. Texts: UN GTR 22 (2022), whose definition of SOCE is the
measured or on-board usable battery energy (UBE) at a point of the life, as a percentage of the
certified one; EU 2023/1542 Annex VII part A asks for it of vehicle packs.
Assumes that every cell follows the mean cell's curve, and that what the maker keeps back of a
new pack (certified less than its cells hold) is kept back of an old one in proportion: a maker
who lets the reserve out with age shows a higher SOCE on his own monitor. This is an estimate in
use; the regulation's own figure comes from a driving cycle on a dynamometer.
Fails where only the mean cell is known: the string ends with its weakest, so that the lower end
is lowered by what packs lose to spread and imbalance.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Estimate, Interval
from soh_model.pack_spec import PackSpec

Floats = NDArray[np.float64]

REFERENCE_RATE: Final = 1 / 3
ENERGY_ERROR: Final = 0.01
"""Relative standard error of mean voltage and losses: the curve's 10-20 mV, a drive's own rate."""

CHEMISTRY_ERROR: Final = 0.02
"""The same where only the chemistry is known: makers' cells lie 1-4 % beside its usual curve."""

LOST_TO_SPREAD: Final = 0.06
"""Nearly every pack stays within this of its mean cell; 3.4 points on average when simulated."""

USUAL_OHM_PER_AH: Final = 0.12
"""Resistance of a fresh cell times its ampere-hours, V per C-rate, where it is not known."""


def mean_voltage(ocv_v: Floats, spec: PackSpec, growth: float = 1.0) -> float:
    """Mean voltage of one cell on discharge at the reference rate, V.

    Args:
        ocv_v: open-circuit voltage over evenly spaced states of charge, V, [n].
        spec: the pack's type.
        growth: resistance over fresh resistance.
    """
    per_rate = USUAL_OHM_PER_AH
    if spec.fresh_resistance_ohm is not None:
        per_rate = spec.fresh_resistance_ohm * spec.rated_ah
    middle = float(np.mean((ocv_v[1:] + ocv_v[:-1]) / 2))
    return middle - growth * per_rate * REFERENCE_RATE


def usable_kwh(usable: Interval, volts: float, spec: PackSpec, *, whole_pack: bool) -> Interval:
    """Energy that the pack gives from full to empty, kWh.

    Args:
        usable: usable capacity over rated capacity.
        volts: mean cell voltage, see `mean_voltage`.
        spec: the pack's type.
        whole_pack: whether `usable` is the pack's own; else it is the mean cell's.
    """
    kwh = spec.rated_ah * spec.cells_in_series * volts / 1000
    low = usable.value - usable.low + (0.0 if whole_pack else LOST_TO_SPREAD)
    own_curve = spec.half_cells is not None or spec.ocv is not None
    doubt = 1.96 * (ENERGY_ERROR if own_curve else CHEMISTRY_ERROR) * usable.value
    down = float(np.hypot(low, doubt))
    up = float(np.hypot(usable.high - usable.value, doubt))
    value = usable.value
    return Interval(kwh * value, kwh * max(0.0, value - down), kwh * (value + up))


def state_of_certified_energy(
    usable: Interval, fresh_ocv_v: Floats, spec: PackSpec
) -> Interval | None:
    """Usable over certified energy, fraction; None where the certified energy is not known.

    Args:
        usable: energy now, kWh.
        fresh_ocv_v: curve of the fresh cell, V, [n].
        spec: brings the certified energy.
    """
    if spec.certified_energy_kwh is None:
        return None
    volts = mean_voltage(fresh_ocv_v, spec)
    new = spec.rated_ah * spec.cells_in_series * volts / 1000
    # what the maker keeps back of a new pack is kept back in proportion: never flattered
    reference = max(new, spec.certified_energy_kwh)
    return Interval(usable.value / reference, usable.low / reference, usable.high / reference)


def with_soh(answer: Estimate, soh: Interval) -> Estimate:
    """The estimate with another SoH of its mean cell; what follows from it goes along.

    What was said of the weakest cell and of the pack against the mean cell is kept.
    """
    old = answer.soh or soh
    move = soh.value - old.value
    share = soh.value / old.value if old.value > 0 else 1.0
    return msgspec.structs.replace(
        answer,
        soh=soh,
        soh_weakest=_moved(answer.soh_weakest, move),
        soh_pack=_moved(answer.soh_pack, move),
        capacity_ah=Interval(*(answer.rated_ah * x for x in (soh.value, soh.low, soh.high))),
        usable_kwh=_scaled(answer.usable_kwh, share),
        soce=_scaled(answer.soce, share),
    )


def _moved(interval: Interval | None, by: float) -> Interval | None:
    if interval is None:
        return None
    return Interval(interval.value + by, max(0.0, interval.low + by), interval.high + by)


def _scaled(interval: Interval | None, by: float) -> Interval | None:
    if interval is None:
        return None
    return Interval(interval.value * by, interval.low * by, interval.high * by)
