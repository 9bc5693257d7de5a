"""Messages of GB/T 32960.3 out of a stream that comes in pieces and may be hostile.

Bytes enter as they arrive; whole messages leave, and frames whose check byte is wrong, for they
are to be answered. What is no frame is skipped and counted; never more is kept than one frame can
hold, and every byte is looked at a bounded number of times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from can_decoder.gbt32960.frame import (
    HEADER_BYTES,
    TIME_BYTES,
    Edition,
    Encryption,
    Message,
    check_byte,
    read_frame,
)

MOST_BYTES: Final = HEADER_BYTES + 0xFFFF + 1
_STARTS: Final = (b"##", b"$$")
_ENCRYPTIONS: Final = frozenset(Encryption)


@dataclass(frozen=True, slots=True)
class Broken:
    """A frame whose check byte is wrong: what its header says, to answer it by.

    Attributes:
        edition: by its start.
        code: command byte.
        response: 0xFE in a command.
        vin: as sent.
        time: the first bytes of its data unit.
    """

    edition: Edition
    code: int
    response: int
    vin: str
    time: bytes


class Framer:
    """One connection's stream.

    Attributes:
        skipped: bytes that belonged to no message.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self._waiting = b""
        self._at = 0

    def feed(self, piece: bytes) -> list[Message]:
        """The messages that these bytes complete."""
        return [found for found in self.take(piece) if isinstance(found, Message)]

    def take(self, piece: bytes) -> list[Message | Broken]:
        """What these bytes complete; behind a broken frame's start the search goes on."""
        self._waiting += piece
        found: list[Message | Broken] = []
        while (one := self._next()) is not None:
            found.append(one)
        self._waiting, self._at = self._waiting[self._at :], 0
        return found

    def _next(self) -> Message | Broken | None:
        while True:
            self._skip_to_start()
            head = self._waiting[self._at : self._at + HEADER_BYTES]
            if len(head) < HEADER_BYTES:
                return None
            if not _is_header(head):
                self._drop(2)
                continue
            end = self._at + HEADER_BYTES + int.from_bytes(head[22:24], "big") + 1
            if len(self._waiting) < end:
                return None
            return self._frame(self._waiting[self._at : end])

    def _frame(self, frame: bytes) -> Message | Broken:
        if check_byte(frame[2:-1]) == frame[-1]:
            self._at += len(frame)
            return read_frame(frame)
        self._drop(2)
        vin = frame[4:21].decode("ascii", "replace").strip("\0 ")
        time = frame[HEADER_BYTES:-1][:TIME_BYTES]
        return Broken(Edition(frame[0]), frame[2], frame[3], vin, time)

    def _skip_to_start(self) -> None:
        places = [self._waiting.find(start, self._at) for start in _STARTS]
        found = [place for place in places if place >= 0]
        if found:
            self._drop(min(found) - self._at)
        else:  # the last byte may be half a start
            rest = len(self._waiting) - self._at
            self._drop(rest - (rest > 0 and self._waiting[-1:] in (b"#", b"$")))

    def _drop(self, count: int) -> None:
        self._at += count
        self.skipped += count


def _is_header(head: bytes) -> bool:
    """Whether a start is followed by what a header holds; else its length would be awaited."""
    vin = head[4:21].rstrip(b"\0 ")
    return head[21] in _ENCRYPTIONS and vin.isascii() and (vin.isalnum() or not vin)
