"""Pages and API, and who may see what."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from cloud_bridge.login.settings import CertificateSettings, RateSettings
from cloud_bridge.settings.names import HostName
from packtrail.settings import Settings, SettingsPath


def _is_network(text: str) -> str:
    ip_network(text)  # its ValueError says what is wrong
    return text


Network = Annotated[str, AfterValidator(_is_network)]


class HttpTlsSettings(Settings):
    """TLS without a proxy in front."""

    certificate: SettingsPath
    key: SettingsPath
    client_ca: SettingsPath | None = None
    """Client certificates that this authority signed are asked for, and known by `[access]`."""


class HttpSettings(Settings):
    """Pages and API; loopback unless a reverse proxy stands in front."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    allowed_hosts: tuple[HostName, ...] = ("127.0.0.1", "localhost", "[::1]")
    """Host names that are answered; behind a reverse proxy, the proxy's public name."""
    trusted_proxies: tuple[Network, ...] = ()
    """Addresses or networks whose word is taken on whom they forward, and on TLS."""
    certificate_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$")] = ""
    """In which they pass on a client certificate: RFC 9440, or escaped PEM."""
    tls: HttpTlsSettings | None = None
    streams: Annotated[int, Field(ge=1, le=5_000)] = 100
    """So many may listen to server-sent events at once; a hundred connections stay free."""

    @model_validator(mode="after")
    def _a_header_needs_a_proxy(self) -> HttpSettings:
        if self.certificate_header and not self.trusted_proxies:
            raise ValueError("certificate_header is believed from trusted_proxies only: name them")
        return self


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


class AccessSettings(Settings):
    """Who may see what; a bridge that answers to this machine alone shows everything."""

    enforce: bool = False
    """Also on a bridge that answers to this machine alone."""
    jurisdiction: Literal["CN", "EU"] = "CN"
    folder: SettingsPath = Path("access")
    """Holds the keys of machines and the log of restricted reads."""
    table: SettingsPath | None = None
    """A table of one's own."""
    certificate: tuple[CertificateSettings, ...] = ()
    """Machines that come with a client certificate."""
    limits: RateSettings = RateSettings()
