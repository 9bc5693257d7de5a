"""Passwords as Argon2id (RFC 9106), in PHC form: parameters and salt stand with the hash.

The hash comes from `cryptography`, which every part of packtrail has already; it lets other
threads run meanwhile. Parameters are the second recommended option of RFC 9106, section 4.
"""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from cloud_bridge.errors import BridgeError
from packtrail.language import Text

PASSES: Final = 3
LANES: Final = 4
MEMORY_KIB: Final = 65_536
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32

SHORTEST: Final = 12
LONGEST: Final = 256
"""Characters. NIST SP 800-63B-4, section 3.1.1.2, asks for length and for no mixture of kinds."""

AT_ONCE: Final = 2
"""So many are hashed at the same time: each takes 64 MiB."""
PATIENCE_S: Final = 5.0

_slots = threading.BoundedSemaphore(AT_ONCE)


def hashed(password: str) -> str:
    """A password as it is kept.

    Raises:
        BridgeError: too many are being hashed.
    """
    with _slot():
        kdf = Argon2id(
            salt=os.urandom(SALT_BYTES),
            length=HASH_BYTES,
            iterations=PASSES,
            lanes=LANES,
            memory_cost=MEMORY_KIB,
        )
        return kdf.derive_phc_encoded(_bytes(password))


def fits(password: str, kept: str) -> bool:
    """Whether a password is the one that is kept as `kept`.

    Raises:
        BridgeError: too many are being hashed.
    """
    if len(password) > LONGEST:
        return False
    with _slot():
        try:
            Argon2id.verify_phc_encoded(_bytes(password), kept)
        except (InvalidKey, ValueError):
            return False
    return True


def fault_of(password: str, name: str) -> Text | None:
    """Why a password may not be chosen; None if it may."""
    if len(password) < SHORTEST:
        return Text(f"at least {SHORTEST} characters", f"至少 {SHORTEST} 个字符")
    if len(password) > LONGEST:
        return Text(f"at most {LONGEST} characters", f"最多 {LONGEST} 个字符")
    if len(set(password)) < 5 or (name and name in password.casefold()):
        return Text(
            "too easy to guess: it repeats itself or holds the name",
            "过于简单：重复字符过多或包含用户名",
        )
    return None


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=PATIENCE_S):
        raise BridgeError(
            Text("too many are logging in at this moment", "当前登录人数过多"),
            where="login",
            hint=Text("try again in a moment", "请稍后重试"),
            retryable=True,
        )
    try:
        yield
    finally:
        _slots.release()


def _bytes(password: str) -> bytes:
    """The same for every keyboard (NIST SP 800-63B-4 allows NFC or NFKC)."""
    return unicodedata.normalize("NFC", password).encode()
