"""The `[gbt32960]` table of a bridge's settings; the feed is off without it."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from packtrail.settings import Settings, SettingsPath


class PeerSettings(Settings):
    """One platform that may report."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
    """Names it in the ledger, for ever: `gbt32960-NAME`."""
    user: Annotated[str, Field(pattern=r"^[!-~]{1,12}$")]
    """Of the platform's login (command 05), at most 12 characters."""
    password_env: Annotated[str, Field(min_length=1)]
    """The variable that holds its password, at most 20 characters."""
    networks: tuple[str, ...] = ()
    """Addresses or networks that it comes from; any without."""
    fingerprint: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    """SHA-256 of its client certificate, hex; any that `client_ca` signed without."""

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for one in networks:
            ip_network(one)  # its ValueError says what is wrong
        return networks

    @property
    def party(self) -> str:
        """As whom the bridge's lines name it."""
        return f"gbt32960-{self.name}"


class FeedTls(Settings):
    """TLS on the feed's port."""

    certificate: SettingsPath
    key: SettingsPath
    client_ca: SettingsPath | None = None
    """With it, nobody is let in without a certificate that this authority signed."""


class Gbt32960Settings(Settings):
    """Other platforms that report vehicles after GB/T 32960.3."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 32960
    peer: Annotated[tuple[PeerSettings, ...], Field(min_length=1)]
    tls: FeedTls | None = None
    connections: Annotated[int, Field(ge=1, le=10_000)] = 64
    """At once, of all platforms."""
    login_s: Annotated[float, Field(gt=0, le=300)] = 10.0
    """A connection without a platform login after so long is closed."""
    silent_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    """So is one without a whole message for so long."""
    oldest_days: Annotated[float, Field(gt=0, le=3_660)] = 31.0
    """Reports from longer ago are refused: vehicles keep seven days (GB/T 32960.2)."""
    ahead_s: Annotated[float, Field(ge=0, le=86_400)] = 600.0
    """Reports from further in the future are refused."""

    @model_validator(mode="after")
    def _peers_are_told_apart(self) -> Gbt32960Settings:
        for what in ("name", "user"):
            told = [getattr(peer, what) for peer in self.peer]
            if len(set(told)) < len(told):
                raise ValueError(f"peer: every platform has a {what} of its own")
        certificates = self.tls is not None and self.tls.client_ca is not None
        if not certificates and any(peer.fingerprint for peer in self.peer):
            raise ValueError("peer.fingerprint: name tls.client_ca, else no certificate can come")
        return self
