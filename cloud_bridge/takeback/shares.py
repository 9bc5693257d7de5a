"""What one pack, or one receipt without packs, adds to the statistics: pure, from its own facts.

A pack counts once in every group in which it was received, whatever was said how often. Masses
are whole milligrams and energies whole milliwatt-hours: sums come out the same in any order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from cloud_bridge.exports.gathering import model_of
from cloud_bridge.fold import PackState, Told
from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import in_order
from cloud_bridge.rules.dates import CHINA, day_of
from packtrail.event import ModelSheetPublished, RecoveryReceived, UnitRef

GROUPS: Final = ("lot", "party", "region", "month")
ALL: Final = "all"
"""The kind of the one group that everything is in; its name is empty."""
NOTHING: Final = "-"
MG_PER_KG: Final = 1_000_000
RECOVERY: Final = {"Li": 90, "Ni": 98, "Co": 98, "Mn": 98, "Cu": 98, "Al": 98}
"""Element -> per cent that have to be recovered (MIIT announcement 42/2024)."""

Group = tuple[str, str]
"""Kind and name."""


class Share(msgspec.Struct, frozen=True):
    """What is added to each group.

    Attributes:
        groups: in their order.
        packs: coded packs, or as counted where none is named.
        mg: mass on record, or as received.
        mwh: rated energy.
        maker: of the pack's model, "" where it has none.
        model: its name.
    """

    groups: tuple[Group, ...]
    packs: int
    mg: int
    mwh: int = 0
    maker: str = ""
    model: str = ""


def receipts_in(facts: Iterable[Told]) -> list[Told]:
    """Receipts that no correction or upheld dispute takes out."""
    standing = Settlement(in_order(facts)).standing
    return [told for told in standing if isinstance(told.event.body, RecoveryReceived)]


def units_received(told: Told) -> tuple[UnitRef, ...]:
    """Packs that a receipt names, each once."""
    body, own = told.event.body, told.event.unit
    named = body.units if isinstance(body, RecoveryReceived) else ()
    return tuple(dict.fromkeys([*named, *([own] if own else [])]))


def share_of_pack(
    names: Collection[UnitRef],
    facts: Sequence[Told],
    state: PackState,
    regions: Mapping[str, str],
) -> Share | None:
    """What a pack adds; None where it was never taken back.

    Args:
        names: its codes, without those that mean another pack first.
        facts: its story, in any order.
        state: their fold.
        regions: site -> region, of the directory.
    """
    received = [one for one in receipts_in(facts) if set(names) & set(units_received(one))]
    if not received:
        return None
    stated = state.registration.stated if state.registration else None
    kwh = 0.0
    if stated:
        nominal = stated.rated_capacity_ah * stated.nominal_voltage_v / 1000
        kwh = stated.energy_kwh or nominal
    model = model_of(state)
    groups = {group for one in received for group in _groups(one, regions)}
    return Share(
        groups=tuple(sorted(groups)),
        packs=1,
        mg=_whole(state.parts.mass_kg),
        mwh=_whole(kwh),
        maker=model.maker if model else "",
        model=model.name if model else "",
    )


def share_of_receipt(
    event_id: str, facts: Iterable[Told], regions: Mapping[str, str]
) -> Share | None:
    """What a receipt that names no pack adds; None where it does not stand.

    Args:
        event_id: its own.
        facts: it, and what was said of it.
        regions: site -> region.
    """
    for told in receipts_in(facts):
        body = told.event.body
        if told.event_id == event_id and isinstance(body, RecoveryReceived):
            return Share(_groups(told, regions), body.count or 0, _whole(body.kg))
    return None


def metals_of(sheets: Iterable[Told]) -> dict[str, int]:
    """Element -> milligrams in one pack, by the newest of a model's sheets, in order."""
    found: dict[str, int] = {}
    for told in sheets:
        body = told.event.body
        if isinstance(body, ModelSheetPublished):
            found = {}
            for part in body.parts:
                for element, kg in part.elements.items():
                    found[element] = found.get(element, 0) + _whole(kg)
    return found


def added(shares: Collection[Share], sign: int = 1) -> dict[tuple[str, str, str, str], list[int]]:
    """(kind, name, maker, model) -> shares, packs, mg, mwh, all times `sign`."""
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for share in shares:
        for kind, name in share.groups:
            row = sums.setdefault((kind, name, share.maker, share.model), [0, 0, 0, 0])
            for at, value in enumerate((1, share.packs, share.mg, share.mwh)):
                row[at] += sign * value
    return sums


def _groups(told: Told, regions: Mapping[str, str]) -> tuple[Group, ...]:
    body = told.event.body
    lot, site = (body.lot, body.site) if isinstance(body, RecoveryReceived) else (None, "")
    # A month of the law's calendar: Chinese days.
    month = day_of(told.event.from_ns, CHINA)[:7]
    names = {
        "lot": str(lot or NOTHING),
        "party": told.event.author,
        "region": regions.get(site, "") or NOTHING,
        "month": month,
        ALL: "",
    }
    return tuple(sorted(names.items()))


def _whole(value: float | None) -> int:
    return round((value or 0.0) * MG_PER_KG)
