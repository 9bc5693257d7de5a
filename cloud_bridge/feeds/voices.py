"""The key with which the bridge vouches for a source that signs nothing itself.

Derived from the bridge's own key and the source's name (HKDF, RFC 5869): nothing more has to be
kept or copied, bridges of one store derive the same, and a source's key signs for it alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from packtrail.event import KeyRegistered, Role
from packtrail.signing import SigningKey

INFO: Final = b"packtrail/feed/1\x00"
MAY_STATE: Final = ("IdentityContested", "PackInstalled", "PackRemoved")


def voice_of(bridge: SigningKey, party: str) -> SigningKey:
    """The key of a source, the same every time."""
    secret = bridge.private.private_bytes_raw()
    seed = HKDF(SHA256(), 32, salt=None, info=INFO + party.encode()).derive(secret)
    return SigningKey.from_seed(seed)


def registration(bridge: SigningKey, party: str, sites: Iterable[str]) -> KeyRegistered:
    """What the trust list says of a source: the moves of packs at its own sites, no more."""
    key = voice_of(bridge, party).public.text
    return KeyRegistered(key, party, Role.GATEWAY.value, MAY_STATE, tuple(sorted(sites)))
