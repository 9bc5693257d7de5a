"""A drive of half an hour with the statistics of WLTC class 3b, of our own making.

The speed trace is not the regulation's: each of the four phases is a row of trips made of plain
ramps and waves, bent until duration, distance and top speed are those of UN GTR 15, annex 1,
table of class 3b. The road load is that of a compact car.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from simulators.arithmetic import Floats, cosine, power

MASS_KG: Final = 1800.0
DRAG_N_PER_V2: Final = 0.5 * 1.2 * 0.65
"""Half of air density times drag area of 0.65 m2."""
ROLLING_N: Final = 0.009 * MASS_KG * 9.81
DRIVE_EFFICIENCY: Final = 0.88
AUXILIARY_W: Final = 400.0


class Phase(NamedTuple):
    """One phase of the cycle.

    Attributes:
        seconds: how long.
        metres: how far.
        top_kmh: highest speed.
        trips: (share of the time in motion, top speed over that of the phase) of each trip.
        stop_s: standing time in all.
    """

    seconds: int
    metres: float
    top_kmh: float
    trips: tuple[tuple[float, float], ...]
    stop_s: int


PHASES: Final = (
    Phase(589, 3095.0, 56.5, ((0.16, 0.75), (0.20, 1.0), (0.10, 0.5), (0.24, 0.85), (0.30, 0.8)),
          128),
    Phase(433, 4756.0, 76.6, ((0.22, 0.75), (0.48, 1.0), (0.30, 0.85)), 48),
    Phase(455, 7162.0, 97.4, ((0.30, 0.75), (0.70, 1.0)), 31),
    Phase(323, 8254.0, 131.3, ((1.0, 1.0),), 6),
)  # fmt: skip
SECONDS: Final = sum(phase.seconds for phase in PHASES)


def speed_m_per_s() -> Floats:
    """Speed of every second, [1800]."""
    return np.concatenate([_phase(phase) for phase in PHASES])


def battery_power_w() -> Floats:
    """Power out of the battery of every second, negative while braking, [1800]."""
    speed = speed_m_per_s()
    rise = np.diff(speed, append=0.0)
    force = MASS_KG * rise + DRAG_N_PER_V2 * speed * speed + ROLLING_N * (speed > 0.0)
    wheel = force * speed
    drive = np.where(wheel > 0.0, wheel / DRIVE_EFFICIENCY, wheel * DRIVE_EFFICIENCY)
    return drive + AUXILIARY_W


def current_rate(nominal_kwh: float = 60.0) -> Floats:
    """Charge rate (per hour, discharge negative) of every second for a battery of that energy."""
    return -battery_power_w() / (1000.0 * nominal_kwh)


def _phase(phase: Phase) -> Floats:
    """Bends the trips until the distance is right."""
    shape = _trips(phase)
    low, high = 0.05, 20.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        metres = float(power(shape, middle).sum()) * phase.top_kmh / 3.6
        low, high = (middle, high) if metres > phase.metres else (low, middle)
    return power(shape, low) * phase.top_kmh / 3.6


def _trips(phase: Phase) -> Floats:
    """Speed over the phase's top speed, standing time between the trips."""
    moving = phase.seconds - phase.stop_s
    pauses = len(phase.trips) + 1
    parts = []
    for number, (share, top) in enumerate(phase.trips):
        parts += [np.zeros(phase.stop_s // pauses), top * _trip(round(share * moving), number)]
    trips = np.concatenate(parts)
    return np.append(trips, np.zeros(max(0, phase.seconds - len(trips))))[: phase.seconds]


def _trip(seconds: int, number: int) -> Floats:
    """Up, along with waves, down; the highest value is 1."""
    place = (np.arange(seconds) + 0.5) / seconds
    ramp = np.minimum(np.minimum(place / 0.26, (1.0 - place) / 0.20), 1.0)
    waves = 0.90 + 0.06 * cosine(place * (5 + number)) + 0.04 * cosine(place * (11 + 2 * number))
    trip = ramp * waves
    return np.asarray(trip / trip.max())
