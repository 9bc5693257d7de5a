"""One-time tokens: what a person types at a gateway so that the bridge knows it is that one.

`<gateway>.<fingerprint>.<secret>`: the fingerprint is that of the authority's certificate, so
that the gateway recognises the right bridge as well. Only a hash of the secret is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Final

import msgspec

from cloud_bridge.enrolment.folder import locked, write_whole
from packtrail.shapes import from_json
from packtrail.times import NS_PER_S

FILE: Final = "tokens.json"
FINGERPRINT_DIGITS: Final = 16


class _Token(msgspec.Struct, frozen=True):
    gateway: str
    sites: tuple[str, ...]
    digest: str
    expires_ns: int


class TokenBook:
    """The tokens that were given out and not used yet.

    Args:
        folder: the enrolment folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(
        self, gateway: str, sites: tuple[str, ...], fingerprint: str, now_ns: int, hours: float
    ) -> str:
        """A new token; an earlier one of the same gateway is void."""
        secret = secrets.token_urlsafe(24)
        expires_ns = now_ns + round(hours * 3600 * NS_PER_S)
        with locked(self._folder):
            others = [token for token in self._live(now_ns) if token.gateway != gateway]
            self._write([*others, _Token(gateway, sites, _digest(secret), expires_ns)])
        return f"{gateway}.{fingerprint[:FINGERPRINT_DIGITS]}.{secret}"

    def take(self, gateway: str, token: str, now_ns: int) -> tuple[str, ...] | None:
        """The sites that go with a token, which is used up now; None if it is not good."""
        digest = _digest(token.rpartition(".")[2])
        with locked(self._folder):
            live = self._live(now_ns)
            for known in live:
                if known.gateway == gateway and hmac.compare_digest(known.digest, digest):
                    self._write([one for one in live if one is not known])
                    return known.sites
        return None

    def _live(self, now_ns: int) -> list[_Token]:
        file = self._folder / FILE
        if not file.exists():
            return []
        tokens = from_json(file.read_bytes(), list[_Token])
        return [token for token in tokens if token.expires_ns > now_ns]

    def _write(self, tokens: list[_Token]) -> None:
        write_whole(self._folder / FILE, msgspec.json.encode(tokens))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
