"""Keys, blind indexes and sealed openings.

From the bridge's key, which is in no database and no backup of one, two keys are derived
(HKDF-SHA-256, RFC 5869): one wraps each subject's own random key (AES-256-GCM, NIST SP 800-38D),
one makes the blind index of its value (HMAC-SHA-256). Whoever has the database alone can neither
open a commitment nor try values; whoever has the bridge's key too can do both only for subjects
whose row of keys is still there.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cloud_bridge.errors import StoreError
from cloud_bridge.store.linking import Held
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.personal import Opening
from packtrail.shapes import from_msgpack
from packtrail.signing import SigningKey

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SUBJECT_BYTES: Final = 16
_WRAP: Final = b"packtrail/personal/wrap/1"
_BLIND: Final = b"packtrail/personal/blind/1"


class KeyVault:
    """See `cloud_bridge.store.linking.Vault`.

    Args:
        key: the bridge's; bridges that share a store share it.
    """

    def __init__(self, key: SigningKey) -> None:
        seed = key.private.private_bytes_raw()
        self._wrapping = AESGCM(derived(seed, _WRAP))
        self._blinding = derived(seed, _BLIND)

    def blind(self, kind: str, value: str) -> bytes:
        """See `Vault.blind`; 32 bytes."""
        message = kind.encode() + b"\x00" + value.encode()
        return hmac.digest(self._blinding, message, "sha256")

    def fresh(self) -> tuple[str, bytes]:
        """See `Vault.fresh`."""
        subject = os.urandom(SUBJECT_BYTES).hex()
        return subject, sealed(self._wrapping, os.urandom(KEY_BYTES), subject)

    def seal(self, subject: str, wrapped: bytes, opening: Opening) -> bytes:
        """See `Vault.seal`."""
        own = AESGCM(self._unwrapped(subject, wrapped))
        return sealed(own, msgspec.msgpack.encode(opening), opening.reference)

    def open(self, held: Held) -> Opening:
        """See `Vault.open`."""
        own = AESGCM(self._unwrapped(held.subject, held.wrapped))
        try:
            plain = opened(own, held.sealed, held.reference)
            return from_msgpack(plain, Opening)
        except (InvalidTag, ValueError, msgspec.DecodeError) as error:
            raise StoreError(_CHANGED, where=held.reference) from error

    def _unwrapped(self, subject: str, wrapped: bytes) -> bytes:
        try:
            return opened(self._wrapping, wrapped, subject)
        except (InvalidTag, ValueError) as error:
            raise StoreError(_OTHER_KEY, where=f"subject:{subject}", hint=_SAME_KEY) from error


def vault_of(key_file: Path) -> KeyVault | None:
    """The vault of a bridge's key, None for somebody who may not read the key."""
    try:
        return KeyVault(SigningKey.load(key_file))
    except PacktrailError:
        return None


def derived(seed: bytes, purpose: bytes) -> bytes:
    """A key of 32 bytes for one purpose, of the bridge's own."""
    return HKDF(SHA256(), KEY_BYTES, None, purpose).derive(seed)


def sealed(key: AESGCM, plain: bytes, about: str) -> bytes:
    """Nonce and ciphertext; `about` is authenticated with it."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, about.encode())


def opened(key: AESGCM, closed: bytes, about: str) -> bytes:
    """What `sealed` made, opened.

    Raises:
        InvalidTag: sealed under another key or about something else, or changed.
        ValueError: too short.
    """
    return key.decrypt(closed[:NONCE_BYTES], closed[NONCE_BYTES:], about.encode())


_CHANGED: Final = Text("a sealed opening was changed", "密封的开启信息被改动")
_OTHER_KEY: Final = Text(
    "this subject's key was wrapped with another bridge's key", "该主体的密钥由另一云桥密钥封装"
)
_SAME_KEY: Final = Text(
    "bridges that share a store share their key; see key_file",
    "共用数据库的云桥须共用 key_file",
)
