"""Where records come from and go to: store, broker, intake."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from cloud_bridge.settings.names import Port
from packtrail.settings import Settings, SettingsPath


class StoreSettings(Settings):
    """Where the truth lies: one SQLite file, or a PostgreSQL that several bridges share."""

    path: SettingsPath | None = None
    postgres: str = ""
    """How to connect, as libpq reads it, without a password."""
    password_env: str = ""
    keep_strangers: Annotated[int, Field(ge=10, le=1_000_000)] = 1_000
    """Messages without a trusted key that are kept for inspection."""

    @field_validator("postgres")
    @classmethod
    def _holds_no_secret(cls, conninfo: str) -> str:
        if "password" in conninfo or re.search(r"://[^/@]*:[^/@]*@", conninfo):
            raise ValueError("no password in a file: name its variable in password_env")
        return conninfo

    @model_validator(mode="after")
    def _is_one_place(self) -> StoreSettings:
        if bool(self.path) == bool(self.postgres):
            raise ValueError("give either path or postgres")
        return self


class TlsSettings(Settings):
    """TLS to the broker; `certificate` and `key` for a client certificate."""

    ca: SettingsPath | None = None
    certificate: SettingsPath | None = None
    key: SettingsPath | None = None


class MqttSettings(Settings):
    """The broker, and how to subscribe to it."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Port = 1883
    client_id: Annotated[str, Field(min_length=1, max_length=64)] = "packtrail-bridge"
    """Names the persistent session: every bridge has its own."""
    protocol: Literal["5", "3.1.1"] = "5"
    shared_group: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]*$")] = ""
    """Bridges of one group share the records (MQTT 5 shared subscription)."""
    window: Annotated[int, Field(ge=1, le=65_535)] = 2_000
    """Messages that the broker may have under way to us."""
    username: str = ""
    password_env: str = ""
    tls: TlsSettings | None = None

    @model_validator(mode="after")
    def _shared_needs_5(self) -> MqttSettings:
        if self.shared_group and self.protocol != "5":
            raise ValueError('shared_group needs protocol = "5"')
        return self


class IngestSettings(Settings):
    """How records become transactions."""

    batch_records: Annotated[int, Field(ge=1, le=10_000)] = 500
    batch_ms: Annotated[int, Field(ge=1, le=10_000)] = 200
    queue: Annotated[int, Field(ge=1, le=100_000)] = 2_000
