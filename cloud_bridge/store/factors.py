"""Second factors of people in the store; like all of `accounts`, no part of the ledger."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Final, Protocol

import msgspec

from cloud_bridge.store.rows import Rows, Transaction, Values

PASSWORD: Final = "password"  # noqa: S105 - the name of a way
CODE: Final = "password+code"
BY_PASSWORD: Final = (PASSWORD, CODE)
"""Ways to log in that a person's own row here rules."""


class FactorRow(msgspec.Struct, frozen=True):
    """The second factor of somebody who has one.

    Attributes:
        name: whose.
        sealed: the secret that his codes are made of, see `cloud_bridge.login.factor`.
        made_ns: since when, UTC ns.
        last_step: the newest time step whose code was taken; no code of it or before it is.
    """

    name: str
    sealed: bytes
    made_ns: int
    last_step: int


class Factors(Protocol):
    """Each method is one transaction and raises `StoreError`."""

    def factor(self, name: str) -> FactorRow | None:
        """Somebody's second factor; None without one."""

    def factors(self) -> list[FactorRow]:
        """Everybody's, in the order of their names."""

    def save_factor(self, factor: FactorRow, recovery: Iterable[str]) -> None:
        """Put a factor and the digests of recovery codes in place of the old; logins end."""

    def remove_factor(self, name: str) -> None:
        """Take a factor and its recovery codes away; logins end."""

    def take_step(self, name: str, step: int) -> bool:
        """Use the code of a time step up; False where one as new was used before."""

    def save_recovery(self, name: str, recovery: Iterable[str]) -> None:
        """Put the digests of recovery codes in place of the old."""

    def take_recovery(self, name: str, digest: str) -> bool:
        """Use a recovery code up; False where there is none such."""

    def recovery_left(self, name: str) -> int:
        """How many recovery codes are left."""


class FactorRows(ABC):
    """See `Factors`; a database gives `_run` and `_transaction`."""

    @abstractmethod
    def _run(self, name: str, values: Values | None, /) -> Rows:
        """Run a named statement."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Transaction]:
        """Everything inside is committed together, or nothing is."""

    def factor(self, name: str) -> FactorRow | None:
        """See `Factors.factor`."""
        row = self._run("find_factor", {"name": name}).fetchone()
        return FactorRow(row[0], bytes(row[1]), *row[2:]) if row else None

    def factors(self) -> list[FactorRow]:
        """See `Factors.factors`."""
        return [FactorRow(row[0], bytes(row[1]), *row[2:]) for row in self._run("factors", None)]

    def save_factor(self, factor: FactorRow, recovery: Iterable[str]) -> None:
        """See `Factors.save_factor`."""
        with self._transaction() as rows:
            _remove(rows, factor.name)
            rows.run("insert_factor", msgspec.structs.asdict(factor))
            _insert(rows, factor.name, recovery)

    def remove_factor(self, name: str) -> None:
        """See `Factors.remove_factor`."""
        with self._transaction() as rows:
            _remove(rows, name)

    def take_step(self, name: str, step: int) -> bool:
        """See `Factors.take_step`."""
        with self._transaction() as rows:
            return rows.run("take_step", {"name": name, "step": step}).fetchone() is not None

    def save_recovery(self, name: str, recovery: Iterable[str]) -> None:
        """See `Factors.save_recovery`."""
        with self._transaction() as rows:
            rows.run("remove_recovery_codes", {"name": name})
            _insert(rows, name, recovery)

    def take_recovery(self, name: str, digest: str) -> bool:
        """See `Factors.take_recovery`."""
        row = {"name": name, "digest": digest}
        with self._transaction() as rows:
            return rows.run("take_recovery_code", row).fetchone() is not None

    def recovery_left(self, name: str) -> int:
        """See `Factors.recovery_left`."""
        row = self._run("count_recovery_codes", {"name": name}).fetchone()
        return int(row[0]) if row else 0


def _remove(rows: Transaction, name: str) -> None:
    rows.run("remove_factor", {"name": name})
    rows.run("remove_recovery_codes", {"name": name})
    for via in BY_PASSWORD:
        rows.run("end_sessions_of", {"name": name, "via": via})


def _insert(rows: Transaction, name: str, recovery: Iterable[str]) -> None:
    for digest in recovery:
        rows.run("insert_recovery_code", {"name": name, "digest": digest})
