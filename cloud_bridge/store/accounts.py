"""People, their sessions, guesses and logins under way: the part of the store that may forget.

Nothing of it belongs to the ledger. `Accounts` is the contract, `AccountRows` keeps it over
whatever database stands below.
"""

from __future__ import annotations

from abc import ABC
from typing import Final, Protocol

import msgspec

from cloud_bridge.store.factors import BY_PASSWORD, FactorRows, Factors

MOST_KEPT: Final = 10_000
"""Names guessed at and logins under way, at most: who floods them pushes out his own oldest."""


class PersonRow(msgspec.Struct, frozen=True):
    """Somebody who may log in with a password.

    Attributes:
        name: as he types it, lower case.
        password: Argon2id in PHC form.
        mandate: role, purposes and codes, JSON.
        made_ns: UTC ns.
        closed_ns: UTC ns, 0 while he may log in.
    """

    name: str
    password: str
    mandate: str
    made_ns: int
    closed_ns: int = 0


class SessionRow(msgspec.Struct, frozen=True):
    """One login.

    Attributes:
        digest: SHA-256 of what the cookie holds, hexadecimal.
        name: who logged in.
        via: `password`, `password+code` or `oidc`.
        mandate: what he had on logging in, JSON.
        purpose: what he reads for now.
        made_ns: UTC ns.
        seen_ns: of the last request, UTC ns, to the minute.
        ends_ns: UTC ns; it ends then, whatever he does.
    """

    digest: str
    name: str
    via: str
    mandate: str
    purpose: str
    made_ns: int
    seen_ns: int
    ends_ns: int


class Accounts(Factors, Protocol):
    """See the module; each method is one transaction and raises `StoreError`."""

    def person(self, name: str) -> PersonRow | None:
        """Who has that name."""

    def people(self) -> list[PersonRow]:
        """Everybody, in the order of their names."""

    def save_person(self, person: PersonRow) -> None:
        """Keep a person, new or changed, and end every session that his password opened."""

    def session(self, digest: str) -> SessionRow | None:
        """A login that nobody ended; it may be too old."""

    def open_session(self, session: SessionRow, now_ns: int) -> None:
        """Keep a new login; those that are over are forgotten."""

    def touch_session(self, digest: str, purpose: str, now_ns: int) -> None:
        """Note that somebody used it, and what for."""

    def end_session(self, digest: str) -> None:
        """Log out."""

    def guesses(self, digest: str) -> tuple[int, int]:
        """Failures in a row under a name, and when the last was, UTC ns; zeros for none."""

    def add_guess(self, digest: str, now_ns: int, forget_ns: int) -> None:
        """Count a failure; those before `forget_ns` are forgotten, and all beyond `MOST_KEPT`."""

    def forget_guesses(self, digest: str) -> None:
        """Somebody got in under that name."""

    def undo_guess(self, digest: str) -> None:
        """Take one failure back."""

    def put_errand(self, digest: str, content: str, now_ns: int, forget_ns: int) -> None:
        """Keep what a login under way needs on its return; `add_guess` says what is forgotten."""

    def take_errand(self, digest: str, after_ns: int) -> str | None:
        """What was put there after that moment; it is gone then."""


class AccountRows(FactorRows, ABC):
    """See `Accounts`; a database gives `_run` and `_transaction`."""

    def person(self, name: str) -> PersonRow | None:
        """See `Accounts.person`."""
        row = self._run("find_person", {"name": name}).fetchone()
        return _person(row) if row else None

    def people(self) -> list[PersonRow]:
        """See `Accounts.people`."""
        return [_person(row) for row in self._run("people", None)]

    def save_person(self, person: PersonRow) -> None:
        """See `Accounts.save_person`."""
        with self._transaction() as rows:
            rows.run("upsert_person", msgspec.structs.asdict(person))
            for via in BY_PASSWORD:
                rows.run("end_sessions_of", {"name": person.name, "via": via})

    def session(self, digest: str) -> SessionRow | None:
        """See `Accounts.session`."""
        row = self._run("find_session", {"digest": digest}).fetchone()
        return SessionRow(*row) if row else None

    def open_session(self, session: SessionRow, now_ns: int) -> None:
        """See `Accounts.open_session`."""
        with self._transaction() as rows:
            rows.run("end_old_sessions", {"now": now_ns})
            rows.run("insert_session", msgspec.structs.asdict(session))

    def touch_session(self, digest: str, purpose: str, now_ns: int) -> None:
        """See `Accounts.touch_session`."""
        row = {"digest": digest, "purpose": purpose, "seen_ns": now_ns}
        with self._transaction() as rows:
            rows.run("touch_session", row)

    def end_session(self, digest: str) -> None:
        """See `Accounts.end_session`."""
        with self._transaction() as rows:
            rows.run("end_session", {"digest": digest})

    def guesses(self, digest: str) -> tuple[int, int]:
        """See `Accounts.guesses`."""
        row = self._run("find_guess", {"digest": digest}).fetchone()
        return (row[0], row[1]) if row else (0, 0)

    def add_guess(self, digest: str, now_ns: int, forget_ns: int) -> None:
        """See `Accounts.add_guess`."""
        with self._transaction() as rows:
            rows.run("add_guess", {"digest": digest, "now": now_ns})
            rows.run("forget_old_guesses", {"before": forget_ns, "most": MOST_KEPT})

    def forget_guesses(self, digest: str) -> None:
        """See `Accounts.forget_guesses`."""
        with self._transaction() as rows:
            rows.run("forget_guess", {"digest": digest})

    def undo_guess(self, digest: str) -> None:
        """See `Accounts.undo_guess`."""
        with self._transaction() as rows:
            rows.run("undo_guess", {"digest": digest})

    def put_errand(self, digest: str, content: str, now_ns: int, forget_ns: int) -> None:
        """See `Accounts.put_errand`."""
        with self._transaction() as rows:
            rows.run("insert_errand", {"digest": digest, "content": content, "now": now_ns})
            rows.run("forget_old_errands", {"before": forget_ns, "most": MOST_KEPT})

    def take_errand(self, digest: str, after_ns: int) -> str | None:
        """See `Accounts.take_errand`."""
        with self._transaction() as rows:
            row = rows.run("take_errand", {"digest": digest, "after": after_ns}).fetchone()
        return row[0] if row else None


def _person(row: tuple[str, str, str, int, int]) -> PersonRow:
    return PersonRow(*row)
