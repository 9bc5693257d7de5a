"""Ampere-hours counted between rests: the method that assumes least.

Paper: Plett, Battery Management Systems vol. 2 (Artech 2015), ch. 4; here not as a ratio with a
Gaussian error but as a posterior on a grid, because an LFP plateau is anything but Gaussian.
Enters: a `Session` and the fresh cell. Leaves: the posterior of SoH on `SOH_GRID`.
Assumes: the cell aged along the path of `chemistry.aged_to` or close to it; curve errors at
distinct rests are independent; every SoH from 40 to 108 % is as likely beforehand.
Fails (wide, not wrong): rests close together, rests on a plateau, rests of minutes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from soh_model.chemistry import FreshCell, fresh_cell
from soh_model.pack_spec import PackSpec
from soh_model.rests import Rest
from soh_model.session import Session

Floats = NDArray[np.float64]

METHOD: Final = "counting/1"
SOH_GRID: Final = np.round(np.arange(0.40, 1.0801, 0.004), 6)
_SOC_GRID: Final = np.linspace(-0.01, 1.01, 256)
_NODES: Final = np.linspace(0.40, 1.0, 13)
MOST_RESTS: Final = 4


def posterior(session: Session, rests: list[Rest], spec: PackSpec, fresh: FreshCell) -> Floats:
    """Probability of each SoH of `SOH_GRID`, [len(SOH_GRID)], sum 1.

    Args:
        session: the samples.
        rests: its rests, at least two in one part; parts without two add nothing.
        spec: the pack's type.
        fresh: its fresh cell.
    """
    log_p = np.zeros(len(SOH_GRID))
    for part in sorted({rest.part for rest in rests}):
        chosen = choose([rest for rest in rests if rest.part == part])
        if len(chosen) >= 2:
            log_p += _part_likelihood(session, chosen, spec, fresh)
    p = np.exp(log_p - log_p.max())
    return np.asarray(p / p.sum())


def choose(rests: list[Rest]) -> list[Rest]:
    """At most four rests that tell most: lowest and highest charge, best known, last.

    More would pretend that the curve's error is new at each rest.
    """
    if len(rests) <= MOST_RESTS:
        return rests
    keys = (
        min(rests, key=lambda r: r.charge_ah + 1e3 * r.error_v),
        max(rests, key=lambda r: r.charge_ah - 1e3 * r.error_v),
        min(rests, key=lambda r: r.error_v),
        rests[-1],
    )
    return [rest for rest in rests if any(rest is key for key in keys)]


def _part_likelihood(
    session: Session, rests: list[Rest], spec: PackSpec, fresh: FreshCell
) -> Floats:
    """Log-likelihood of each SoH from the rests of one part, start SoC integrated out."""
    table = _curves(spec)
    moved = np.array([rest.charge_ah - rests[0].charge_ah for rest in rests])
    log_p = np.empty(len(SOH_GRID))
    for k, soh in enumerate(SOH_GRID):
        fit = np.zeros(len(_SOC_GRID))
        for rest, ah in zip(rests, moved, strict=True):
            soc = _SOC_GRID + ah / (soh * spec.rated_ah)
            error = rest_error_v(rest, fresh, float(soh))
            misfit = (rest.volts - _voltage(table[k], soc)) / error
            fit -= 0.5 * np.minimum(misfit**2, 80.0) + np.log(error)
        log_p[k] = np.logaddexp.reduce(fit)
    return _smeared(log_p, _charge_error(session, rests, spec))


def _voltage(curve: Floats, soc: Floats) -> Floats:
    """Open-circuit voltage, V, with steep walls below empty and above full."""
    inside = np.interp(soc * (len(curve) - 1), np.arange(len(curve)), curve)
    return np.asarray(inside + 5.0 * (np.minimum(soc, 0.0) + np.maximum(soc - 1.0, 0.0)))


def rest_error_v(rest: Rest, fresh: FreshCell, soh: float) -> float:
    """Standard error between a rest's voltage and the modelled curve, V."""
    warm = 2e-4 * abs(rest.temperature_c - 25.0)
    ageing = fresh.ageing_error_v(soh)
    slip = fresh.slip_error_v(rest.volts, soh)
    return float(np.sqrt(rest.error_v**2 + fresh.error_v**2 + ageing**2 + slip**2 + warm**2))


def _charge_error(session: Session, rests: list[Rest], spec: PackSpec) -> float:
    """Relative standard error of the charge between the outermost rests."""
    span_ah = max(np.ptp([rest.charge_ah for rest in rests]), 0.01 * spec.rated_ah)
    hours = (session.t_s[rests[-1].stop - 1] - session.t_s[rests[0].start]) / 3600
    drift = session.offset_sd_a * hours / span_ah
    return float(np.hypot(spec.current_gain_sd, drift))


def _smeared(log_p: Floats, relative: float) -> Floats:
    """The likelihood blurred by the error of the counted charge."""
    p = np.exp(log_p - log_p.max())
    width = np.maximum(relative * SOH_GRID, 1e-3)[:, None]
    kernel = np.exp(-0.5 * ((SOH_GRID[:, None] - SOH_GRID[None, :]) / width) ** 2)
    kernel /= kernel.sum(axis=1, keepdims=True)
    return np.asarray(np.log(kernel @ p + 1e-30))


@lru_cache(maxsize=16)
def _curves(spec: PackSpec) -> Floats:
    """Open-circuit curve for each SoH of the grid, [len(SOH_GRID), 401], V."""
    fresh = fresh_cell(spec)
    assert fresh is not None
    nodes = np.array([fresh.curve(float(soh))[1] for soh in _NODES])
    place = np.interp(SOH_GRID, _NODES, np.arange(len(_NODES)))
    low = np.minimum(place.astype(int), len(_NODES) - 2)
    share = (place - low)[:, None]
    return np.asarray(nodes[low] * (1 - share) + nodes[low + 1] * share)
