"""What the store knows of gateways, of many at once: a list of fifty is four questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from cloud_bridge.store.rows import Rows, Values
from cloud_bridge.store.values import GatewayProgress, PlaceFact, SlotNow
from packtrail.event import PlaceRef, UnitRef
from packtrail.proof.entry import Entry
from packtrail.topics import RecordAddress


@dataclass(slots=True)
class StationRows:
    """What is known of one gateway.

    Attributes:
        progress: the epoch that was committed last, None if it was never answered.
        slots: the newest chunk of each slot.
        places: its newest fact about each slot.
        refused: whether any of its records was refused.
        doubled: whether a number of it came with two contents.
    """

    progress: GatewayProgress | None = None
    slots: list[SlotNow] = field(default_factory=list)
    places: list[PlaceFact] = field(default_factory=list)
    refused: bool = False
    doubled: bool = False


class Listed(Protocol):
    """See the module."""

    def stations(self, gateways: Sequence[str]) -> dict[str, StationRows]:
        """What is known of each of these gateways."""


class ListedRows(ABC):
    """`Listed` over a database."""

    @abstractmethod
    def _run(self, name: str, values: Values | None, /) -> Rows:
        """Run a named statement outside or inside `reading`."""

    def stations(self, gateways: Sequence[str]) -> dict[str, StationRows]:
        """See `Listed.stations`."""
        found = {name: StationRows() for name in gateways}
        if not found:
            return found
        wanted = {"gateways": msgspec.json.encode(list(found)).decode()}
        for row in self._run("progress_of_all", wanted):
            found[row[0]].progress = GatewayProgress(*row)
        for row in self._run("slots_of_all", wanted):
            unit = UnitRef(row[2], row[3]) if row[2] and row[3] else None
            address = RecordAddress(row[0], *row[4:6])
            found[row[0]].slots.append(SlotNow(row[0], row[1], unit, address, row[6]))
        for row in self._run("places_of_all", wanted):
            found[row[6]].places.append(PlaceFact(PlaceRef(row[4], row[5]), Entry(*row[:4])))
        for name, refused, doubled in self._run("in_trouble", wanted):
            found[name].refused, found[name].doubled = bool(refused), bool(doubled)
        return found
