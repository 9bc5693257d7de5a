"""The fold: a set of events becomes a `PackState`, the digital ID as of a moment.

Pure: the same facts in any order and any number of repetitions give the same bytes. What
contradicts is kept and named as contested with the events that prove it.
"""

from cloud_bridge.fold.fold import as_it_was, as_we_knew_it, digest, fold
from cloud_bridge.fold.state import (
    Binding,
    Contest,
    ContestReason,
    Gap,
    HealthPoint,
    Incident,
    Lifecycle,
    PackState,
    Registration,
    Safety,
    Standing,
    Stay,
)
from cloud_bridge.fold.told import Told
from cloud_bridge.fold.verdict import Level, Verdict, judge_pack, kind_text

__all__ = [
    "Binding",
    "Contest",
    "ContestReason",
    "Gap",
    "HealthPoint",
    "Incident",
    "Level",
    "Lifecycle",
    "PackState",
    "Registration",
    "Safety",
    "Standing",
    "Stay",
    "Told",
    "Verdict",
    "as_it_was",
    "as_we_knew_it",
    "digest",
    "fold",
    "judge_pack",
    "kind_text",
]
