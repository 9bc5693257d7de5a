"""How packs are used: climates, kinds of vehicle, and the plan of a day.

Everything is drawn once per pack and day from streams that name pack and day, so that a pack's
life is the same whatever block, process or machine simulates it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from simulators.arithmetic import Floats, cosine
from simulators.draws import Draws
from simulators.ensemble.cycle import current_rate

DAY_MINUTES: Final = 1440
COLD_LIMIT: Final = ((-10.0, 0.05), (0.0, 0.15), (10.0, 0.5), (20.0, 2.0))
"""Coldest cell, degC, and the charge rate that a careful BMS allows, 1/h."""
HOTTEST_DAY: Final = 200
DAY_AND_NIGHT_C: Final = 4.5
"""Half the difference of afternoon and early morning."""
WARMEST_HOUR: Final = 15


class Climate(NamedTuple):
    """Mean temperatures of January and July, degC, rounded from the 1991-2020 normals."""

    name: str
    january_c: float
    july_c: float


CLIMATES: Final = (
    Climate("Harbin", -17.5, 23.5),
    Climate("Beijing", -2.5, 27.0),
    Climate("Shanghai", 5.0, 29.0),
    Climate("Guangzhou", 14.0, 29.0),
)


class Kind(NamedTuple):
    """A kind of vehicle.

    Attributes:
        name: what it is.
        share: of the fleet.
        trips: mean begin of each trip, minutes of the day.
        trip_minutes: mean length of a trip.
        pace: mean current while driving over that of the drive cycle.
        weekend: share of the trips made at weekends.
        charges: mean begin of each charge, minutes of the day.
        charge_rate: current over the rating, 1/h.
        full_soc: where charging ends.
        heated: whether the coolant is kept warm for fast charging.
    """

    name: str
    share: float
    trips: tuple[int, ...]
    trip_minutes: float
    pace: float
    weekend: float
    charges: tuple[int, ...]
    charge_rate: float
    full_soc: float
    heated: bool


KINDS: Final = (
    Kind("private", 0.6, (470, 1080), 42.0, 1.0, 0.6, (1270,), 0.12, 0.9, False),
    Kind(
        "taxi",
        0.25,
        (360, 560, 800, 1000, 1210),
        115.0,
        0.8,
        1.0,
        (200, 690, 1150),
        1.0,
        0.95,
        True,
    ),
    Kind("truck", 0.15, (330, 610, 890), 190.0, 1.0, 0.85, (545, 825, 1110), 1.0, 0.98, True),
)


def minute_rates() -> Floats:
    """The drive cycle by minutes, charge rate 1/h, repeated to cover any trip, [minutes]."""
    minutes = current_rate().reshape(-1, 60)
    mean = minutes[:, 0].copy()
    for second in range(1, 60):
        mean += minutes[:, second]
    return np.tile(mean / 60.0, 16)


def ambient_c(climates: Floats, day: int, hour: int) -> Floats:
    """Air temperature, degC [packs]; `climates` is [packs, 2]: January and July."""
    january, july = climates[:, 0], climates[:, 1]
    season = float(cosine((day - HOTTEST_DAY) / 365.0))
    daily = DAY_AND_NIGHT_C * float(cosine((hour - WARMEST_HOUR) / 24.0))
    return 0.5 * (january + july) + 0.5 * (july - january) * season + daily


def day_plan(pack: int, seed: int, day: int, kind: Kind, minutes: Floats, out: Floats) -> None:
    """Write what a pack is asked for on a day, charge rate 1/h, [1440] minutes."""
    draws = Draws(seed, pack, 1, day).uniform(3, len(kind.trips) + len(kind.charges))
    out[:] = 0.0
    for place, begin in enumerate(kind.charges):
        shift = (draws[0, len(kind.trips) + place] - 0.5) * 60.0
        _write(out, begin + shift, DAY_MINUTES, kind.charge_rate)
    idle = day % 7 >= 5
    for place, begin in enumerate(kind.trips):
        if idle and draws[1, place] > kind.weekend:
            continue
        first = int(begin + (draws[0, place] - 0.5) * 90.0)
        last = min(int(first + kind.trip_minutes * (0.5 + draws[1, place])), DAY_MINUTES)
        phase = int(draws[2, place] * 30.0)
        out[first:last] = kind.pace * minutes[phase : phase + last - first]


def _write(out: Floats, begin: float, end: int, rate: float) -> None:
    out[int(begin) : end] = rate


def cold_limit(coldest_c: Floats) -> Floats:
    """Allowed charge rate, between the points of `COLD_LIMIT`."""
    first_c, allowed = COLD_LIMIT[0]
    limit = np.full_like(coldest_c, allowed)
    for (low_c, low), (high_c, high) in pairwise(COLD_LIMIT):
        share = np.minimum(np.maximum((coldest_c - low_c) / (high_c - low_c), 0.0), 1.0)
        limit = limit + share * (high - low)
    return np.where(coldest_c < first_c, allowed, limit)
