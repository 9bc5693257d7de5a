"""The bay: vehicles drive up, packs are identified and swapped.

Vehicles come when their packs are low; the first to wait is served first, with the fullest pack
that is ready. Each pack that comes in is named by the order and read by the scanner; where the
scanner misread, somebody looks a second time with a handheld. Nothing here knows physics.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.acts import Act, Scanned, Swapped
from simulators.labels import misread, scan_label
from simulators.slot import Slot

SWAP_S: Final = 120.0
SCAN_AFTER_S: Final = 60.0
SECOND_LOOK_S: Final = 360.0
RETURN_SOC: Final = (0.10, 0.33)
SETTLE_S: Final = (300.0, 480.0)


@dataclass(slots=True)
class Vehicle:
    """A vehicle that swaps here.

    Attributes:
        vin: its number.
        pack: the pack in it.
        drive_rate: discharge current over the rating, per hour, while it drives.
        return_soc: state of charge at which it comes back.
        waiting_since_s: when it came to the bay; None while it drives.
    """

    vin: str
    pack: int
    drive_rate: float
    return_soc: float
    waiting_since_s: float | None = None

    @property
    def drives(self) -> bool:
        """Whether it is on the road."""
        return self.waiting_since_s is None


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap under way."""

    order: str
    vehicle: Vehicle
    slot_in: Slot
    slot_out: Slot
    begun_s: float


class Bay:
    """The bay and its scanners.

    Args:
        vehicles: all that swap here.
        codes: the code of every pack.
        disputed: the pack that the scanner will misread once.
        misread_share: how often it misreads any other.
        random: decides.
    """

    def __init__(
        self,
        vehicles: list[Vehicle],
        codes: list[str],
        disputed: int,
        misread_share: float,
        random: np.random.Generator,
    ) -> None:
        self.vehicles = vehicles
        self.swap: Swap | None = None
        self.swaps = 0
        self._codes = codes
        self._disputed: int | None = disputed
        self._misread_share = misread_share
        self._random = random
        self._due: list[Scanned] = []

    @property
    def next_vehicle(self) -> Vehicle | None:
        """Who has waited longest."""
        waiting = [vehicle for vehicle in self.vehicles if not vehicle.drives]
        return min(waiting, key=lambda v: (v.waiting_since_s, v.vin), default=None)

    def uses(self, slot: Slot) -> bool:
        """Whether the swap under way needs this slot."""
        return self.swap is not None and slot in (self.swap.slot_in, self.swap.slot_out)

    def inventory(self, slot: str, pack: int) -> Scanned:
        """What the controller itself has on record of a slot, at the beginning."""
        return Scanned(0.0, slot, self._codes[pack], "controller")

    def scan(self, slot: str, pack: int, at_s: float) -> Scanned:
        """Read the label of a pack with the scanner."""
        if pack == self._disputed:
            self._disputed = None
            return Scanned(at_s, slot, misread(self._codes[pack], self._random), "scanner")
        label = scan_label(self._codes[pack], self._misread_share, self._random)
        return Scanned(at_s, slot, label, "scanner")

    def begin(self, slot_in: Slot, slot_out: Slot, now_s: float) -> Iterator[Act]:
        """Serve the next vehicle: its pack goes to `slot_in`, it gets that of `slot_out`."""
        vehicle = self.next_vehicle
        assert vehicle is not None
        self.swaps += 1
        self.swap = Swap(f"SW{self.swaps:05d}", vehicle, slot_in, slot_out, now_s)
        code = self._codes[vehicle.pack]
        scan = self.scan(slot_in.name, vehicle.pack, now_s + SCAN_AFTER_S)
        self._due.append(scan)
        if code not in _cleaned(scan.label):
            second = Scanned(scan.at_s + SECOND_LOOK_S, slot_in.name, code, "handheld")
            self._due.append(second)
        yield Scanned(now_s, slot_in.name, code, "order")

    def due(self, now_s: float) -> Iterator[Act]:
        """Scans and the exchange of packs, when their time has come."""
        yield from (scan for scan in self._due if scan.at_s <= now_s)
        self._due = [scan for scan in self._due if scan.at_s > now_s]
        if self.swap is not None and now_s - self.swap.begun_s >= SWAP_S:
            yield self._exchange(self.swap, now_s)
            self.swap = None

    def _exchange(self, swap: Swap, now_s: float) -> Swapped:
        vehicle, pack_in = swap.vehicle, swap.vehicle.pack
        pack_out = swap.slot_out.give_out(now_s)
        swap.slot_in.take_in(pack_in, float(self._random.uniform(*SETTLE_S)), now_s)
        vehicle.pack, vehicle.waiting_since_s = pack_out, None
        vehicle.return_soc = float(self._random.uniform(*RETURN_SOC))
        return Swapped(
            at_s=now_s,
            order=swap.order,
            vehicle=vehicle.vin,
            slot_in=swap.slot_in.name,
            slot_out=swap.slot_out.name,
            pack_in=pack_in,
            pack_out=pack_out,
        )


def _cleaned(label: str) -> str:
    return "".join(label.upper().split())
