"""An alarm on its way to whoever stands beside the pack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from packtrail.event import IncidentRecorded, UnitRef


@dataclass(frozen=True, slots=True)
class Alarm:
    """An incident that has just begun or ended.

    Attributes:
        slot: where.
        unit: which pack, None while it is not settled.
        t_ns: UTC of the frame that told it.
        incident: what is wrong, or over.
    """

    slot: str
    unit: UnitRef | None
    t_ns: int
    incident: IncidentRecorded


Warn = Callable[[Alarm], None]
"""Tells an alarm here and now; must not block."""


def tell_nobody(_alarm: Alarm) -> None:
    """Where no local output is set up."""
