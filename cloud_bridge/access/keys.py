"""API keys of machines: `pt_ID_SECRET`, kept in the store as SHA-256 of the secret.

A secret is 256 random bits, so a slow hash would add nothing. All bridges on one store know a key,
and refuse it from the next request on once it is revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path
from typing import Final

import msgspec

from cloud_bridge.access.fields import Purpose, Reader
from cloud_bridge.enrolment.register import Register
from cloud_bridge.errors import BridgeError
from cloud_bridge.store.registers import Registers
from packtrail.language import Text

REGISTER: Final = "api key"
FILE: Final = "keys.json"
"""Where an earlier version kept them, in `[access] folder`."""
PREFIX: Final = "pt_"
ID: Final = re.compile("[0-9a-f]{8}")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key.

    Attributes:
        id: public half of its name.
        name: whose it is.
        role: what the table judges it as.
        purposes: what it may read for; the first where a request names none.
        codes: it has its role for codes that begin so; for the rest it is the public. Empty: all.
        digest: SHA-256 of the secret, hexadecimal.
        made_ns: UTC ns.
        expires_ns: UTC ns, 0 for never.
        revoked_ns: UTC ns, 0 while it holds.
    """

    id: str
    name: str
    role: Reader
    purposes: tuple[Purpose, ...]
    codes: tuple[str, ...] = ()
    digest: str
    made_ns: int
    expires_ns: int = 0
    revoked_ns: int = 0

    def holds(self, now_ns: int) -> bool:
        """Whether it is good at `now_ns`."""
        return not self.revoked_ns and (not self.expires_ns or now_ns < self.expires_ns)


class KeyRing:
    """The keys of a store. Safe to call from any thread and any process.

    Args:
        store: where they lie.
    """

    def __init__(self, store: Registers) -> None:
        self._keys = Register(store, REGISTER, ApiKey)

    def take_over(self, folder: Path) -> None:
        """Bring in the keys that an earlier version kept in a folder."""
        self._keys.take_over(folder / FILE)

    def all(self) -> list[ApiKey]:
        """Every key, the oldest first."""
        return sorted(self._keys.all(), key=lambda key: key.made_ns)

    def add(
        self,
        name: str,
        role: Reader,
        purposes: tuple[Purpose, ...],
        codes: tuple[str, ...],
        now_ns: int,
        days: float = 0,
    ) -> str:
        """Make a key; the whole token, which is kept nowhere."""
        secret, number = secrets.token_urlsafe(32), secrets.token_hex(4)
        key = ApiKey(
            id=number,
            name=name,
            role=role,
            purposes=purposes,
            codes=codes,
            digest=_digest(secret),
            made_ns=now_ns,
            expires_ns=now_ns + round(days * 86_400e9) if days else 0,
        )
        self._keys.put(key)
        return f"{PREFIX}{number}_{secret}"

    def revoke(self, number: str, now_ns: int) -> ApiKey:
        """Take a key's voice from it.

        Raises:
            BridgeError: there is none of that id.
        """
        found = self._keys.find(number)
        if found is None:
            raise BridgeError(
                Text("no such key", "没有此密钥"),
                where=number,
                hint=Text("see `packtrail bridge key list`", "见 packtrail bridge key list"),
            )
        gone = msgspec.structs.replace(found, revoked_ns=found.revoked_ns or now_ns)
        self._keys.put(gone)
        return gone

    def known(self, token: str, now_ns: int) -> ApiKey | None:
        """The key of a token, or None if it is not good."""
        number, _, secret = token.removeprefix(PREFIX).partition("_")
        key = self._keys.find(number) if ID.fullmatch(number) and token.startswith(PREFIX) else None
        if key is None:
            return None
        good = hmac.compare_digest(key.digest, _digest(secret))
        return key if good and key.holds(now_ns) else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
