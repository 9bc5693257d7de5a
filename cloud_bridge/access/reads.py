"""The log of restricted reads: one JSON line per answer, appended before the answer is given."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from packtrail.shapes import from_json

FILE: Final = "reads.jsonl"


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that showed more than the public sees.

    Attributes:
        at: when, RFC 3339.
        reader: id and name of the key.
        role: its role.
        purpose: what for.
        fields: what was shown beyond what the public sees.
        what: path of the request.
        address: where it came from.
        table: version of the table that allowed it.
    """

    at: str
    reader: str
    role: str
    purpose: str
    fields: tuple[str, ...]
    what: str
    address: str
    table: str


class ReadLog:
    """Appends and reads back.

    Args:
        folder: where `reads.jsonl` lies; it is made with the first line.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def note(self, read: Read) -> None:
        """Append a line in one write, so that lines of several threads stay whole.

        Raises:
            OSError: it cannot be written; then the answer may not be given either.
        """
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, msgspec.json.encode(read) + b"\n")
        finally:
            os.close(handle)

    def newest(self, most: int, about: str = "") -> list[Read]:
        """The newest reads, the oldest of them first; only those whose path holds `about`."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as lines:
            return list(deque(_about(lines, about), maxlen=most))


def _about(lines: Iterable[bytes], about: str) -> Iterable[Read]:
    for line in lines:
        try:
            read = from_json(line, Read)
        except msgspec.DecodeError:
            continue  # a line that a full disk cut off
        if about in read.what:
            yield read
