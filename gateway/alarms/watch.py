"""Watches a pack against thresholds and says when trouble begins and when it ends.

Features enter, incidents leave: one when a limit is passed, one when the value is back at the
clearing value, nothing in between. Thresholds come from a TOML file and depend on chemistry.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from gateway.alarms.features import Feature, Features
from packtrail.event import IncidentRecorded
from packtrail.sample import Sample
from packtrail.settings import Settings, parse


class Threshold(Settings):
    """One limit; see `thresholds.toml`."""

    kind: str
    chemistry: str = ""
    watches: Literal[
        "temperature_max_c",
        "temperature_rate_c_per_min",
        "cell_voltage_max_v",
        "cell_voltage_min_v",
        "cell_spread_v",
        "bms_alarm_level",
    ]
    below: bool = False
    limit: float
    clear: float
    severity: Literal["watch", "quarantine", "danger"]

    @model_validator(mode="after")
    def _has_hysteresis(self) -> Threshold:
        if (self.clear >= self.limit) is not self.below:
            raise ValueError("clear must lie on the safe side of limit")
        return self

    def passed(self, value: float) -> bool:
        """Whether trouble begins."""
        return value <= self.limit if self.below else value >= self.limit

    def cleared(self, value: float) -> bool:
        """Whether trouble is over."""
        return value >= self.clear if self.below else value <= self.clear


class Thresholds(Settings):
    """A file of limits."""

    edition: str
    threshold: tuple[Threshold, ...] = Field(min_length=1)

    def of(self, chemistry: str) -> list[Threshold]:
        """The limits for a chemistry: its own, and the general ones of kinds it has none for."""
        own = [limit for limit in self.threshold if limit.chemistry == chemistry]
        special = {limit.kind for limit in own} if chemistry else set()
        general = [t for t in self.threshold if not t.chemistry and t.kind not in special]
        return [*own, *general] if chemistry else general


def load_thresholds(path: Path | None = None) -> Thresholds:
    """Read a file of limits, by default the one that comes with the gateway.

    Raises:
        SettingsError: with every fault of the file.
    """
    source = path or Path(str(resources.files("gateway.alarms").joinpath("thresholds.toml")))
    return parse(Thresholds, tomllib.loads(source.read_text("utf-8")), source)


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
        self._limits = self._thresholds.of(chemistry)
        self._features = Features()
        self.active: dict[tuple[str, str], IncidentRecorded] = {}

    def know(self, chemistry: str) -> None:
        """The chemistry became known; what is wrong stays so as long as a limit watches it."""
        self._limits = self._thresholds.of(chemistry)
        watched = {(limit.kind, limit.severity) for limit in self._limits}
        self.active = {key: found for key, found in self.active.items() if key in watched}

    def look(self, sample: Sample) -> list[IncidentRecorded]:
        """Incidents that begin or end with this sample."""
        features = self._features.of(sample)
        incidents: list[IncidentRecorded] = []
        for limit in self._limits:
            if feature := features.get(limit.watches):
                incidents += self._judge(limit, feature)
        return incidents

    def _judge(self, limit: Threshold, feature: Feature) -> list[IncidentRecorded]:
        key = (limit.kind, limit.severity)
        incident = IncidentRecorded(
            kind=limit.kind,
            severity=limit.severity,
            quantity=limit.watches,
            value=round(feature.value, 4),
            limit=limit.limit,
            where=feature.where,
            cleared=key in self.active,
        )
        if key in self.active:
            if not limit.cleared(feature.value):
                return []
            del self.active[key]
            return [incident]
        if not limit.passed(feature.value):
            return []
        self.active[key] = incident
        return [incident]
