"""A list of entries in one file that commands write and a running bridge reads.

Read again when the file changes: what is revoked at a terminal holds from the next look on.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from cloud_bridge.enrolment.folder import locked, write_whole
from packtrail.shapes import from_json


class Named(Protocol):
    """An entry."""

    @property
    def id(self) -> str:
        """What it is found by."""


Entry = TypeVar("Entry", bound=Named)


class Listed(Generic[Entry]):
    """The entries by their ids. Safe to use from any thread and any process.

    Args:
        file: where they lie; it and its folder are made with the first entry.
        shape: the type of the whole file.
    """

    def __init__(self, file: Path, shape: type[list[Entry]]) -> None:
        self._file, self._shape = file, shape
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int, int], dict[str, Entry]] = ((0, 0, 0), {})

    def now(self) -> Mapping[str, Entry]:
        """As the file has them, in its order."""
        try:
            about = self._file.stat()
        except FileNotFoundError:
            return {}
        mark = (about.st_ino, about.st_mtime_ns, about.st_size)
        with self._lock:
            if mark != self._read[0]:
                found = from_json(self._file.read_bytes(), self._shape)
                self._read = mark, {one.id: one for one in found}
            return self._read[1]

    def put(self, entry: Entry) -> None:
        """Add an entry, or exchange the one of its id."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self._file.parent):
            entries = {**self.now(), entry.id: entry}
            write_whole(self._file, msgspec.json.encode(list(entries.values())))
