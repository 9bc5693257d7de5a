"""Which category of Regulation (EU) 2023/1542, Article 3, a unit belongs to."""

from __future__ import annotations

from cloud_bridge.fold import PackState
from packtrail.event import UnitRegistered


def category_of(state: PackState) -> str:
    """As registered; a second-life product is for stationary use unless it says otherwise."""
    stated = state.registration.stated if state.registration else None
    if isinstance(stated, UnitRegistered):
        return stated.category
    if stated is not None:
        return stated.use if stated.use in ("ev", "lmt", "industrial") else "stationary"
    return "ev"
