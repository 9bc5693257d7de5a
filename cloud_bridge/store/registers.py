"""Registers that commands write and every bridge on a store reads: entries by id, as JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from cloud_bridge.store.rows import Rows, Transaction, Values


class Registers(Protocol):
    """See the module; each method is one transaction and raises `StoreError`."""

    def registered(self, name: str, number: str) -> str | None:
        """The entry of that id in a register."""

    def all_registered(self, name: str) -> list[str]:
        """Every entry of a register, in the order of the ids."""

    def put_registered(self, name: str, number: str, content: str) -> None:
        """Add an entry, or exchange the one of its id."""

    def add_registered(self, name: str, entries: Mapping[str, str]) -> None:
        """Add entries by id; one that is there already stays as it is."""


class RegisterRows(ABC):
    """See `Registers`; a database gives `_run` and `_transaction`."""

    @abstractmethod
    def _run(self, name: str, values: Values | None, /) -> Rows:
        """Run a named statement."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Transaction]:
        """Everything inside is committed together, or nothing is."""

    def registered(self, name: str, number: str) -> str | None:
        """See `Registers.registered`."""
        row = self._run("find_registered", {"register": name, "id": number}).fetchone()
        return row[0] if row else None

    def all_registered(self, name: str) -> list[str]:
        """See `Registers.all_registered`."""
        return [content for (content,) in self._run("all_registered", {"register": name})]

    def put_registered(self, name: str, number: str, content: str) -> None:
        """See `Registers.put_registered`."""
        with self._transaction() as rows:
            rows.run("put_registered", {"register": name, "id": number, "content": content})

    def add_registered(self, name: str, entries: Mapping[str, str]) -> None:
        """See `Registers.add_registered`."""
        with self._transaction() as rows:
            for number, content in entries.items():
                rows.run("add_registered", {"register": name, "id": number, "content": content})
