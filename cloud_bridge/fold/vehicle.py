"""The fold of a vehicle: which packs it holds, whose it is, and whether it was scrapped whole.

I2: a fixed vehicle has exactly its slots filled while in service, a swap vehicle 0..n; no
vehicle gives a pack that it had not taken. I7: a scrapped fixed vehicle accounts for every bound
pack: present, replaced with a voucher, or missing with its last holder (车电一体报废, Order No. 73
Art. 21). Swap vehicles whose battery is not the owner's are outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from cloud_bridge.fold.contests import Contest, ContestReason, contest
from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import Told, in_order
from packtrail.event import (
    MissingPackExplained,
    OwnerChanged,
    PackInstalled,
    PackRemoved,
    SwapPerformed,
    UnitRef,
    VehicleMode,
    VehicleRef,
    VehicleRegistered,
    VehicleScrapReceived,
    VehicleSold,
)
from packtrail.language import Text


class Account(StrEnum):
    """What became of a pack that a scrapped vehicle was bound to."""

    PRESENT = "present"
    EXPLAINED = "explained"
    MISSING = "missing"
    EXEMPT = "exempt"

    @property
    def text(self) -> Text:
        """As a clerk reads it."""
        return _ACCOUNTS[self]


class PackAccount(msgspec.Struct, frozen=True):
    """One bound pack of a scrapped vehicle.

    Attributes:
        unit: which.
        account: what became of it.
        last_holder: author of the last report that had it in the vehicle.
        events: what says so.
    """

    unit: UnitRef
    account: Account
    last_holder: str
    events: tuple[str, ...]


class VehicleState(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle as of a moment.

    Attributes:
        vehicle: which.
        mode: fixed or swap.
        slots: how many packs when complete.
        battery_owner: `vehicle` or `operator`.
        maker: who registered it, "" if nobody.
        packs: what it holds now, with the event that put it there.
        served: how many different packs it has had.
        swaps: how many swaps.
        owner: commitment of the owner, "" if never told.
        region: of sale.
        scrapped: when a dismantler took it, "" while it drives.
        accounts: what became of its packs, once scrapped.
        contests: what contradicts.
        events: how many facts.
    """

    vehicle: VehicleRef
    mode: VehicleMode
    slots: int
    battery_owner: str
    maker: str
    packs: tuple[tuple[UnitRef, str], ...]
    served: int
    swaps: int
    owner: str
    region: str
    scrapped: str
    accounts: tuple[PackAccount, ...]
    contests: tuple[Contest, ...]
    events: int


def fold_vehicle(vehicle: VehicleRef, facts: Iterable[Told]) -> VehicleState:
    """The state of `vehicle` from every fact that names it, in any order."""
    told = in_order(facts)
    settled = Settlement(told)
    walk = _Drive(vehicle)
    for one in settled.standing:
        walk.take(one)
    contests = [*settled.contests, *walk.contests, *walk.missing()]
    return VehicleState(
        vehicle=vehicle,
        mode=walk.mode,
        slots=walk.slots,
        battery_owner=walk.battery_owner,
        maker=walk.maker,
        packs=tuple((unit, walk.held[unit].event_id) for unit in sorted(walk.held, key=str)),
        served=len(walk.served),
        swaps=walk.swaps,
        owner=walk.owner,
        region=walk.region,
        scrapped=walk.scrapped.event.occurred_from if walk.scrapped else "",
        accounts=walk.accounts(),
        contests=tuple(sorted(set(contests))),
        events=len(told),
    )


@dataclass(slots=True)
class _Drive:
    """Walks through what happened to a vehicle."""

    vehicle: VehicleRef
    mode: VehicleMode = VehicleMode.SWAP
    slots: int = 1
    battery_owner: str = "vehicle"
    maker: str = ""
    held: dict[UnitRef, Told] = field(default_factory=dict)
    served: set[UnitRef] = field(default_factory=set)
    positions: set[str] = field(default_factory=set)
    swaps: int = 0
    owner: str = ""
    region: str = ""
    scrapped: Told | None = None
    found: set[UnitRef] = field(default_factory=set)
    bound: dict[UnitRef, Told] = field(default_factory=dict)
    explained: dict[UnitRef, Told] = field(default_factory=dict)
    contests: list[Contest] = field(default_factory=list)

    def take(self, told: Told) -> None:
        """Walk one fact further."""
        match told.event.body:
            case VehicleRegistered() as body:
                self._register(told, body)
            case PackInstalled() | PackRemoved() | SwapPerformed():
                self._move(told)
            case VehicleSold() | OwnerChanged() as body:
                self.owner, self.region = body.owner, body.region or self.region
            case VehicleScrapReceived() as body:
                self._scrap(told, body)
            case MissingPackExplained() if told.event.unit:
                self.explained[told.event.unit] = told

    def accounts(self) -> tuple[PackAccount, ...]:
        """What became of each pack that it was bound to when it was scrapped."""
        return tuple(
            PackAccount(unit, *self._account(unit, self.bound[unit]))
            for unit in sorted(self.bound, key=str)
        )

    def missing(self) -> list[Contest]:
        """A contest for each pack that nobody accounts for."""
        if self.scrapped is None:
            return []
        return [
            contest(ContestReason.PACK_MISSING, [self.bound[one.unit], self.scrapped])
            for one in self.accounts()
            if one.account is Account.MISSING
        ]

    def _account(self, unit: UnitRef, by: Told) -> tuple[Account, str, tuple[str, ...]]:
        holder = self.owner or by.event.author
        if unit in self.found and self.scrapped:
            return Account.PRESENT, self.scrapped.event.author, (self.scrapped.event_id,)
        if unit in self.explained:
            return Account.EXPLAINED, holder, (by.event_id, self.explained[unit].event_id)
        if self.mode is VehicleMode.SWAP and self.battery_owner == "operator":
            return Account.EXEMPT, holder, (by.event_id,)
        return Account.MISSING, holder, (by.event_id,)

    def _register(self, told: Told, body: VehicleRegistered) -> None:
        self.mode, self.slots, self.maker = body.mode, body.slots, told.event.author
        self.battery_owner = body.battery_owner
        for unit in body.packs:
            self._put_in(told, unit)

    def _move(self, told: Told) -> None:
        if self.scrapped and isinstance(told.event.body, PackInstalled | SwapPerformed):
            proof = [self.scrapped, told]
            self.contests.append(contest(ContestReason.AFTER_SCRAP, proof, [told]))
            return
        unit = told.event.unit
        match told.event.body:
            case PackRemoved() if unit:
                self._take_out(told, unit)
            case PackInstalled(position=position) if unit:
                self._name_slot(position)
                self._put_in(told, unit)
            case SwapPerformed(unit_out=out):
                self.swaps += 1
                self._take_out(told, out)
                if unit:
                    self._put_in(told, unit)

    def _name_slot(self, position: str) -> None:
        """A vehicle that no maker registered has as many slots as were named."""
        if position and not self.maker:
            self.positions.add(position)
            self.slots = max(self.slots, len(self.positions))

    def _take_out(self, told: Told, unit: UnitRef | None) -> None:
        if unit in self.held:
            del self.held[unit]
        elif unit is None or len(self.held) >= self.slots:
            # What it gave cannot be what it has: the older word is set aside.
            for other, by in list(self.held.items()) if unit else ():
                proof = [by, told]
                self.contests.append(contest(ContestReason.VEHICLE_MISMATCH, proof))
                del self.held[other]
            if unit is None and self.slots == 1:
                self.held.clear()

    def _put_in(self, told: Told, unit: UnitRef) -> None:
        self.served.add(unit)
        if unit not in self.held and len(self.held) >= self.slots:
            oldest = min(self.held, key=lambda one: self.held[one].order)
            proof = [self.held.pop(oldest), told]
            self.contests.append(contest(ContestReason.TOO_MANY_PACKS, proof))
        self.held[unit] = told

    def _scrap(self, told: Told, body: VehicleScrapReceived) -> None:
        if self.scrapped is None:
            self.scrapped, self.bound = told, dict(self.held)
            self.battery_owner = body.battery_owner or self.battery_owner
        self.found |= set(body.found)


_ACCOUNTS = {
    Account.PRESENT: Text("present", "在车"),
    Account.EXPLAINED: Text("explained", "已说明"),
    Account.MISSING: Text("missing", "缺失"),
    Account.EXEMPT: Text("outside the rule: swap vehicle", "换电车辆，另行规定"),
}
