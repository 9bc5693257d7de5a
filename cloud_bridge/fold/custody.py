"""Who holds a unit: offered, accepted, refused, lost, found, exported (I12).

Custody moves on acceptance only; a yard that receives a vehicle with its pack has accepted both.
An acceptance of more than was offered, or with another mass than the giver weighed, is a
discrepancy that names both reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from cloud_bridge.fold.contests import Contest, ContestReason, contest
from cloud_bridge.fold.state import Custody
from cloud_bridge.fold.told import Told
from packtrail.event import (
    CustodyAccepted,
    CustodyOffered,
    CustodyRefused,
    Exported,
    Found,
    LostOrStolen,
    RecoveryOrdered,
    RecoveryReceived,
    RecoveryShipped,
    UnitRef,
    UnitRegistered,
    VehicleScrapReceived,
)


@dataclass(slots=True)
class Keeping:
    """Follows who holds one unit, known by `names`."""

    names: frozenset[UnitRef]
    now: Custody = field(default_factory=Custody)
    offers: dict[tuple[str, str], Told] = field(default_factory=dict)
    contests: list[Contest] = field(default_factory=list)

    def walk(self, facts: Sequence[Told]) -> Keeping:
        """Follow `facts`, in order; returns itself."""
        for told in facts:
            self._take(told)
        return self

    def _take(self, told: Told) -> None:
        author = told.event.author
        match told.event.body:
            case UnitRegistered() if not self.now.holder:
                self._hold(told, author)
            case CustodyOffered() as body:
                self.offers[author, body.offer] = told
                self._change(to_party=body.to_party)
            case CustodyAccepted() as body:
                self._accept(told, body)
            case CustodyRefused():
                self._change(to_party="")
            case RecoveryOrdered(order=order):
                self._change(order=f"{author}/{order}")
            case RecoveryReceived() | VehicleScrapReceived():
                self._receive(told)
            case RecoveryShipped(to_party=to_party):
                self._change(to_party=to_party)
            case _:
                self._miss(told)

    def _receive(self, told: Told) -> None:
        """Into store, or with the vehicle that came to be scrapped."""
        body = told.event.body
        gone = isinstance(body, VehicleScrapReceived) and self.names.isdisjoint(body.found)
        if not gone:
            self._hold(told, told.event.author)

    def _miss(self, told: Told) -> None:
        match told.event.body:
            case LostOrStolen(kind=kind):
                self._change(missing=kind)
            case Found():
                self._change(missing="")
            case Exported(country=country):
                self._change(country=country)

    def _accept(self, told: Told, body: CustodyAccepted) -> None:
        offer = self.offers.get((body.from_party, body.offer))
        if offer is None:
            self.contests.append(contest(ContestReason.NOT_OFFERED, [told]))
        elif quantity_gap(offer, told):
            self.contests.append(contest(ContestReason.QUANTITY_GAP, [offer, told]))
        self._hold(told, told.event.author)

    def _hold(self, told: Told, party: str) -> None:
        self.now = msgspec.structs.replace(
            self.now,
            holder=party,
            since=told.event.occurred_from,
            event=told.event_id,
            to_party="",
            missing="",
        )

    def _change(self, **fields: str) -> None:
        self.now = msgspec.structs.replace(self.now, **fields)


def quantity_gap(offer: Told, acceptance: Told) -> bool:
    """Whether count or mass of the two sides differ by more than their scales allow."""
    offered, taken = offer.event.body, acceptance.event.body
    if not (isinstance(offered, CustodyOffered) and isinstance(taken, CustodyAccepted)):
        return False
    if not set(taken.units) <= set(offered.units) | {offer.event.unit}:
        return True
    if None not in (offered.count, taken.count) and offered.count != taken.count:
        return True
    if offered.kg is None or taken.kg is None:
        return False
    return abs(offered.kg - taken.kg) > offered.scale_error_kg + taken.scale_error_kg + 1e-9
