"""Settings of the feeds: a table each, off without it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from packtrail.settings import Settings, SettingsPath


class FeedTlsSettings(Settings):
    """The server certificate of a feed's port."""

    certificate: SettingsPath
    key: SettingsPath


class OcppSettings(Settings):
    """Swap stations that report over OCPP 2.1, as to a back office of theirs."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8887
    folder: SettingsPath | None = None
    """Where an earlier version kept the stations; they are brought into the store from there."""
    heartbeat_s: Annotated[int, Field(ge=10, le=86_400)] = 300
    tls: FeedTlsSettings | None = None
    """Security profile 2; without it a proxy in front has to end TLS, or the line is trusted."""
