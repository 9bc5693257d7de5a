"""Tables of what the gateway talks to: broker, bridge, station, its own outbox and interface."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.inputs import StationMqttOptions
from gateway.outbox import OutboxOptions
from gateway.settings.names import Name
from gateway.uplink import Broker, Tls
from packtrail.errors import PacktrailError
from packtrail.settings import Settings, SettingsPath, secret
from packtrail.signing import VerifyKey


def _public_key(text: str) -> str:
    try:
        VerifyKey.from_text(text)
    except PacktrailError as error:
        raise ValueError(error.describe()) from error
    return text


class KeySettings(Settings):
    """The gateway's private key."""

    file: SettingsPath = Path("gateway.key")


class OutboxSettings(Settings):
    """Where records wait."""

    file: SettingsPath = Path("outbox.db")
    quota_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 2000

    @property
    def options(self) -> OutboxOptions:
        """As the outbox takes them."""
        return OutboxOptions(quota_bytes=self.quota_mb * 1_000_000)


class TlsSettings(Settings):
    """TLS to the broker."""

    ca_file: SettingsPath | None = None
    certificate_file: SettingsPath | None = None
    key_file: SettingsPath | None = None


class BrokerSettings(Settings):
    """The MQTT broker."""

    host: Name
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    username: str = ""
    password_env: str = ""
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30
    tls: TlsSettings | None = None
    window: Annotated[int, Field(ge=2, le=1024)] = 64
    resend_after_s: Annotated[float, Field(ge=0.1, le=3600)] = 10.0
    daily_mb: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0

    def broker(self, gateway: str) -> Broker:
        """As the uplink takes it, with the password from the environment.

        Raises:
            PacktrailError: the environment variable is not set.
        """
        return Broker(
            host=self.host,
            port=self.port,
            version=self.protocol,
            client_id=f"packtrail-{gateway}",
            username=self.username,
            password=secret(self.password_env) if self.password_env else "",
            keepalive_s=self.keepalive_s,
            tls=Tls(**dict(self.tls)) if self.tls else None,
        )


class BridgeSettings(Settings):
    """The bridge whose receipts are believed, and where it renews our certificate."""

    public_key: Annotated[str, AfterValidator(_public_key)]
    url: str = ""

    @property
    def key(self) -> VerifyKey:
        """As the uplink takes it."""
        return VerifyKey.from_text(self.public_key)


class StationMqttSettings(Settings):
    """The station's own broker, where its controller publishes what it does."""

    host: Name
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    prefix: Annotated[str, Field(pattern=r"^[^+#\x00/][^+#\x00]{0,62}[^+#\x00/]$")] = "station"
    username: str = ""
    password_env: str = ""

    @property
    def options(self) -> StationMqttOptions:
        """As the listener takes it, with the password from the environment.

        Raises:
            PacktrailError: the environment variable is not set.
        """
        password = secret(self.password_env) if self.password_env else ""
        return StationMqttOptions(self.host, self.port, self.prefix, self.username, password)


class LocalApiSettings(Settings):
    """The local interface, on loopback only."""

    host: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8470
    socket: SettingsPath | None = None
