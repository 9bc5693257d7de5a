"""Whom facts commit to: the part of the store that joins commitments, and that can forget.

A subject is a random name. Its key lies wrapped in a row of its own, beside a blind index of its
value; when that row is deleted, nobody opens its commitments or finds it by its value again.
`Personal` is the contract, `PersonalRows` keeps it over whatever database stands below; how
keys, indexes and openings are made is the `Vault`'s.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from cloud_bridge.store.batch import Batch
from cloud_bridge.store.linking import Held, Vault
from cloud_bridge.store.rows import Rows, Transaction, Values
from cloud_bridge.store.values import ALL, Fact

Stating = Callable[[int, Sequence[str]], Fact]
"""Number of a statement and the commitments that it is about -> the statement."""


class SubjectRow(NamedTuple):
    """A subject; `forgotten_ns` is 0 while its key is there, or at least nobody destroyed it."""

    id: str
    kind: str
    made_ns: int
    forgotten_ns: int


class Personal(Protocol):
    """See the module; each method raises `StoreError`."""

    @property
    def vault(self) -> Vault | None:
        """Opens what is kept; None for those that were opened without the bridge's key."""

    def links(self, references: Iterable[str]) -> dict[str, str]:
        """Reference as facts name it -> subject, for those that are known to be somebody's."""

    def subject_by(self, blind: bytes) -> str | None:
        """The subject of a value that is not forgotten."""

    def subjects_of_data(self, ids: Sequence[str]) -> dict[str, SubjectRow]:
        """Subjects by their names."""

    def openings(self, subject: str, limit: int = ALL) -> list[Held]:
        """What opens a subject's commitments; nothing once it is forgotten."""

    def clear_statements(self, subject: str) -> int:
        """How many facts name a subject in the clear, for ever."""

    def forget(self, subject: str, author: str, stream: str, state: Stating, now_ns: int) -> bool:
        """Destroy a subject's key and append the statement that says so, in one transaction.

        Args:
            subject: whose.
            author: of the statement.
            stream: which numbers it.
            state: its number and the subject's commitments -> the statement.
            now_ns: when, UTC.

        Returns:
            False where it was forgotten before; then nothing happened.
        """

    def drop_forgotten(self) -> None:
        """After keys were put back from a copy: those of forgotten subjects go again."""

    def scrub(self) -> bool:
        """Overwrite what deleted keys have left in the files; False if a reader is in the way."""


class PersonalRows(ABC):
    """See `Personal`; a database gives `_run`, `_transaction` and `scrub`."""

    vault: Vault | None = None

    @abstractmethod
    def _run(self, name: str, values: Values | None, /) -> Rows:
        """Run a named statement."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Transaction]:
        """Everything inside is committed together, or nothing is."""

    def links(self, references: Iterable[str]) -> dict[str, str]:
        """See `Personal.links`."""
        asked = sorted(set(references))
        if not asked:
            return {}
        rows = self._run("links", {"references": json.dumps(asked)})
        return {row[0]: row[1] for row in rows}

    def subject_by(self, blind: bytes) -> str | None:
        """See `Personal.subject_by`."""
        row = self._run("find_subject", {"blind": blind}).fetchone()
        return row[0] if row else None

    def subjects_of_data(self, ids: Sequence[str]) -> dict[str, SubjectRow]:
        """See `Personal.subjects_of_data`."""
        rows = self._run("subjects_of_ids", {"subjects": json.dumps(sorted(set(ids)))})
        return {row[0]: SubjectRow(*row) for row in rows}

    def openings(self, subject: str, limit: int = ALL) -> list[Held]:
        """See `Personal.openings`."""
        rows = self._run("openings_of", {"subject": subject, "limit": limit})
        return [Held(row[0], row[1], bytes(row[2]), bytes(row[3])) for row in rows]

    def clear_statements(self, subject: str) -> int:
        """See `Personal.clear_statements`."""
        found: int = self._run("clear_references_of", {"subject": subject}).fetchone()[0]
        return found

    def forget(self, subject: str, author: str, stream: str, state: Stating, now_ns: int) -> bool:
        """See `Personal.forget`."""
        key = {"subject": subject}
        with self._transaction() as rows:
            rows.hold((), ledger=True)
            if not rows.run("mark_forgotten", {**key, "now": now_ns}).written:
                return False
            rows.run("delete_subject_key", key)
            said = {"author": author, "stream": stream}
            counter: int = rows.run("next_counter", said).fetchone()[0]
            shut = [row[0] for row in rows.run("references_of", key)]
            Batch(rows, now_ns, self.vault).record([state(counter, shut)])
        return True

    def drop_forgotten(self) -> None:
        """See `Personal.drop_forgotten`."""
        with self._transaction() as rows:
            rows.hold((), ledger=True)
            rows.run("drop_forgotten_keys")
