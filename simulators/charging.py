"""Chargers of a station: constant current, then constant voltage, within one grid connection.

What the slots want and what their packs allow enters, a current per pack leaves. The BMS's limit
is obeyed always; when the connection is too small for all, everybody gets the same share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.arithmetic import Floats
from simulators.models import PackModel

CHARGE_RATE: Final = {"nmc": 1.5, "lfp": 1.3}
"""Constant current over the rating, per hour."""
TAPER_RATE: Final = {"nmc": 0.6, "lfp": 0.06}
"""Charging ends below this current; LFP is charged full so that its BMS can find 100 %."""
NMC_TARGET_SOC: Final = 0.96
"""Charging of NMC ends here, by the BMS's own count."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One slot under charge.

    Attributes:
        pack: which pack.
        model: its type.
        limit_a: what its BMS allows.
        pack_voltage_v: what its BMS measures.
    """

    pack: int
    model: PackModel
    limit_a: float
    pack_voltage_v: float


def charge_currents(
    demands: list[Demand], voltage_current_a: Floats, power_limit_w: float
) -> Floats:
    """Current of every pack of the fleet, A [packs]; packs without demand get none.

    Args:
        demands: the slots under charge.
        voltage_current_a: [packs], what a constant-voltage regulator would let flow.
        power_limit_w: of the whole station.
    """
    current = np.zeros(len(voltage_current_a))
    for demand in demands:
        constant_a = CHARGE_RATE[demand.model.chemistry.name] * demand.model.rated_ah
        regulated_a = float(voltage_current_a[demand.pack])
        current[demand.pack] = max(0.0, min(constant_a, demand.limit_a, regulated_a))
    power_w = sum(current[demand.pack] * demand.pack_voltage_v for demand in demands)
    return current if power_w <= power_limit_w else current * (power_limit_w / power_w)


def charged(model: PackModel, soc: float, voltage_current_a: float) -> bool:
    """Whether a pack has had enough.

    Args:
        model: its type.
        soc: what its BMS believes, fraction.
        voltage_current_a: what a constant-voltage regulator would still let flow.
    """
    name = model.chemistry.name
    full = name == "nmc" and soc >= NMC_TARGET_SOC
    return full or voltage_current_a < TAPER_RATE[name] * model.rated_ah
