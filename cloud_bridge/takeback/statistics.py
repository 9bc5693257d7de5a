"""What was taken back: packs, kWh and recoverable metals per lot, party, region or month."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.store import Store
from cloud_bridge.takeback.directory import sites_of
from cloud_bridge.takeback.making import closure, codes_of, model_metals
from cloud_bridge.takeback.shares import (
    ALL,
    GROUPS,
    MG_PER_KG,
    RECOVERY,
    Share,
    added,
    share_of_pack,
    share_of_receipt,
    units_received,
)
from cloud_bridge.takeback.tally import Tally
from cloud_bridge.view.stories import Stories, told_of
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.shapes import from_json

__all__ = ["ALL", "GROUPS", "RECOVERY", "Row", "page", "recomputed", "recovered"]

LAST: Final = "\U0010ffff"
EVERY: Final = 2**31 - 1
NEAR: Final = 2_000
AT_MOST: Final = 3
"""Steps that a reader takes before it is answered."""

Sum = tuple[str, int, int, int, dict[str, int]]
"""Name of a group, packs, mg and mWh of one model in it, and mg of each element in a pack."""


@dataclass(slots=True)
class Row:
    """One group.

    Attributes:
        group: its name.
        packs: coded packs, and those counted where none was named.
        mg: mass on record or as received, milligrams.
        mwh: rated energy of those packs that tell it, milliwatt-hours.
        metals_cmg: element -> hundredths of a recoverable mg, of packs with a stated composition.
        known: packs with a stated composition; of the others no metal is counted.
    """

    group: str
    packs: int = 0
    mg: int = 0
    mwh: int = 0
    metals_cmg: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RECOVERY, 0))
    known: int = 0

    @property
    def kg(self) -> float:
        """Mass."""
        return self.mg / MG_PER_KG

    @property
    def kwh(self) -> float:
        """Rated energy."""
        return self.mwh / MG_PER_KG

    @property
    def metals(self) -> dict[str, float]:
        """Element -> recoverable kg."""
        return {name: value / (100 * MG_PER_KG) for name, value in self.metals_cmg.items()}


def freshen(store: Store) -> int:
    """Take the newest lines in; how much is left, where that is a long way.

    The long way is left to the bridge's own thread.
    """
    tally = Tally(store)
    behind = tally.behind()
    if 0 < behind <= NEAR:
        tally.advance(AT_MOST)
        behind = tally.behind()
    return behind


def recovered(store: Store, by: str) -> list[Row]:
    """All groups of a kind in their order, with every line taken in."""
    Tally(store).advance()
    return page(store, by, limit=EVERY)[0]


def page(store: Store, by: str, after: str = "", limit: int = 200) -> tuple[list[Row], bool]:
    """Groups of a kind above `after`, as the store keeps them; whether there are more."""
    begin = after if by != ALL else ""
    row = {"kind": by, "after": begin, "limit": min(limit, EVERY - 1) + 1}
    if by == ALL:
        return _rows(_read(store, {"kind": ALL, "after": "", "through": LAST}, whole=True)), False
    names = [name for (name,) in store.stream("takeback_names", row)]
    shown = names[:limit]
    if not shown:
        return [], False
    span = {"kind": by, "after": begin, "through": shown[-1]}
    return _rows(_read(store, span)), len(names) > limit


def _read(store: Store, span: dict[str, str], *, whole: bool = False) -> Iterator[Sum]:
    name = "takeback_sums_of_all" if whole else "takeback_sums"
    values = {"kind": span["kind"]} if whole else span
    for group, packs, mg, mwh, content in store.stream(name, values):
        yield group, packs, mg, mwh, from_json(content, dict[str, int])


def _rows(sums: Iterable[Sum]) -> list[Row]:
    rows: dict[str, Row] = {}
    for group, packs, mg, mwh, metals in sums:
        row = rows.setdefault(group, Row(group))
        row.packs += packs
        row.mg += mg
        row.mwh += mwh
        row.known += packs if metals else 0
        for element, per_cent in RECOVERY.items():
            row.metals_cmg[element] += packs * per_cent * metals.get(element, 0)
    return [rows[name] for name in sorted(rows)]


def recomputed(store: Store, by: str) -> list[Row]:
    """The same from the ledger alone: nothing of what the store keeps is looked at."""
    with store.reading():
        shares = list(_shares(store))
        models = {(one.maker, one.model) for one in shares if one.model}
        metals = {model: model_metals(store, *model) for model in models}
    sums = (
        (name, packs, mg, mwh, metals.get((maker, model), {}))
        for (kind, name, maker, model), (_, packs, mg, mwh) in added(shares).items()
        if kind == by
    )
    return _rows(sums)


def _shares(store: Store) -> Iterator[Share]:
    regions = {name: site.region for name, site in sites_of(store).items()}
    stories, seen, after = Stories(store), set[UnitRef](), -1
    while lines := store.entries_of_type("RecoveryReceived", after):
        for told in map(told_of, lines):
            units = units_received(told)
            found = [] if units else [
                share_of_receipt(told.event_id, closure(store, told.event_id), regions)
            ]  # fmt: skip
            for story in (stories.of(unit) for unit in units):
                if story.unit not in seen:
                    seen.add(story.unit)
                    names = codes_of(stories, story)
                    found.append(share_of_pack(names, story.facts, story.state, regions))
            yield from (share for share in found if share is not None)
        after = lines[-1].leaf


def as_csv(rows: Sequence[Row]) -> str:
    """A header and a line per group."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    metals = [f"recoverable_{element.lower()}_kg" for element in RECOVERY]
    writer.writerow(["group", "packs", "kg", "kwh", *metals, "packs_with_composition"])
    for row in rows:
        kg = [f"{row.metals[element]:.3f}" for element in RECOVERY]
        writer.writerow([row.group, row.packs, f"{row.kg:.3f}", f"{row.kwh:.3f}", *kg, row.known])
    return buffer.getvalue()


def as_text(rows: Sequence[Row]) -> str:
    """One line per group, for a person."""
    if not rows:
        return Text("nothing was taken back yet", "尚无回收记录").say()
    head = Text("packs {n}, {kg:.0f} kg, {kwh:.1f} kWh", "电池 {n} 个，{kg:.0f} kg，{kwh:.1f} kWh")
    lines = []
    for row in rows:
        metals = " · ".join(f"{name} {kg:.1f}" for name, kg in row.metals.items())
        known = Text("kg, of {n} packs with a composition", "kg（{n} 个有组成数据）").say(
            n=row.known
        )
        told = head.say(n=row.packs, kg=row.kg, kwh=row.kwh)
        lines.append(f"{row.group}: {told} · {metals} {known}")
    return "\n".join(lines)
