"""The file of limits: thresholds by chemistry, and precursors made of several signs.

TOML enters, checked values leave; every fault of the file is told at once.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from packtrail.settings import Settings, parse

Watched = Literal[
    "temperature_max_c",
    "temperature_min_c",
    "temperature_spread_c",
    "temperature_rate_c_per_min",
    "temperature_rate_c_per_s",
    "cell_voltage_max_v",
    "cell_voltage_min_v",
    "cell_spread_v",
    "cell_drop_v",
    "insulation_ohm_per_v",
    "insulation_fall_pct",
    "bms_alarm_level",
]
Severity = Literal["watch", "quarantine", "danger"]


class Threshold(Settings):
    """One limit; see `thresholds.toml`."""

    kind: str
    chemistry: str = ""
    watches: Watched
    below: bool = False
    limit: float
    clear: float
    severity: Severity

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


class Sign(Settings):
    """One sign of a precursor."""

    watches: Watched
    below: bool = False
    limit: float

    def shown(self, value: float) -> bool:
        """Whether the sign is there."""
        return value <= self.limit if self.below else value >= self.limit


class Precursor(Settings):
    """Signs of which none alone means much, and several within a window mean danger."""

    kind: str
    chemistry: str = ""
    window_s: float = Field(gt=0, le=3600)
    least: int = Field(ge=2)
    severity: Severity
    sign: tuple[Sign, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _can_be_reached(self) -> Precursor:
        if self.least > len({sign.watches for sign in self.sign}):
            raise ValueError("least asks for more signs than there are")
        return self


class Thresholds(Settings):
    """A file of limits."""

    edition: str
    threshold: tuple[Threshold, ...] = Field(min_length=1)
    precursor: tuple[Precursor, ...] = ()

    def of(self, chemistry: str) -> list[Threshold]:
        """The limits for a chemistry: its own, and the general ones of kinds it has none for."""
        own = [limit for limit in self.threshold if limit.chemistry == chemistry]
        special = {limit.kind for limit in own} if chemistry else set()
        general = [t for t in self.threshold if not t.chemistry and t.kind not in special]
        return [*own, *general] if chemistry else general

    def precursors_of(self, chemistry: str) -> list[Precursor]:
        """The precursors for a chemistry, by the same rule."""
        own = [one for one in self.precursor if chemistry and one.chemistry == chemistry]
        special = {one.kind for one in own}
        return [*own, *(p for p in self.precursor if not p.chemistry and p.kind not in special)]


def load_thresholds(path: Path | None = None) -> Thresholds:
    """Read a file of limits, by default the one that comes with the gateway.

    Raises:
        SettingsError: with every fault of the file.
    """
    source = path or Path(str(resources.files("gateway.alarms").joinpath("thresholds.toml")))
    return parse(Thresholds, tomllib.loads(source.read_text("utf-8")), source)
