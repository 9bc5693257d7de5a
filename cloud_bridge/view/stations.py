"""Stations as they are asked for: gateways, what was received of each, and their slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cloud_bridge.fold import Told
from cloud_bridge.ingest.presence import Presence
from cloud_bridge.store import (
    Equivocation,
    GatewayProgress,
    PlaceFact,
    RefusedRecord,
    SlotNow,
    Store,
)
from cloud_bridge.view.packs import Packs, PackView
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
    pack: PackView | None
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
        """One station as it is now."""
        trust, now_ns = self._trust(), self._now()
        voices = self._voices(trust).get(gateway, [])
        alarms = self._store.alarms(gateway, ALARMS)
        return StationView(
            gateway=gateway,
            sites=tuple(sorted(site for voice in voices for site in voice.sites)),
            trusted=any(voice.valid(now_ns) for voice in voices),
            online=self._presence.of(gateway),
            progress=self._store.progress_of(gateway),
            slots=self._slots(gateway),
            alarms=tuple(told_of(entry) for entry in alarms),
            refusals=tuple(self._store.refusals(gateway)),
            equivocations=tuple(self._store.equivocations(gateway)),
        )

    def _voices(self, trust: TrustList) -> dict[str, list[Voice]]:
        """By party; made anew when the trust list has changed."""
        known, grouped = self._grouped
        if known is not trust:
            grouped = defaultdict(list)
            for voice in trust.voices.values():
                grouped[voice.party].append(voice)
            self._grouped = trust, grouped
        return grouped

    def _slots(self, gateway: str) -> tuple[SlotView, ...]:
        facts = {fact.place.slot: fact for fact in self._store.places(gateway)}
        chunks = {slot.slot: slot for slot in self._store.slots(gateway)}
        names = sorted(facts.keys() | chunks.keys(), key=_natural)
        return tuple(self._slot(name, facts.get(name), chunks.get(name)) for name in names)

    def _slot(self, name: str, fact: PlaceFact | None, chunk: SlotNow | None) -> SlotView:
        if fact is None:
            unit = chunk.unit if chunk else None
            return SlotView(name, self._packs.view(unit) if unit else None, "", 0)
        told = told_of(fact.entry)
        since_ns = told.event.from_ns
        if isinstance(told.event.body, IdentityContested):
            return SlotView(name, None, told.event.body.problem, since_ns)
        installed = isinstance(told.event.body, PackInstalled)
        pack = self._in_slot(told.event.unit, fact.place) if installed else None
        return SlotView(name, pack, "", since_ns)

    def _in_slot(self, unit: UnitRef | None, place: PlaceRef) -> PackView | None:
        """The pack, unless it has gone elsewhere since it was put here."""
        if unit is None:
            return None
        view = self._packs.view(unit)
        binding = view.state.binding
        return view if binding and binding.place == place else None


def _natural(name: str) -> tuple[int, str]:
    """Slot 10 after slot 9."""
    return (int(name), name) if name.isdecimal() and len(name) < 9 else (10**9, name)
