"""Codes of an authenticator app (TOTP, RFC 6238) and recovery codes, and how both are kept.

The algorithm is that of `cryptography`, which every part of packtrail has already; SHA-1, six
digits and 30 s are what every app reads. Secrets are sealed (AES-256-GCM) under a key derived from
the bridge's, which is in no database and no backup of one; recovery codes are random enough (80
bits) that SHA-256 of one serves, as it does for the keys of machines.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from cloud_bridge.errors import StoreError
from cloud_bridge.privacy.vault import derived, opened, sealed
from packtrail.language import Text
from packtrail.signing import SigningKey

SECRET_BYTES: Final = 20
"""160 bits, RFC 4226, section 4, R6."""
DIGITS: Final = 6
STEP_S: Final = 30
WINDOW: Final = (0, -1, 1)
"""Steps whose code is taken: this one, and one for a slow hand or clock (RFC 6238, 5.2 and 6)."""
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
ISSUER: Final = "packtrail"
_PURPOSE: Final = b"packtrail/second-factor/1"
_OTHER_KEY: Final = Text(
    "the second factor was sealed with another bridge's key", "该第二因素由另一云桥密钥密封"
)
_ANEW: Final = Text(
    "give another: packtrail bridge people factor NAME",
    "请重新设置：packtrail bridge people factor 用户名",
)


class Seal:
    """Seals secrets.

    Args:
        key: the bridge's; bridges that share a store share it.
    """

    def __init__(self, key: SigningKey) -> None:
        self._key = AESGCM(derived(key.private.private_bytes_raw(), _PURPOSE))

    def close(self, secret: bytes, name: str) -> bytes:
        """A secret as it is kept for somebody."""
        return sealed(self._key, secret, name)

    def open(self, closed: bytes, name: str) -> bytes:
        """The secret again.

        Raises:
            StoreError: sealed under another key or for somebody else, or changed.
        """
        try:
            return opened(self._key, closed, name)
        except (InvalidTag, ValueError) as error:
            raise StoreError(_OTHER_KEY, where=name, hint=_ANEW) from error


def fresh_secret() -> bytes:
    """A secret for somebody's app."""
    return secrets.token_bytes(SECRET_BYTES)


def spelled(secret: bytes) -> str:
    """A secret as a person types it into an app: base32."""
    return base64.b32encode(secret).decode()


def address_of(secret: bytes, name: str, host: str = "") -> str:
    """What an app reads from a QR code; `host` tells several bridges apart."""
    issuer = f"{ISSUER} {host}".strip()
    label = f"{quote(issuer)}:{quote(name)}"
    return (
        f"otpauth://totp/{label}?secret={spelled(secret)}&issuer={quote(issuer)}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
    )


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step: seconds since 1970 by `STEP_S`."""
    hashing = SHA1()  # noqa: S303 - as a keyed hash it is sound, and many apps read no other
    return TOTP(secret, DIGITS, hashing, STEP_S).generate(step * STEP_S).decode()


def step_of(secret: bytes, code: str, now_s: int) -> int | None:
    """The time step near `now_s` whose code this is; None for none."""
    found = None
    for offset in WINDOW:
        step = now_s // STEP_S + offset
        right = step >= 0 and hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        found = step if right and found is None else found
    return found


def fresh_recovery() -> list[str]:
    """Recovery codes as a person keeps them: `abcd-efgh-ijkl-mnop`."""
    return [_grouped(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]


def recovery_digest(name: str, code: str) -> str:
    """A recovery code as it is kept."""
    return hashlib.sha256(f"{name}\0{plain(code)}".encode()).hexdigest()


def plain(code: str) -> str:
    """A code without what people put between its parts."""
    return "".join(c for c in code.strip().lower() if c not in " -\u00a0\u3000")


def is_of_an_app(code: str) -> bool:
    """Whether it looks like a code of an app, not like a recovery code."""
    return len(code) == DIGITS and code.isascii() and code.isdecimal()


def _grouped(random: bytes) -> str:
    text = base64.b32encode(random).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
