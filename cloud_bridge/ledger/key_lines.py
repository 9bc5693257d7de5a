"""The ledger's key lines, read once and then only what is new; asked by key, party and role.

A bridge of a thousand stations has thousands of them, and every proof and every correction asks.
What is kept grows with the parties, not with the packs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from packtrail.errors import CodecError, PacktrailError
from packtrail.event import KeyRegistered, KeyRevoked, KeyRotated, Role
from packtrail.proof.entry import Entry
from packtrail.signing import VerifyKey

if TYPE_CHECKING:
    from cloud_bridge.store import Store


class KeyLines:
    """Key lines of one store, in the order of their leaves. Safe to call from any thread."""

    def __init__(self) -> None:
        self.authorities: frozenset[str] = frozenset()
        self.roles: dict[str, str] = {}
        self._registered: dict[str, list[tuple[int, str]]] = {}
        self._entries: list[Entry] = []
        self._family: dict[str, str] = {}
        self._of: dict[str, list[Entry]] = {}
        self._lock = threading.Lock()

    def read(self, store: Store) -> KeyLines:
        """Take in what is new; returns itself."""
        with self._lock:
            for entry in store.key_entries(self.through):
                self._take(entry)
        return self

    @property
    def through(self) -> int:
        """The newest line's leaf, -1 for none."""
        return self._entries[-1].leaf if self._entries else -1

    def role_before(self, party: str, leaf: int) -> str | None:
        """The role that a party had before this line; None for none."""
        earlier = [role for at, role in self._registered.get(party, ()) if at < leaf]
        return earlier[-1] if earlier else None

    def about(self, key_ids: Iterable[str]) -> list[Entry]:
        """Every line that bears on one of these keys, on a forerunner or on an heir of it."""
        with self._lock:
            families = {self._root(key_id) for key_id in key_ids}
            found = {one.leaf: one for name in families for one in self._of.get(name, ())}
        return [found[leaf] for leaf in sorted(found)]

    def _take(self, entry: Entry) -> None:
        self._entries.append(entry)
        try:
            body = entry.event.body
            names: tuple[str, ...] = ()
            if isinstance(body, KeyRegistered):
                self.roles[body.party] = body.role
                self._registered.setdefault(body.party, []).append((entry.leaf, body.role))
                if body.role == Role.AUTHORITY:
                    self.authorities |= {body.party}
                names = (VerifyKey.from_text(body.public_key).key_id,)
            elif isinstance(body, KeyRotated):
                names = (entry.signed.key_id, VerifyKey.from_text(body.public_key).key_id)
            elif isinstance(body, KeyRevoked):
                names = (body.key_id,)
        except (CodecError, PacktrailError):
            return  # it gives nobody a voice
        self._join(names, entry)

    def _join(self, names: tuple[str, ...], entry: Entry) -> None:
        roots = sorted({self._root(name) for name in names})
        for other in roots[1:]:
            self._family[other] = roots[0]
            self._of.setdefault(roots[0], []).extend(self._of.pop(other, []))
        if roots:
            self._of.setdefault(roots[0], []).append(entry)

    def _root(self, name: str) -> str:
        while name in self._family:
            name = self._family[name]
        return name


_known: WeakKeyDictionary[Store, KeyLines] = WeakKeyDictionary()
_lock = threading.Lock()


def key_lines(store: Store) -> KeyLines:
    """The key lines of a store as they stand now."""
    with _lock:
        lines = _known.setdefault(store, KeyLines())
    return lines.read(store)
