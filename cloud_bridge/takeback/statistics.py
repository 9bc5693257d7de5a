"""What was taken back: packs, kWh and recoverable metals per lot, party, region or month."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.exports.gathering import model_of, statements_of
from cloud_bridge.fold import PackState, Told
from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import in_order
from cloud_bridge.store import Store
from cloud_bridge.takeback.directory import sites_of
from cloud_bridge.view import Packs
from cloud_bridge.view.stories import told_of, with_roles
from packtrail.event import ModelSheetPublished, RecoveryReceived, UnitRef
from packtrail.language import Text

GROUPS: Final = ("lot", "party", "region", "month")
RECOVERY: Final = {"Li": 0.90, "Ni": 0.98, "Co": 0.98, "Mn": 0.98, "Cu": 0.98, "Al": 0.98}
"""Element -> share that has to be recovered (MIIT announcement 42/2024)."""


@dataclass(slots=True)
class Row:
    """One group.

    Attributes:
        group: its name.
        packs: coded packs.
        kg: mass on record or as received.
        kwh: rated energy of those packs that tell it.
        metals: element -> recoverable kg, of the packs whose maker states its elements.
        known: packs with a stated composition; of the others no metal is counted.
    """

    group: str
    packs: int = 0
    kg: float = 0.0
    kwh: float = 0.0
    metals: dict[str, float] = field(default_factory=lambda: dict.fromkeys(RECOVERY, 0.0))
    known: int = 0


def recovered(store: Store, by: str) -> list[Row]:
    """Groups in their order; a pack counts once per group, where it was first received."""
    regions = {name: site.region for name, site in sites_of(store).items()}
    rows: dict[str, Row] = {}
    seen: dict[str, set[UnitRef]] = defaultdict(set)
    for told in _receipts(store):
        body = told.event.body
        assert isinstance(body, RecoveryReceived)
        group = {
            "lot": str(body.lot or "-"),
            "party": told.event.author,
            "region": regions.get(body.site, "-"),
            "month": told.event.occurred_from[:7],
        }[by]
        row = rows.setdefault(group, Row(group))
        units = dict.fromkeys([*body.units, *([told.event.unit] if told.event.unit else [])])
        for unit in units:
            if unit not in seen[group]:
                seen[group].add(unit)
                _count(row, store, unit)
        if not units:
            row.packs += body.count or 0
            row.kg += body.kg or 0.0
    return [rows[name] for name in sorted(rows)]


def _receipts(store: Store) -> Sequence[Told]:
    facts: list[Told] = []
    for kind in ("RecoveryReceived", "CorrectionDeclared", "Disputed", "DisputeResolved"):
        after = -1
        while page := store.entries_of_type(kind, after):
            facts += [told_of(entry) for entry in page]
            after = page[-1].leaf
    standing = Settlement(in_order(with_roles(store, facts))).standing
    return [told for told in standing if isinstance(told.event.body, RecoveryReceived)]


def _count(row: Row, store: Store, unit: UnitRef) -> None:
    state = Packs(store).state(unit)
    row.packs += 1
    row.kg += state.parts.mass_kg or 0.0
    stated = state.registration.stated if state.registration else None
    if stated:
        nominal = stated.rated_capacity_ah * stated.nominal_voltage_v / 1000
        row.kwh += stated.energy_kwh or nominal
    metals = metals_of(store, state)
    if metals:
        row.known += 1
        for element, share in RECOVERY.items():
            row.metals[element] += share * metals.get(element, 0.0)


def metals_of(store: Store, state: PackState) -> dict[str, float]:
    """Element -> kg in one pack, as the newest sheet of its model states it; empty if none does."""
    model = model_of(state)
    if model is None:
        return {}
    found: dict[str, float] = {}
    for told in statements_of(store, model):
        body = told.event.body
        if isinstance(body, ModelSheetPublished):
            found = defaultdict(float)
            for part in body.parts:
                for element, kg in part.elements.items():
                    found[element] += kg
    return dict(found)


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
