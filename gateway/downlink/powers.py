"""What commands may do to a running gateway: read a slot anew, begin again, hear an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from gateway.pipeline import Pipeline
from packtrail.downlink import VehicleResolved
from packtrail.sample import Sample
from packtrail.times import format_time

PATIENCE_S: Final = 10.0
LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class ReadingPowers:
    """See `desk.Powers`."""

    pipeline: Pipeline
    restart: Callable[[], None]
    resolved: Callable[[VehicleResolved], None]

    def fresh_reading(self, slot: str) -> dict[str, Any]:
        """A sample of a slot taken after the call, plain numbers only."""
        found = self.pipeline.slots.get(slot)
        if found is None:
            raise LookupError(f"there is no slot {slot[:64]!r}")
        before, deadline = found.latest, time.monotonic() + PATIENCE_S
        while found.latest is before or found.latest is None:
            if time.monotonic() > deadline:
                raise LookupError(f"nothing was heard in slot {slot} for {PATIENCE_S:g} s")
            time.sleep(LOOK_S)
        unit = str(found.unit) if found.unit else ""
        return {"slot": slot, "unit": unit, **_plain(found.latest)}


def _plain(sample: Sample) -> dict[str, Any]:
    values = {
        name: np.round(value, 6).tolist() if isinstance(value, np.ndarray) else round(value, 6)
        for name, value in sample.values.items()
    }
    ages = {name: round(age, 3) for name, age in sample.age_s.items()}
    return {"at": format_time(sample.t_ns), "values": values, "age_s": ages}
