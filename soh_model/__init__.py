"""State of health from the partial charges that a swap station or a workshop sees.

Samples of one pack and its specification enter; an `Estimate` with a 95 % interval leaves, or
"cannot tell" with the reason and the measurement that would help. Nothing here knows a clock, a
socket or a database. numpy is loaded with the first estimate, scipy only where a fit needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from soh_model.capacity_regression import CapacityRegression as CapacityRegression
    from soh_model.cell_type_model import CellTypeModel as CellTypeModel
    from soh_model.errors import ModelError as ModelError
    from soh_model.estimating import estimate as estimate
    from soh_model.gates import PackFacts as PackFacts
    from soh_model.half_cells import HalfCell as HalfCell
    from soh_model.pack_life import PackLife as PackLife
    from soh_model.pack_spec import HalfCellPair as HalfCellPair
    from soh_model.pack_spec import OcvCurve as OcvCurve
    from soh_model.pack_spec import PackSpec as PackSpec
    from soh_model.policy import Policy as Policy
    from soh_model.pulse_model import PulseModel as PulseModel
    from soh_model.residual_value import Prices as Prices
    from soh_model.triage import Decision as Decision
    from soh_model.use_counters import UseCounters as UseCounters

_HOME = {
    "CapacityRegression": "soh_model.capacity_regression",
    "CellTypeModel": "soh_model.cell_type_model",
    "Decision": "soh_model.triage",
    "HalfCell": "soh_model.half_cells",
    "HalfCellPair": "soh_model.pack_spec",
    "ModelError": "soh_model.errors",
    "OcvCurve": "soh_model.pack_spec",
    "PackFacts": "soh_model.gates",
    "PackLife": "soh_model.pack_life",
    "PackSpec": "soh_model.pack_spec",
    "Policy": "soh_model.policy",
    "Prices": "soh_model.residual_value",
    "PulseModel": "soh_model.pulse_model",
    "UseCounters": "soh_model.use_counters",
    "estimate": "soh_model.estimating",
}

__all__ = [
    "CapacityRegression",
    "CellTypeModel",
    "Decision",
    "HalfCell",
    "HalfCellPair",
    "ModelError",
    "OcvCurve",
    "PackFacts",
    "PackLife",
    "PackSpec",
    "Policy",
    "Prices",
    "PulseModel",
    "UseCounters",
    "estimate",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
