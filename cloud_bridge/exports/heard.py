"""Whose word it is: gateways, vehicle platforms, swap stations and others behind a pack's data.

Chunks go by on their way to the counters; which kind of source each came from, and whose was the
newest reading of a quantity, is kept. Who a party is stands on the trust list; a station that
speaks over OCPP shows in the readings of its own facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np

from cloud_bridge.exports.datum import Origin
from cloud_bridge.fold import Told
from cloud_bridge.store import StoredChunk
from packtrail.event import Reading, Role
from packtrail.ocpp import SOURCE
from packtrail.sample import SampleBatch

_OF_ROLE: Final[Mapping[str, Origin]] = MappingProxyType(
    {
        Role.GATEWAY: Origin.GATEWAY,
        Role.FEED: Origin.VEHICLE_PLATFORM,
        Role.WORKSHOP: Origin.WORKSHOP,
        Role.LABORATORY: Origin.LABORATORY,
        Role.SYSTEM: Origin.BRIDGE,
    }
)

Origins = tuple[Origin, ...]


@dataclass(slots=True)
class Heard:
    """Sources of one unit's data.

    Attributes:
        roles: party -> its role on the trust list.
        stations: parties that spoke over OCPP.
        days: (begin, end) UTC ns of each day that counters tell of.
        sampled: sources of the samples that were read.
        counted: of these, of samples outside of `days`.
        newest: quantity -> (UTC ns, source) of the newest sample that knows it.
    """

    roles: Mapping[str, str] = field(default_factory=dict)
    stations: frozenset[str] = frozenset()
    days: Sequence[tuple[int, int]] = ()
    sampled: set[Origin] = field(default_factory=set)
    counted: set[Origin] = field(default_factory=set)
    newest: dict[str, tuple[int, Origin]] = field(default_factory=dict)

    def of_party(self, party: str) -> Origin:
        """Which kind of source a party is; a gateway where the trust list says nothing."""
        if party in self.stations:
            return Origin.SWAP_STATION
        role = self.roles.get(party)
        return Origin.GATEWAY if role is None else _OF_ROLE.get(role, Origin.PARTY)

    def of(self, facts: Iterable[Told]) -> Origins:
        """Sources of facts."""
        return tuple(sorted({self.of_party(told.event.author) for told in facts}))

    def of_events(self, facts: Sequence[Told], events: Iterable[str]) -> Origins:
        """Sources of the facts with these ids."""
        wanted = set(events)
        return self.of(told for told in facts if told.event_id in wanted)

    def watching(self, pieces: Iterable[tuple[StoredChunk, SampleBatch]]) -> Iterator[SampleBatch]:
        """The batches, looked at."""
        for chunk, batch in pieces:
            if len(batch):
                self._take(self.of_party(chunk.address.gateway), batch)
            yield batch

    def _take(self, origin: Origin, batch: SampleBatch) -> None:
        self.sampled.add(origin)
        begin, end = int(batch.t_ns[0]), int(batch.t_ns[-1])
        if not any(low <= begin and end < high for low, high in self.days):
            self.counted.add(origin)
        for name, column in batch.values.items():
            known = np.flatnonzero(np.isfinite(column.reshape(len(batch), -1)).any(axis=1))
            if len(known):
                at = int(batch.t_ns[known[-1]])
                if at >= self.newest.get(name, (0, origin))[0]:
                    self.newest[name] = (at, origin)


def stations_in(facts: Iterable[Told]) -> frozenset[str]:
    """Parties whose facts hold a reading of OCPP."""
    return frozenset(
        told.event.author
        for told in facts
        if any(
            isinstance(one, Reading) and one.source == SOURCE
            for one in getattr(told.event.body, "readings", ())
        )
    )
