"""What really was: every planted fraud and every fate, as a perfect observer knows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from simulators.histories.journal import Report


class Fraud(StrEnum):
    """Kinds of planted fraud, and a clock that is off, which is none."""

    CLONED_CODE = "cloned_code"
    TWO_VEHICLES = "two_vehicles"
    METER_RESET = "meter_reset"
    REPLAYED = "replayed"
    MISSING_PACK = "missing_pack"
    SKIMMED = "skimmed"
    SPENT_TWICE = "spent_twice"
    CLOCK_OFF = "clock_off"


@dataclass(slots=True, eq=False)
class Planted:
    """One fraud.

    Attributes:
        fraud: kind.
        variant: how it was done.
        subject: code, vehicle, lot or party that it is about.
        culprit: party whose reports are false, "" where nobody lied but something is gone.
        reports: the false ones, or those that show it.
        touched: further packs, vehicles and lots whose record it may disturb.
    """

    fraud: Fraud
    variant: str
    subject: str
    culprit: str
    reports: Sequence[Report] = ()
    touched: Sequence[str] = ()

    def told(self) -> dict[str, Any]:
        """As the truth file has it."""
        return {
            "fraud": str(self.fraud),
            "variant": self.variant,
            "subject": self.subject,
            "culprit": self.culprit,
            "events": [report.event_id for report in self.reports],
            "touched": list(self.touched),
        }


@dataclass(slots=True)
class Truth:
    """Everything that a perfect observer would conclude.

    Attributes:
        planted: frauds.
        packs: code -> stage of life, mass at the end (kg), number of vehicles and parts.
        vehicles: vehicle -> what became of its pack at scrapping.
        metals: refinery -> element -> [kg that went in, kg that it made, kg that it reported].
    """

    planted: list[Planted] = field(default_factory=list)
    packs: dict[str, dict[str, Any]] = field(default_factory=dict)
    vehicles: dict[str, str] = field(default_factory=dict)
    metals: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As the truth file has it."""
        return {
            "planted": [one.told() for one in self.planted],
            "packs": self.packs,
            "vehicles": self.vehicles,
            "metals": self.metals,
        }
