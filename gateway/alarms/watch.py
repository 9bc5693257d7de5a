"""Watches a pack against thresholds and says when trouble begins and when it ends.

Features enter, incidents leave: one when a limit is passed, one when the value is back at the
clearing value, nothing in between. What is wrong can be remembered over a restart.
"""

from __future__ import annotations

import msgspec

from gateway.alarms.features import Feature, Features
from gateway.alarms.precursors import SignMemory
from gateway.alarms.thresholds import Threshold, Thresholds
from packtrail.event import IncidentRecorded
from packtrail.sample import Sample
from packtrail.shapes import from_msgpack


class Watch:
    """The alarms of one slot's visitor.

    Attributes:
        active: what is wrong now, by kind and severity.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self.reset("")

    def reset(self, chemistry: str) -> None:
        """Another pack: nothing is wrong with it yet."""
        self._features = Features()
        self.active: dict[tuple[str, str], IncidentRecorded] = {}
        self._signs: list[SignMemory] = []
        self._choose(chemistry)

    def know(self, chemistry: str) -> None:
        """The chemistry became known; what is wrong stays so as long as a limit watches it."""
        self._choose(chemistry)
        watched = {(limit.kind, limit.severity) for limit in self._limits}
        watched |= {(s.precursor.kind, s.precursor.severity) for s in self._signs}
        self.active = {key: found for key, found in self.active.items() if key in watched}

    def remember(self) -> bytes:
        """What is wrong, for the next run."""
        return msgspec.msgpack.encode(list(self.active.values()))

    def resume(self, remembered: bytes | None) -> None:
        """What was wrong when the last run ended is not raised again; it can still end."""
        if not remembered:
            return
        try:
            found = from_msgpack(remembered, list[IncidentRecorded])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        self.active = {(incident.kind, incident.severity): incident for incident in found}

    def look(self, sample: Sample) -> list[IncidentRecorded]:
        """Incidents that begin or end with this sample."""
        features = self._features.of(sample)
        incidents: list[IncidentRecorded] = []
        for limit in self._limits:
            if feature := features.get(limit.watches):
                incidents += self._judge(limit, feature)
        for signs in self._signs:
            key = (signs.precursor.kind, signs.precursor.severity)
            told = signs.look(sample.t_ns, features, active=key in self.active)
            incidents += [self._tell(key, told)] if told else []
        return incidents

    def _choose(self, chemistry: str) -> None:
        self._limits = self._thresholds.of(chemistry)
        known = {id(signs.precursor): signs for signs in self._signs}
        wanted = self._thresholds.precursors_of(chemistry)
        self._signs = [known.get(id(one)) or SignMemory(one) for one in wanted]

    def _judge(self, limit: Threshold, feature: Feature) -> list[IncidentRecorded]:
        key = (limit.kind, limit.severity)
        active = key in self.active
        if not (limit.cleared(feature.value) if active else limit.passed(feature.value)):
            return []
        incident = IncidentRecorded(
            kind=limit.kind,
            severity=limit.severity,
            quantity=limit.watches,
            value=round(feature.value, 4),
            limit=limit.limit,
            where=feature.where,
            cleared=active,
        )
        return [self._tell(key, incident)]

    def _tell(self, key: tuple[str, str], incident: IncidentRecorded) -> IncidentRecorded:
        if incident.cleared:
            del self.active[key]
        else:
            self.active[key] = incident
        return incident
