"""One step from a retired pack or a lot to a lawful site, and the hand-over that follows."""

from __future__ import annotations

from dataclasses import dataclass

from cloud_bridge.errors import BridgeError
from cloud_bridge.fold import Lifecycle, Told, fold_lot
from cloud_bridge.fold.custody import quantity_gap
from cloud_bridge.store import Entry, Store
from cloud_bridge.takeback.directory import Near, near, objection, sites_of
from cloud_bridge.view import Packs, parse_unit
from cloud_bridge.view.stories import told_of
from packtrail.errors import CodeError
from packtrail.event import (
    Body,
    CustodyAccepted,
    CustodyOffered,
    CustodyRefused,
    LotRef,
    RecoveryOrdered,
    RecoveryReceived,
    SiteRegistered,
    Subject,
    UnitRef,
)
from packtrail.language import Text

WASTE = frozenset({Lifecycle.RETIRED, Lifecycle.RECOVERED, Lifecycle.DESTROYED})

About = tuple[UnitRef | None, Body]


@dataclass(frozen=True, slots=True)
class Cargo:
    """What is to be taken back.

    Attributes:
        unit: a pack, or None.
        lot: a lot, or None.
        chemistry: "" where it is mixed or not known.
        kg: mass on record, or None.
        count: pieces.
    """

    unit: UnitRef | None
    lot: LotRef | None
    chemistry: str
    kg: float | None
    count: int | None


def cargo_of(store: Store, name: str) -> Cargo:
    """A retired pack by its code, or a lot as `party/number`.

    Raises:
        BridgeError: nobody knows it, or the pack is not retired.
    """
    party, slash, number = name.partition("/")
    if slash and ":" not in party:
        return _lot(store, LotRef(party, number))
    try:
        unit = parse_unit(name)
    except CodeError as error:
        raise _no(str(error), str(error), name) from error
    state = Packs(store).state(unit)
    if not state.events:
        raise _no("nothing was ever reported of it", "没有任何记录", name)
    if state.lifecycle not in WASTE:
        stage = state.lifecycle.text
        raise _no(f"it is {stage.en}, not retired", f"状态为{stage.zh}，尚未退役", name)
    chemistry = state.registration.stated.chemistry if state.registration else ""
    return Cargo(state.unit, None, chemistry, state.parts.mass_kg, 1)


def _lot(store: Store, lot: LotRef) -> Cargo:
    facts = [told_of(entry) for entry in store.entries_about(Subject("lot", str(lot)))]
    if not facts:
        raise _no("no such lot", "没有这个批次", str(lot))
    state = fold_lot(lot, facts)
    kinds = {
        registration.stated.chemistry
        for unit in state.units
        if (registration := Packs(store).state(unit).registration)
    }
    chemistry = kinds.pop() if len(kinds) == 1 else ""
    return Cargo(None, lot, chemistry, state.kg_left or None, len(state.units) or None)


def choose(
    store: Store, cargo: Cargo, day: str, *, region: str, from_site: str, to_site: str
) -> Near:
    """The named site if it is lawful, else the nearest lawful one.

    Raises:
        BridgeError: the named site may not take it, or there is no lawful site.
    """
    sites = sites_of(store)
    place = sites.get(from_site)
    if to_site:
        site = sites.get(to_site)
        why = objection(site, cargo.chemistry, day) if site else Text("not listed", "不在名录中")
        if site is None or why:
            told = why or Text("not listed", "不在名录中")
            raise _no(told.en, told.zh, to_site)
        return near([site], cargo.chemistry, day, region=region, place=place)[0]
    found = near(sites.values(), cargo.chemistry, day, region=region, place=place)
    if not found:
        raise _no(
            "no lawful site takes it: import a directory",
            "没有可接收的合法场所：请先导入名录",
            cargo.chemistry or str(cargo.lot or cargo.unit),
        )
    return found[0]


def ordered(
    cargo: Cargo, chosen: Near, order: str, *, kg: float | None, count: int | None, region: str
) -> list[About]:
    """The order and the offer of custody that serves it."""
    lots = (cargo.lot,) if cargo.lot else ()
    units = (cargo.unit,) if cargo.unit else ()
    mass, pieces = kg if kg is not None else cargo.kg, count if count is not None else cargo.count
    site: SiteRegistered = chosen.site
    order_body = RecoveryOrdered(
        order, site.party, site.site, site.licence, units, lots, mass, pieces, region
    )
    offer = CustodyOffered(order, site.party, units, lots, mass, pieces, order=order)
    return [(cargo.unit, order_body), (cargo.unit, offer)]


def offer_of(store: Store, giver: str, offer: str) -> Entry:
    """The offer that a receiver answers.

    Raises:
        BridgeError: the giver made none of that number.
    """
    after = -1
    while page := store.entries_of_type("CustodyOffered", after):
        for entry in page:
            body = entry.event.body
            if entry.event.author == giver and getattr(body, "offer", "") == offer:
                return entry
        after = page[-1].leaf
    raise _no("no such offer", "没有这份移交", f"{giver}/{offer}")


def accepted(
    entry: Entry, *, site: str, kg: float | None, count: int | None, without: tuple[str, ...]
) -> tuple[list[About], bool]:
    """Acceptance and receipt into store of what was really there; whether the sides differ."""
    body = entry.event.body
    assert isinstance(body, CustodyOffered)
    left = {parse_unit(code) for code in without}
    units = tuple(unit for unit in body.units if unit not in left)
    pieces = count if count is not None else (len(units) or None if left else body.count)
    mass = kg if kg is not None else body.kg
    giver, own = entry.event.author, entry.event.unit
    unit = None if own in left else own
    acceptance = CustodyAccepted(
        body.offer, giver, units, body.lots, mass, pieces, site=site,
        remark=", ".join(sorted(without)),
    )  # fmt: skip
    lot = body.lots[0] if len(body.lots) == 1 else None
    receipt = RecoveryReceived(site, units, giver, mass, pieces, lot, body.order)
    differ = bool(left) or _differ(entry, acceptance)
    return [(unit, acceptance), (unit, receipt)], differ


def _differ(entry: Entry, acceptance: CustodyAccepted) -> bool:
    offer = told_of(entry)
    event = entry.event
    answer = Told("", type(event)(
        unit=event.unit, occurred_from=event.occurred_from, occurred_to=event.occurred_to,
        clock=event.clock, author="", stream="", counter=0, body=acceptance,
    ))  # fmt: skip
    return quantity_gap(offer, answer)


def refused(entry: Entry, reason: str) -> list[About]:
    """Refusal: custody stays with the giver."""
    body = entry.event.body
    assert isinstance(body, CustodyOffered)
    told = CustodyRefused(
        body.offer, entry.event.author, reason, body.units, body.lots, body.kg, body.count
    )
    return [(entry.event.unit, told)]


def _no(en: str, zh: str, where: str) -> BridgeError:
    return BridgeError(
        Text(en, zh), where=where, hint=Text("check it and try again", "请核对后重试")
    )
