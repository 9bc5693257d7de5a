"""What follows from the store: time series, lake, web hooks, platforms, appraisal."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cloud_bridge.settings.names import HttpUrl, Name
from packtrail.settings import Settings, SettingsPath


class InfluxSettings(Settings):
    """Time series: InfluxDB 2, InfluxDB 1.8 or a compatible server."""

    url: HttpUrl
    bucket: Annotated[str, Field(min_length=1)] = "packtrail"
    """Of InfluxDB 1.8: `database` or `database/retention`."""
    org: str = "-"
    token_env: str = ""
    """The environment variable that holds the token; of InfluxDB 1.8, `user:password`."""
    cells: bool = False
    """A series per cell and probe, not only their extremes."""
    settle_s: Annotated[float, Field(ge=0, le=3600)] = 30.0
    """After an outage this much is written again: servers keep their newest seconds in memory."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0


class LakeSettings(Settings):
    """The Parquet lake."""

    path: SettingsPath
    keep_days: Annotated[int, Field(ge=1, le=36_600)] | None = None
    """Telemetry of days that ended longer ago is dropped from the lake; None keeps all."""


class HookSettings(Settings):
    """Who is told of facts as they are recorded."""

    name: Name
    url: HttpUrl
    secret_env: str = ""
    """The variable that holds a shared secret (HMAC); without it the bridge's key signs."""
    event_types: tuple[str, ...] = ()
    """Only these; all without."""
    most: Annotated[int, Field(ge=1, le=500)] = 100
    """Facts in one delivery, at most."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0


class AppraisalSettings(Settings):
    """What packs are appraised by; the files are read again when they change."""

    policy: SettingsPath
    """Grades and safety gates."""
    prices: SettingsPath
    """Prices of the day, with their source."""
    valid_days: Annotated[int, Field(ge=1, le=366)] = 30
    """How long a certificate holds."""


class PlatformSettings(Settings):
    """A national platform that reports go to."""

    name: Name
    url: HttpUrl
    token_env: str = ""
    """The variable that holds its token."""
    parties: tuple[str, ...] = ()
    """Only what these have to report; everybody's without."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0
