"""What a used pack is worth: reused on its usable energy, or recycled for its metals.

SoH with its interval, nominal energy, chemistry and a dated price file enter; the value as an
interval leaves, whose width comes from SoH and prices. Metal does not fade: recycling follows
nominal kWh, reuse usable kWh. Metal contents are computed from stoichiometry with the usable
capacity and mean voltage of each cathode (10 % for design); prices, recoveries and costs are
never assumed in code.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Interval
from soh_model.errors import ModelError
from soh_model.policy import content_digest

Floats = NDArray[np.float64]

_MASS: Final = {"Li": 6.94, "Ni": 58.693, "Co": 58.933, "Mn": 54.938, "Al": 26.982, "Fe": 55.845}
_MASS_P: Final = 30.974
_FARADAY_MAH: Final = 96485.33 / 3.6

CATHODES: Final[dict[str, tuple[dict[str, float], float, float, float]]] = {
    "NMC111": ({"Li": 1, "Ni": 1 / 3, "Co": 1 / 3, "Mn": 1 / 3}, 96.46, 155, 3.70),
    "NMC532": ({"Li": 1, "Ni": 0.5, "Co": 0.2, "Mn": 0.3}, 96.55, 165, 3.70),
    "NMC622": ({"Li": 1, "Ni": 0.6, "Co": 0.2, "Mn": 0.2}, 96.93, 175, 3.70),
    "NMC811": ({"Li": 1, "Ni": 0.8, "Co": 0.1, "Mn": 0.1}, 97.28, 195, 3.68),
    "NCA": ({"Li": 1, "Ni": 0.8, "Co": 0.15, "Al": 0.05}, 96.08, 195, 3.68),
    "LCO": ({"Li": 1, "Co": 1}, 97.87, 155, 3.80),
    "LMO": ({"Li": 1, "Mn": 2}, 180.81, 105, 3.90),
    "LFP": ({"Li": 1, "Fe": 1, "P": 1}, 157.76, 152, 3.22),
}
"""Cathode -> atoms per formula unit, molar mass g/mol, usable mAh/g, mean voltage V."""

_STEPS: Final = 41
_QUANTILES: Final = (np.arange(_STEPS) + 0.5) / _STEPS


class Prices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices, recoveries and costs of one day.

    Attributes:
        date: day of the prices, ISO 8601.
        source: who says so.
        currency: of every amount, ISO 4217.
        metal_per_kg: price of each metal in what the smelter is paid for.
        recovery: share of each metal that the process gets back.
        payable: share of the price that is paid for black mass.
        other_kg_per_kwh: copper and others per nominal kWh.
        new_per_kwh: price of a new pack per kWh.
        reuse_factor: share of the new price that a used kWh of a grade fetches.
        reuse_cost_per_kwh: test, repack and warranty, per nominal kWh.
        recycle_cost_per_kwh: process and transport, per nominal kWh.
        price_sd: relative standard deviation of all prices.
    """

    date: str
    source: str
    currency: str
    metal_per_kg: dict[str, float]
    recovery: dict[str, float]
    payable: dict[str, float]
    other_kg_per_kwh: dict[str, float] = {}
    new_per_kwh: float
    reuse_factor: dict[str, float]
    reuse_cost_per_kwh: float
    recycle_cost_per_kwh: float
    price_sd: float = 0.15


class ValueInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a value was made of, and where the width of its interval comes from.

    Attributes:
        soh: pack SoH with its interval.
        chemistry: of the pack.
        nominal_kwh: its nominal energy.
        grade: that reuse would sell it in.
        width_from_soh: width of `best` if prices were certain, in the prices' currency.
        width_from_prices: width of `best` if the SoH were.
        prices_digest: SHA-256 of the price file's content, hex.
    """

    soh: Interval
    chemistry: str
    nominal_kwh: float
    grade: str
    width_from_soh: float
    width_from_prices: float
    prices_digest: str


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Worth of a pack, in the prices' currency.

    Attributes:
        reuse: in its best grade, with interval.
        recycle: for its metals, with interval.
        best: the better of both for each possible SoH and price, with interval.
        metals_kg: metal in the pack.
        currency: of the amounts.
        prices: date and source of the prices.
        inputs: what it was made of.
    """

    reuse: Interval
    recycle: Interval
    best: Interval
    metals_kg: dict[str, float]
    currency: str
    prices: str
    inputs: ValueInputs | None = None


def metal_content(chemistry: str, nominal_kwh: float, prices: Prices) -> dict[str, float]:
    """Kilograms of each metal in a pack.

    Args:
        chemistry: such as `NMC811/SiGr`; plain `NMC` counts as NMC622.
        nominal_kwh: nominal energy.
        prices: brings the metals outside the cathode.

    Raises:
        ModelError: No composition is known for the chemistry.
    """
    family = chemistry.split("/", maxsplit=1)[0].strip().upper()
    cathode = CATHODES.get("NMC622" if family == "NMC" else family)
    if cathode is None:
        raise ModelError(f"no metal content known for {chemistry!r}")
    atoms, molar, mah_per_g, volts = cathode
    kg_per_kwh = 1000 / (mah_per_g * volts)
    masses = _MASS | {"P": _MASS_P}
    content = {m: kg_per_kwh * n * masses[m] / molar * nominal_kwh for m, n in atoms.items()}
    for metal, per_kwh in prices.other_kg_per_kwh.items():
        content[metal] = content.get(metal, 0.0) + per_kwh * nominal_kwh
    return content


def residual_value(
    soh: Interval, chemistry: str, nominal_kwh: float, grade: str, prices: Prices
) -> Value:
    """Worth of a pack.

    Args:
        soh: pack SoH with its 95 % interval.
        chemistry: of the pack.
        nominal_kwh: its nominal energy.
        grade: name of the grade that reuse would sell it in.
        prices: of the day.
    """
    metals = metal_content(chemistry, nominal_kwh, prices)
    worth = _Worth(nominal_kwh, _paid(metals, prices), grade, prices)
    health, price = _grid(soh, prices)
    reuse, recycle = worth.reused(health, price), worth.recycled(price)
    by_soh = _interval(worth.best(health, np.ones_like(price)))
    by_price = _interval(worth.best(np.full_like(health, soh.value), price))
    return Value(
        reuse=_interval(reuse),
        recycle=_interval(recycle),
        best=_interval(np.maximum(reuse, recycle)),
        metals_kg={metal: round(kg, 2) for metal, kg in metals.items()},
        currency=prices.currency,
        prices=f"{prices.date}, {prices.source}",
        inputs=ValueInputs(
            soh=soh,
            chemistry=chemistry,
            nominal_kwh=nominal_kwh,
            grade=grade,
            width_from_soh=by_soh.width,
            width_from_prices=by_price.width,
            prices_digest=content_digest(prices),
        ),
    )


def _paid(metals: dict[str, float], prices: Prices) -> float:
    """What a smelter pays for the metals that it recovers."""
    return sum(
        kg
        * prices.metal_per_kg.get(m, 0.0)
        * prices.recovery.get(m, 0.0)
        * prices.payable.get(m, 0)
        for m, kg in metals.items()
    )


class _Worth:
    """Amounts of reuse and of recycling, of SoH and of prices relative to the day's."""

    def __init__(self, nominal_kwh: float, paid: float, grade: str, prices: Prices) -> None:
        self._kwh, self._paid, self._prices = nominal_kwh, paid, prices
        self._new = prices.new_per_kwh * prices.reuse_factor.get(grade, 0.0)

    def reused(self, health: Floats, price: Floats) -> Floats:
        return self._kwh * (health * self._new * price - self._prices.reuse_cost_per_kwh)

    def recycled(self, price: Floats) -> Floats:
        return self._paid * price - self._kwh * self._prices.recycle_cost_per_kwh

    def best(self, health: Floats, price: Floats) -> Floats:
        return np.maximum(self.reused(health, price), self.recycled(price))


def _grid(soh: Interval, prices: Prices) -> tuple[Floats, Floats]:
    """SoH and relative price at equally probable pairs of quantiles, [41 * 41] each."""
    normal = np.array([NormalDist().inv_cdf(q) for q in _QUANTILES])
    health = np.clip(soh.value + normal * soh.width / 3.92, 0.0, None)
    price = np.exp(normal * prices.price_sd)
    both = np.meshgrid(health, price)
    return both[0].ravel(), both[1].ravel()


def _interval(amounts: Floats) -> Interval:
    low, high = np.quantile(amounts, [0.025, 0.975])
    return Interval(float(amounts.mean()), float(low), float(high))
