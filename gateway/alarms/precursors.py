"""Precursors of thermal runaway: several small signs within a window.

Before a cell vents it is a little warmer than its neighbours, loses voltage against them or
leaks to the chassis; none of these alone says much. Each sign is remembered for the window;
enough different ones at a time begin the incident, and it ends when too few are left.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.alarms.features import Feature
from gateway.alarms.thresholds import Precursor
from packtrail.event import IncidentRecorded
from packtrail.times import NS_PER_S


class SignMemory:
    """Follows one precursor of one pack."""

    def __init__(self, precursor: Precursor) -> None:
        self.precursor = precursor
        self._window_ns = round(precursor.window_s * NS_PER_S)
        self._shown: dict[str, tuple[int, str]] = {}

    def look(
        self, t_ns: int, features: Mapping[str, Feature], *, active: bool
    ) -> IncidentRecorded | None:
        """What begins or ends with these features."""
        for sign in self.precursor.sign:
            feature = features.get(sign.watches)
            if feature and sign.shown(feature.value):
                self._shown[sign.watches] = (t_ns, feature.where)
        self._shown = {
            name: shown
            for name, shown in self._shown.items()
            if 0 <= t_ns - shown[0] <= self._window_ns
        }
        enough = len(self._shown) >= self.precursor.least
        if enough is active:
            return None
        return IncidentRecorded(
            kind=self.precursor.kind,
            severity=self.precursor.severity,
            quantity=" ".join(sorted(self._shown)),
            value=float(len(self._shown)),
            limit=float(self.precursor.least),
            where=" ".join(sorted({where for _, where in self._shown.values() if where})),
            cleared=active,
        )
