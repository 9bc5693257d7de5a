"""Generic cells: what the name of a chemistry tells, and how little.

A `PackSpec` enters; the fresh `Electrodes` of that type leave, with the error to expect of their
curve. Stoichiometry windows are the published ones of the curves' own papers. Cells of one name
differ by maker: open-circuit voltages of ten vehicles of one chemistry spread by 24-65 mV, hence
the wide errors wherever the specification brings no curve of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from soh_model.electrodes import Electrodes
from soh_model.half_cells import Table, tabulated
from soh_model.pack_spec import PackSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Generic:
    """One chemistry's generic cell.

    Attributes:
        positive: material of the positive electrode, a key of `half_cells.MATERIALS`.
        negative: material of the negative electrode.
        x: negative stoichiometry (empty, full) when fresh.
        y: positive stoichiometry (empty, full) when fresh.
        limits_v: usual voltage limits, V.
        curve_sd_v: error of the generic curve for an unknown maker, V.
        own_sd_v: error that remains with the type's own curve (sensor, hysteresis), V.
    """

    positive: str
    negative: str
    x: tuple[float, float]
    y: tuple[float, float]
    limits_v: tuple[float, float]
    curve_sd_v: float
    own_sd_v: float = 0.004


_NMC: Final = Generic(
    "nmc532", "graphite", (0.002, 0.834), (0.891, 0.034), (2.8, 4.2), curve_sd_v=0.045
)
_NMC811: Final = Generic(
    "nmc811", "silicon_graphite", (0.026, 0.911), (0.854, 0.264), (2.5, 4.2), curve_sd_v=0.045
)
_LMO: Final = Generic("lmo", "graphite", (0.01, 0.80), (0.985, 0.20), (3.0, 4.2), curve_sd_v=0.045)

GENERIC: Final[dict[str, Generic]] = {
    "NMC": _NMC,
    "NMC111": _NMC,
    "NMC532": _NMC,
    "NMC622": _NMC811,
    "NMC811": _NMC811,
    "NCA": Generic(
        "nca", "silicon_graphite", (0.02, 0.88), (0.96, 0.33), (2.7, 4.2), curve_sd_v=0.045
    ),
    "LCO": Generic("lco", "graphite", (0.01, 0.80), (0.93, 0.43), (3.0, 4.2), curve_sd_v=0.045),
    "LMO": _LMO,
    "LFP": Generic(
        "lfp",
        "graphite",
        (0.01, 0.80),
        (0.92, 0.02),
        (2.5, 3.6),
        curve_sd_v=0.020,
        own_sd_v=0.005,
    ),
    "LTO": Generic("nmc532", "lto", (0.02, 0.96), (0.90, 0.30), (1.5, 2.7), curve_sd_v=0.045),
}
"""Chemistry -> generic cell. NMC111 and NMC622 borrow their nearest published neighbour."""


SLIP_PER_LOSS: Final = 0.25
"""Standard deviation of the slip of the electrodes, in state of charge per lost SoH."""


@dataclass(frozen=True, slots=True)
class FreshCell:
    """The fresh cell of a pack type.

    Attributes:
        limits_v: voltage limits (empty, full), V.
        error_v: standard error of its open-circuit voltage, V.
        electrodes: both electrodes, None where only a full-cell curve is known.
        soc: grid of the full-cell curve.
        ocv_v: full-cell curve on that grid, V.
        slips: whether its electrodes may slip against each other unseen: their curves are not
            the type's own, and the positive one is not flat, as that of LFP is.
        slope_v: slope of the full-cell curve on the grid, V per unit of SoC.
    """

    limits_v: tuple[float, float]
    error_v: float
    electrodes: Electrodes | None
    soc: Floats
    ocv_v: Floats
    slips: bool = False
    slope_v: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Take the slope once; every rest and every SoH asks for it."""
        object.__setattr__(self, "slope_v", np.gradient(self.ocv_v, self.soc))

    def curve(self, soh: float) -> tuple[Floats, Floats]:
        """Open-circuit voltage of the cell aged to `soh`.

        Args:
            soh: capacity over rated capacity.

        Returns:
            State of charge [m] of the aged cell and its voltage [m], V. A type of which only
            the full-cell curve is known keeps it: see `ageing_error_v`.
        """
        if self.electrodes is None or soh >= 1:
            return self.soc, self.ocv_v
        return self.soc, aged_to(self.electrodes, soh).ocv(self.soc)

    def ageing_error_v(self, soh: float) -> float:
        """Error that ageing adds to the curve, V; larger where it could not be modelled.

        Simulated ageing moves the full-cell curve of NMC by 10-30 mV at 80 % SoH; the modelled
        path takes about two thirds of it away.
        """
        rate = 0.040 if self.electrodes is not None else 0.180
        return rate * max(0.0, 1 - soh)

    def slip_error_v(self, volts: float, soh: float) -> float:
        """Error where the curve is steep, V, unless the type's own electrodes are known.

        Lost lithium lets the electrodes slip against each other, which moves the curve along the
        slope of the positive electrode: most near empty, differently for each pair of
        electrodes, and hardly where that electrode is flat.
        """
        if not self.slips:
            return 0.0
        slope = float(np.interp(volts, self.ocv_v, self.slope_v))
        return SLIP_PER_LOSS * max(0.0, 1 - soh) * slope


@lru_cache(maxsize=64)
def fresh_cell(spec: PackSpec) -> FreshCell | None:
    """The fresh cell of a pack type, None for an unknown chemistry without curves."""
    generic = GENERIC.get(spec.family)
    if generic is None and spec.ocv is None:
        return None
    generic = generic or replace(_NMC, curve_sd_v=0.05)
    limits = (
        spec.cell_voltage_min_v or generic.limits_v[0],
        spec.cell_voltage_max_v or generic.limits_v[1],
    )
    soc = np.linspace(0, 1, 401)
    slips = spec.half_cells is None and generic.positive != "lfp"
    if spec.half_cells is None and spec.ocv is not None:
        ocv = np.interp(soc, spec.ocv.soc, spec.ocv.voltage_v)
        return FreshCell(limits, generic.own_sd_v, None, soc, ocv, slips)
    electrodes = _electrodes(spec, generic, limits)
    error = generic.own_sd_v if spec.half_cells else generic.curve_sd_v
    return FreshCell(limits, error, electrodes, soc, electrodes.ocv(soc), slips)


def _electrodes(spec: PackSpec, generic: Generic, limits: tuple[float, float]) -> Electrodes:
    own = spec.half_cells
    if own is not None:
        return Electrodes.of_window(
            Table.of(own.negative), Table.of(own.positive), own.x, own.y, limits
        )
    negative, positive = (Table.of(tabulated(m)) for m in (generic.negative, generic.positive))
    return Electrodes.of_window(negative, positive, generic.x, generic.y, limits)


def aged_to(fresh: Electrodes, soh: float) -> Electrodes:
    """The cell after a common path of ageing down to `soh`.

    Mostly lithium loss with about half as much loss of both hosts, the proportion that slow
    discharges of aged cells show on average (Birkl et al. 2017; Dubarry & Beck 2020).
    """
    low, high = 0.0, 2.0 * (1 - soh) + 1e-6
    for _ in range(24):
        middle = (low + high) / 2
        if fresh.aged(middle, 0.5 * middle, 0.5 * middle).capacity() > soh:
            low = middle
        else:
            high = middle
    return fresh.aged(high, 0.5 * high, 0.5 * high)
