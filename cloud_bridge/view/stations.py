"""Stations as they are asked for: gateways, what was received of each, and their slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from cloud_bridge.fold import Told
from cloud_bridge.ingest.presence import Presence
from cloud_bridge.store import (
    Equivocation,
    GatewayProgress,
    RefusedRecord,
    Store,
)
from cloud_bridge.store.stations import StationRows
from cloud_bridge.view.glances import PackGlance
from cloud_bridge.view.packs import Packs
from cloud_bridge.view.stories import told_of
from packtrail.event import IdentityContested, PackInstalled, PlaceRef, UnitRef
from packtrail.proof.trust import TrustList, Voice

ALARMS: Final = 20


@dataclass(frozen=True, slots=True)
class SlotView:
    """One slot now.

    Attributes:
        slot: its name at the gateway.
        pack: the pack in it, or None.
        problem: why it is not known which pack is in it, "" otherwise.
        since_ns: when that was reported, UTC ns; 0 if only telemetry tells of the slot.
    """

    slot: str
    pack: PackGlance | None
    problem: str
    since_ns: int


@dataclass(frozen=True, slots=True)
class StationView:
    """One gateway.

    Attributes:
        gateway: its id.
        sites: where it may speak of; empty for anywhere.
        trusted: whether its key has a voice now.
        online: what the broker says: True, False, or None if it said nothing.
        progress: newest epoch that was answered, or None.
        slots: in the order of their names.
        alarms: newest incidents and contested identities first.
        refusals: newest refused records first.
        equivocations: numbers that came with two contents, newest first.
    """

    gateway: str
    sites: tuple[str, ...]
    trusted: bool
    online: bool | None
    progress: GatewayProgress | None
    slots: tuple[SlotView, ...]
    alarms: tuple[Told, ...]
    refusals: tuple[RefusedRecord, ...]
    equivocations: tuple[Equivocation, ...]

    @property
    def lag_ns(self) -> int | None:
        """From the newest record's sealing to its commit; None before any record."""
        if self.progress is None or not self.progress.sealed_ns:
            return None
        return self.progress.committed_ns - self.progress.sealed_ns

    @property
    def missing(self) -> int:
        """Numbers below the highest that have not arrived."""
        return self.progress.highest - self.progress.through if self.progress else 0


class Stations:
    """Reads stations from a store.

    Args:
        store: where.
        packs: reads the packs in the slots.
        trust: the trust list of this moment.
        presence: what the broker says of each gateway.
        now: UTC nanoseconds.
    """

    def __init__(
        self,
        store: Store,
        packs: Packs,
        trust: Callable[[], TrustList],
        presence: Presence,
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._trust = trust
        self._presence = presence
        self._packs = packs
        self._now = now
        self._grouped: tuple[TrustList | None, dict[str, list[Voice]]] = (None, {})

    def names(self) -> list[str]:
        """Every gateway that was ever trusted or answered."""
        return sorted({*self._store.gateway_names(), *self._trust().gateways()})

    def online(self, names: Iterable[str]) -> int:
        """How many of these the broker says are there."""
        return sum(self._presence.of(name) is True for name in names)

    def view(self, gateway: str) -> StationView:
        """One station as it is now, with its alarms."""
        with self._store.reading():
            (plain,) = self.views([gateway])
            alarms = self._store.alarms(gateway, ALARMS)
            return replace(plain, alarms=tuple(told_of(entry) for entry in alarms))

    def views(self, gateways: Sequence[str]) -> list[StationView]:
        """Stations as they are now, without alarms."""
        trust, now_ns = self._trust(), self._now()
        with self._store.reading():
            found = self._store.stations(gateways)
            slots = self._slots(found)
            refusals = {name: self._refusals(name) for name, one in found.items() if one.refused}
            twins = {name: self._twins(name) for name, one in found.items() if one.doubled}
        voices = self._voices(trust)
        return [
            StationView(
                gateway=name,
                sites=tuple(sorted(site for voice in voices.get(name, ()) for site in voice.sites)),
                trusted=any(voice.valid(now_ns) for voice in voices.get(name, ())),
                online=self._presence.of(name),
                progress=found[name].progress,
                slots=slots[name],
                alarms=(),
                refusals=refusals.get(name, ()),
                equivocations=twins.get(name, ()),
            )
            for name in gateways
        ]

    def _refusals(self, gateway: str) -> tuple[RefusedRecord, ...]:
        return tuple(self._store.refusals(gateway))

    def _twins(self, gateway: str) -> tuple[Equivocation, ...]:
        return tuple(self._store.equivocations(gateway))

    def _voices(self, trust: TrustList) -> dict[str, list[Voice]]:
        """By party; made anew when the trust list has changed."""
        known, grouped = self._grouped
        if known is not trust:
            grouped = defaultdict(list)
            for voice in trust.voices.values():
                grouped[voice.party].append(voice)
            self._grouped = trust, grouped
        return grouped

    def _slots(self, found: Mapping[str, StationRows]) -> dict[str, tuple[SlotView, ...]]:
        """Of several stations, their packs read together."""
        told = {name: _slots_told(rows) for name, rows in found.items()}
        units = [slot.unit for slots in told.values() for slot in slots if slot.unit]
        packs = self._packs.glances(units)
        return {
            name: tuple(_slot_view(slot, packs) for slot in slots) for name, slots in told.items()
        }


class _Slot(NamedTuple):
    """What the newest report of a slot says; `place` is None where only telemetry tells of it."""

    name: str
    unit: UnitRef | None
    place: PlaceRef | None
    problem: str
    since_ns: int


def _slots_told(rows: StationRows) -> list[_Slot]:
    slots = {slot.slot: _Slot(slot.slot, slot.unit, None, "", 0) for slot in rows.slots}
    for fact in rows.places:
        event = fact.entry.event
        slot = _Slot(fact.place.slot, None, fact.place, "", event.from_ns)
        if isinstance(event.body, IdentityContested):
            slot = slot._replace(problem=event.body.problem)
        elif isinstance(event.body, PackInstalled):
            slot = slot._replace(unit=event.unit)
        slots[slot.name] = slot
    return [slots[name] for name in sorted(slots, key=_natural)]


def _slot_view(slot: _Slot, packs: Mapping[UnitRef, PackGlance]) -> SlotView:
    """With its pack, unless that has gone elsewhere since it was put here."""
    pack = packs[slot.unit] if slot.unit else None
    if pack and slot.place:
        binding = pack.told.binding
        pack = pack if binding and binding.place == slot.place else None
    return SlotView(slot.name, pack, slot.problem, slot.since_ns)


def _natural(name: str) -> tuple[int, str]:
    """Slot 10 after slot 9."""
    return (int(name), name) if name.isdecimal() and len(name) < 9 else (10**9, name)
