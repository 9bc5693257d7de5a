"""The fold: a set of events becomes a `PackState`, the digital ID as of a moment.

Pure: the same facts in any order and any number of repetitions give the same bytes. What
contradicts is kept and named as contested with the events that prove it.
"""

from cloud_bridge.fold.axes import Lifecycle, Safety, Standing
from cloud_bridge.fold.contests import Contest, ContestReason, Gap
from cloud_bridge.fold.fold import as_it_was, as_we_knew_it, digest, fold
from cloud_bridge.fold.lot import LotState, fold_lot
from cloud_bridge.fold.names import names_of, owners_of
from cloud_bridge.fold.state import (
    Binding,
    HealthPoint,
    Incident,
    PackState,
    Registration,
    Stay,
)
from cloud_bridge.fold.told import Told
from cloud_bridge.fold.vehicle import Account, PackAccount, VehicleState, fold_vehicle
from cloud_bridge.fold.verdict import Level, Verdict, judge_pack, kind_text

__all__ = [
    "Account",
    "Binding",
    "Contest",
    "ContestReason",
    "Gap",
    "HealthPoint",
    "Incident",
    "Level",
    "Lifecycle",
    "LotState",
    "PackAccount",
    "PackState",
    "Registration",
    "Safety",
    "Standing",
    "Stay",
    "Told",
    "VehicleState",
    "Verdict",
    "as_it_was",
    "as_we_knew_it",
    "digest",
    "fold",
    "fold_lot",
    "fold_vehicle",
    "judge_pack",
    "kind_text",
    "names_of",
    "owners_of",
]
