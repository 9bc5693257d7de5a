"""Lists that commands write and every bridge on a store reads: entries by list and id, as JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from cloud_bridge.store.rows import Rows, Transaction, Values


class Listings(Protocol):
    """See the module; each method is one transaction and raises `StoreError`."""

    def listed(self, name: str, number: str) -> str | None:
        """The entry of that id in a list."""

    def all_listed(self, name: str) -> list[str]:
        """Every entry of a list, in the order of the ids."""

    def put_listed(self, name: str, number: str, content: str) -> None:
        """Add an entry, or exchange the one of its id."""

    def add_listed(self, name: str, entries: Mapping[str, str]) -> None:
        """Add entries by id; one that is there already stays as it is."""


class ListingRows(ABC):
    """See `Listings`; a database gives `_run` and `_transaction`."""

    @abstractmethod
    def _run(self, name: str, values: Values | None, /) -> Rows:
        """Run a named statement."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Transaction]:
        """Everything inside is committed together, or nothing is."""

    def listed(self, name: str, number: str) -> str | None:
        """See `Listings.listed`."""
        row = self._run("find_listed", {"list": name, "id": number}).fetchone()
        return row[0] if row else None

    def all_listed(self, name: str) -> list[str]:
        """See `Listings.all_listed`."""
        return [content for (content,) in self._run("all_listed", {"list": name})]

    def put_listed(self, name: str, number: str, content: str) -> None:
        """See `Listings.put_listed`."""
        with self._transaction() as rows:
            rows.run("put_listed", {"list": name, "id": number, "content": content})

    def add_listed(self, name: str, entries: Mapping[str, str]) -> None:
        """See `Listings.add_listed`."""
        with self._transaction() as rows:
            for number, content in entries.items():
                rows.run("add_listed", {"list": name, "id": number, "content": content})
