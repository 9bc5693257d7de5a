"""Who holds what: offers and acceptances, take-back orders, receipts at outlets and recyclers.

Custody moves on acceptance only. Quantities are stated by both sides, so that a gap shows.
"""

from __future__ import annotations

from packtrail.event.refs import EventBody, LotRef, PlaceRef, UnitRef


class CustodyOffered(EventBody, frozen=True):
    """The author hands units or lots to `to_party`.

    Attributes:
        offer: the giver's own number; acceptance and refusal name it with the giver.
        to_party: receiver.
        units: coded units, beside the event's own unit if it has one.
        lots: lots of parts or material.
        kg: gross mass as weighed by the giver, kg.
        count: pieces as counted by the giver.
        scale_error_kg: 95 % half-width of the weighing, kg.
        order: the take-back order that it serves, "" without one.
    """

    offer: str
    to_party: str
    units: tuple[UnitRef, ...] = ()
    lots: tuple[LotRef, ...] = ()
    kg: float | None = None
    count: int | None = None
    scale_error_kg: float = 0.0
    order: str = ""


class CustodyAccepted(EventBody, frozen=True):
    """The author takes over what `from_party` offered, or a part of it.

    Attributes:
        offer: the giver's number.
        from_party: giver.
        units: what was really there.
        lots: what was really there.
        kg: as weighed by the receiver, kg.
        count: as counted by the receiver.
        scale_error_kg: 95 % half-width of the weighing, kg.
        site: where it is now.
        remark: what is wrong with it.
    """

    offer: str
    from_party: str
    units: tuple[UnitRef, ...] = ()
    lots: tuple[LotRef, ...] = ()
    kg: float | None = None
    count: int | None = None
    scale_error_kg: float = 0.0
    site: str = ""
    remark: str = ""


class CustodyRefused(EventBody, frozen=True):
    """The author does not take what `from_party` offered; custody stays with the giver."""

    offer: str
    from_party: str
    reason: str
    units: tuple[UnitRef, ...] = ()
    lots: tuple[LotRef, ...] = ()
    kg: float | None = None
    count: int | None = None


class RecoveryOrdered(EventBody, frozen=True):
    """A take-back order: the author's units or lots shall go to a lawful outlet or firm.

    Attributes:
        order: the author's own number.
        to_party: outlet or utilisation firm.
        site: its site, as the directory has it.
        licence: of that site, as the directory had it when ordered.
        region: where the units are.
        pick_up_by: ISO date.
    """

    order: str
    to_party: str
    site: str = ""
    licence: str = ""
    units: tuple[UnitRef, ...] = ()
    lots: tuple[LotRef, ...] = ()
    kg: float | None = None
    count: int | None = None
    region: str = ""
    pick_up_by: str = ""


class RecoveryReceived(EventBody, frozen=True):
    """An outlet or utilisation firm took waste packs into store (回收入库).

    Attributes:
        units: coded units, beside the event's own unit if it has one.
        from_party: who brought them.
        kg: mass, kg.
        count: pieces, coded or not.
        lot: the store's lot that they join.
        licence: under which they were taken.
        condition: `intact`, `damaged`, `leaking`, `burnt` ...
    """

    site: str
    units: tuple[UnitRef, ...] = ()
    from_party: str = ""
    kg: float | None = None
    count: int | None = None
    lot: LotRef | None = None
    order: str = ""
    licence: str = ""
    condition: str = ""


class RecoveryShipped(EventBody, frozen=True):
    """An outlet or utilisation firm sent units or lots on (回收出库)."""

    site: str
    to_party: str
    units: tuple[UnitRef, ...] = ()
    lots: tuple[LotRef, ...] = ()
    kg: float | None = None
    count: int | None = None
    order: str = ""


class LotFormed(EventBody, frozen=True):
    """Units are gathered into a lot, which is then handed over and processed as one."""

    lot: LotRef
    units: tuple[UnitRef, ...] = ()
    place: PlaceRef | None = None
    kg: float | None = None
    count: int | None = None
