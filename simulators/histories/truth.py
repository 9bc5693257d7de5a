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
    KEPT_BACK = "kept_back"
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
        packs: code -> `lifecycle`; of packs that ended `mass_kg`, and `vehicles` served; of packs
            that were taken over `holder`.
        modules: code -> stage of life.
        vehicles: vehicle -> `account` of its pack at scrapping and the pack's `last_holder`, ""
            for exempt ones.
        handovers: of each retired unit `unit`, `holder` that has to hand it over, `retired` and
            `received` in UTC seconds, None for what never was.
        metals: refinery -> element -> [kg that went in, kg that it made, kg that it reported].
    """

    planted: list[Planted] = field(default_factory=list)
    packs: dict[str, dict[str, Any]] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    vehicles: dict[str, dict[str, str]] = field(default_factory=dict)
    handovers: list[dict[str, Any]] = field(default_factory=list)
    metals: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def pack(self, code: object, **known: Any) -> None:
        """Add to what is known of a pack."""
        self.packs.setdefault(str(code), {}).update(known)

    def scrapped(self, vehicle: object, account: str, last_holder: str) -> None:
        """A vehicle came to its end."""
        self.vehicles[str(vehicle)] = {"account": account, "last_holder": last_holder}

    def told(self) -> dict[str, Any]:
        """As the truth file has it."""
        return {
            "planted": [one.told() for one in self.planted],
            "packs": self.packs,
            "modules": self.modules,
            "vehicles": self.vehicles,
            "handovers": self.handovers,
            "metals": self.metals,
        }
