"""Whether anything could have come from one sighting to the next in the time between (I6)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from cloud_bridge.inquiry.entries import SITE, Step

EARTH_KM: Final = 6371.0
MOST_KM_H: Final = 160.0
"""Faster than any lorry or lawful car: packs do not fly, as dangerous goods of class 9."""
SLACK_KM: Final = 5.0
LONGEST_H: Final = 48.0
"""No two places of a country are farther apart than this at the greatest speed."""


class Position(NamedTuple):
    """WGS 84."""

    latitude_deg: float
    longitude_deg: float


def distance_km(one: Position, other: Position) -> float:
    """Great circle, by the haversine formula."""
    lat1, lat2 = math.radians(one.latitude_deg), math.radians(other.latitude_deg)
    half_lat = (lat2 - lat1) / 2
    half_lon = math.radians(other.longitude_deg - one.longitude_deg) / 2
    a = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(a))


def too_fast(steps: Sequence[Step], sites: Mapping[str, Position]) -> list[tuple[Step, Step]]:
    """Pairs of consecutive sightings at known sites that nothing could have joined."""
    found = []
    last: tuple[Step, str] | None = None
    for step in steps:
        site = _site(step)
        if site not in sites:
            continue
        if last and last[1] != site:
            hours = (step.t_ns - last[0].t_ns) / 3.6e12
            if hours < LONGEST_H:
                far = distance_km(sites[last[1]], sites[site]) - SLACK_KM
                if far > hours * MOST_KM_H:
                    found.append((last[0], step))
        last = (step, site)
    return found


def _site(step: Step) -> str:
    for spot in (step.leaves, step.arrives):
        if spot.startswith(SITE):
            return spot.removeprefix(SITE)
    return step.visit.site if step.visit else ""
