"""A typed register in the store that commands write and running bridges read.

Each look is a look at the store: what is revoked at a terminal holds for every bridge on that
store from the next request on.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from cloud_bridge.store.registers import Registers
from packtrail.shapes import from_json

TAKEN: Final = ".taken"
"""Put behind the name of a file that was brought into the store."""


class Named(Protocol):
    """An entry."""

    @property
    def id(self) -> str:
        """What it is found by."""


Entry = TypeVar("Entry", bound=Named)


class Register(Generic[Entry]):
    """The entries by their ids. Safe to use from any thread and any process.

    Args:
        store: where they lie.
        name: of the register.
        shape: the type of an entry.
    """

    def __init__(self, store: Registers, name: str, shape: type[Entry]) -> None:
        self._store, self._name, self._shape = store, name, shape

    def find(self, number: str) -> Entry | None:
        """The entry of that id."""
        content = self._store.registered(self._name, number)
        return None if content is None else from_json(content, self._shape)

    def all(self) -> list[Entry]:
        """Every entry, in the order of the ids."""
        return [from_json(one, self._shape) for one in self._store.all_registered(self._name)]

    def put(self, entry: Entry) -> None:
        """Add an entry, or exchange the one of its id."""
        self._store.put_registered(self._name, entry.id, _json(entry))

    def take_over(self, file: Path) -> None:
        """Bring in what an earlier version kept in a file, which is set aside under another name.

        What the store has stays as it is: an entry that was revoked since is not brought back.

        Raises:
            msgspec.DecodeError: the file holds something else.
        """
        with suppress(FileNotFoundError):  # there is none, or another process was first
            found = from_json(file.read_bytes(), list[msgspec.Raw])
            entries = [from_json(bytes(one), self._shape) for one in found]
            self._store.add_registered(self._name, {one.id: _json(one) for one in entries})
            file.rename(file.with_name(file.name + TAKEN))


def _json(entry: Named) -> str:
    return msgspec.json.encode(entry).decode()
