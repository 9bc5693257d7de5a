"""Whose the commitments of new facts are, found and written down as the facts are recorded.

How keys, blind indexes and sealed openings are made is the `Vault`'s; the store only keeps them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from cloud_bridge.errors import StoreError
from cloud_bridge.store.rows import Transaction
from cloud_bridge.store.values import Fact
from packtrail.language import Text
from packtrail.personal import VEHICLE, Opening


class Held(NamedTuple):
    """One commitment's opening as it is kept, with its subject's wrapped key."""

    subject: str
    reference: str
    sealed: bytes
    wrapped: bytes


class Vault(Protocol):
    """Makes and opens what is kept; it holds the only key that is not in the store."""

    def blind(self, kind: str, value: str) -> bytes:
        """What a value is found by: the same for the same value, guessed by nobody else."""

    def fresh(self) -> tuple[str, bytes]:
        """A new subject's name and its wrapped key."""

    def seal(self, subject: str, wrapped: bytes, opening: Opening) -> bytes:
        """An opening under a subject's key."""

    def open(self, held: Held) -> Opening:
        """What was sealed.

        Raises:
            StoreError: the key is another's, or something was changed.
        """


class Linking:
    """Within a transaction that holds the ledger: whose the commitments of new facts are.

    Args:
        rows: the transaction.
        vault: makes keys and seals openings.
        now_ns: when, UTC.
    """

    def __init__(self, rows: Transaction, vault: Vault | None, now_ns: int) -> None:
        self._rows, self._vault, self._now_ns = rows, vault, now_ns
        self._known: dict[bytes, tuple[str, bytes]] = {}

    def link(self, facts: Sequence[Fact]) -> None:
        """Keep the openings of `facts` and join them to their subjects."""
        told = [opening for fact in facts for opening in fact.openings]
        clear = {name for fact in facts if (name := fact.clear_vehicle)}
        if not told and not (clear and self._vault):
            return
        if self._vault is None:
            raise StoreError(
                Text("openings came to a store without the bridge's key", "数据库未配备云桥密钥"),
                hint=Text("open it with the bridge's settings", "请以云桥配置打开"),
            )
        links = [self._sealed(self._vault, one) for one in told]
        links += self._in_clear(self._vault, told, clear)
        self._rows.run_many("insert_commitment", links)

    def _sealed(self, vault: Vault, opening: Opening) -> dict[str, Any]:
        subject, wrapped = self._subject(vault, opening)
        sealed = vault.seal(subject, wrapped, opening)
        return {"reference": opening.reference, "subject": subject, "sealed": sealed}

    def _subject(self, vault: Vault, opening: Opening) -> tuple[str, bytes]:
        blind = vault.blind(opening.kind, opening.value)
        found = self._find(blind)
        if found is None:
            found = self._known[blind] = vault.fresh()
            row = {"subject": found[0], "kind": opening.kind, "now": self._now_ns}
            self._rows.run("insert_subject", row)
            key = {"subject": found[0], "blind": blind, "wrapped": found[1]}
            self._rows.run("insert_subject_key", key)
        return found

    def _in_clear(
        self, vault: Vault, told: Sequence[Opening], clear: Iterable[str]
    ) -> list[dict[str, Any]]:
        """Vehicles that other facts name in the clear: what is known of both is one."""
        named = {one.value for one in told if one.kind == VEHICLE}
        there = {
            name
            for name in named
            if self._rows.run("vehicle_is_named", {"reference": name}).fetchone()
        }
        found = {name: self._find(vault.blind(VEHICLE, name)) for name in {*clear, *there}}
        return [
            {"reference": name, "subject": one[0], "sealed": b""}
            for name, one in sorted(found.items())
            if one
        ]

    def _find(self, blind: bytes) -> tuple[str, bytes] | None:
        if blind not in self._known:
            row = self._rows.run("find_subject", {"blind": blind}).fetchone()
            if row is None:
                return None
            self._known[blind] = row[0], bytes(row[1])
        return self._known[blind]
