"""The estimators as a scorer drives them: plain dicts and arrays in, plain numbers out.

Everything goes through the public API of `soh_model`. A scorer that cuts its windows itself and
keeps the truth to itself defines the calls; `None` is "cannot tell".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from packtrail.estimate import Estimate, Verdict
from packtrail.sample import SampleBatch
from soh_model import CellTypeModel, HalfCell, HalfCellPair, PackSpec, PulseModel, estimate


def fit(
    sessions: Sequence[dict[str, Any]], capacities_ah: Any, chemistry: str, nominal_ah: float
) -> CellTypeModel:
    """A model of a cell type.

    Args:
        sessions: each with t s, I A (charge positive), V V, T degC, all [n].
        capacities_ah: measured capacity of each.
        chemistry: such as NMC.
        nominal_ah: rated capacity.
    """
    spec = PackSpec(chemistry=chemistry, rated_ah=nominal_ah, cells_in_series=1)
    examples = [(_cell(s), float(c)) for s, c in zip(sessions, capacities_ah, strict=True)]
    return CellTypeModel.fit(examples, spec)


def predict(model: CellTypeModel, session: dict[str, Any]) -> tuple[float, float, float] | None:
    """SoH, low and high of one session, or None."""
    return _plain(model.predict(_cell(session)))


def estimate_pack(
    session: dict[str, Any], case: dict[str, Any], ocv: dict[str, Any]
) -> dict[str, Any] | None:
    """Mean, weakest and pack SoH, resistance growth and the weak cell of one pack, or None.

    Args:
        session: t, I, T [n] and V [n, cells] in volts.
        case: what is public of the pack: chemistry, rating, limits, fresh resistance.
        ocv: fresh half-cell curves and stoichiometries of its type.
    """
    answer = estimate(
        SampleBatch.from_arrays(
            t_s=session["t"],
            pack_current_a=session["I"],
            temperature_c=session["T"],
            cell_voltage_v=session["V"],
        ),
        _pack_spec(case, ocv),
    )
    if answer.soh is None or answer.verdict is not Verdict.TOLD:
        return None
    told = {"soh": answer.soh.value, "low": answer.soh.low, "high": answer.soh.high}
    if answer.soh_weakest and answer.soh_pack:
        told |= {"soh_min": answer.soh_weakest.value, "soh_pack": answer.soh_pack.value}
    if answer.resistance_growth:
        told["r_growth"] = answer.resistance_growth.value
    return told | {"weak_cell": answer.weakest_cell}


def fit_pulse(rows: Any, soh: Any, chemistry: str) -> PulseModel:
    """A pulse model of retired units; rows [n, 21] V: rest voltage, then pulse ends."""
    return PulseModel.fit(np.asarray(rows, float), np.asarray(soh, float), chemistry)


def predict_pulse(model: PulseModel, rows: Any) -> Any:
    """SoH, low and high of each row, [n, 3]; NaN where the model cannot tell."""
    answers = model.predict(np.asarray(rows, float))
    return np.array([_plain(answer) or (np.nan,) * 3 for answer in answers])


def _cell(session: dict[str, Any]) -> SampleBatch:
    return SampleBatch.from_arrays(
        t_s=session["t"],
        pack_current_a=session["I"],
        pack_voltage_v=session["V"],
        temperature_c=session["T"],
    )


def _pack_spec(case: dict[str, Any], ocv: dict[str, Any]) -> PackSpec:
    low, high = case["v_limits"]
    fresh = ocv["fresh"]
    return PackSpec(
        chemistry=case["chemistry"],
        rated_ah=case["nominal_capacity_Ah"],
        cells_in_series=case["cells_series"],
        cell_voltage_min_v=low,
        cell_voltage_max_v=high,
        fresh_resistance_ohm=case["fresh_r10s_mohm_cell"] / 1000,
        half_cells=HalfCellPair(
            HalfCell(ocv["neg_x"], ocv["neg_ocp_V"]),
            HalfCell(ocv["pos_y"], ocv["pos_ocp_V"]),
            (fresh["x_0"], fresh["x_100"]),
            (fresh["y_0"], fresh["y_100"]),
        ),
    )


def _plain(answer: Estimate) -> tuple[float, float, float] | None:
    if answer.verdict is not Verdict.TOLD or answer.soh is None:
        return None
    return answer.soh.value, answer.soh.low, answer.soh.high
