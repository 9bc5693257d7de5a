"""Where a request comes from: the peer, or what a trusted proxy says of whom it forwards.

Headers are believed from configured proxies alone: anybody can write them.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.datastructures import Headers
from starlette.types import Scope

STATE: Final = "client_certificate"
"""Under this name the server puts the DER bytes of a peer's certificate that it has checked."""
MOST_HOPS: Final = 20
LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from.

    Attributes:
        address: of who sent it, as far as trusted proxies tell.
        secure: whether it came over TLS, to us or to a trusted proxy.
        certificate: DER of the client certificate that TLS has verified, b"" for none.
    """

    address: str
    secure: bool
    certificate: bytes = b""

    @property
    def block(self) -> str:
        """What belongs to one subscriber: the address, of IPv6 its /64."""
        try:
            known = ip_address(self.address)
        except ValueError:
            return self.address
        return str(ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


@dataclass(frozen=True, slots=True)
class Proxies:
    """Those whose word is taken.

    Attributes:
        networks: where they are.
        certificate_header: in which they pass on a client certificate, after RFC 9440
            (`Client-Cert: :BASE64:`) or as escaped PEM (nginx's `$ssl_client_escaped_cert`);
            "" if they pass on none.
    """

    networks: tuple[Network, ...] = ()
    certificate_header: str = ""

    def origin(self, scope: Scope) -> Origin:
        """Of a request."""
        peer = scope["client"][0] if scope.get("client") else ""
        if not self.trusts(peer):
            held = scope.get("state", {}).get(STATE, b"")
            return Origin(peer, scope.get("scheme") == "https", held)
        headers = Headers(scope=scope)
        told = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        held = headers.get(self.certificate_header, "") if self.certificate_header else ""
        address = self._client(peer, headers.getlist("x-forwarded-for"))
        return Origin(address, told == "https", certificate_of(held))

    def trusts(self, address: str) -> bool:
        """Whether a proxy of ours is there."""
        try:
            known = ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self.networks)

    def _client(self, peer: str, lines: list[str]) -> str:
        """The last address that no proxy of ours has: what stands before it anybody may write."""
        hops = [hop.strip() for hop in ",".join(lines).split(",")][-MOST_HOPS:]
        for hop in reversed(hops):
            try:
                peer = str(ip_address(hop))
            except ValueError:
                return peer
            if not self.trusts(peer):
                return peer
        return peer


def certificate_of(text: str) -> bytes:
    """DER of a certificate in a header; b"" for none or what cannot be read."""
    try:
        if text.startswith(":") and text.endswith(":"):
            return base64.b64decode(text[1:-1], validate=True)
        if text:
            found = x509.load_pem_x509_certificate(unquote(text).encode())
            return found.public_bytes(Encoding.DER)
    except (binascii.Error, ValueError):
        pass
    return b""
