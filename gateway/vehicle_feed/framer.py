"""Messages of GB/T 32960.3 out of a stream that comes in pieces and may be hostile.

Bytes enter as they arrive, whole messages leave. What is no message is skipped and counted;
never more is kept than one message can hold.
"""

from __future__ import annotations

from typing import Final

from can_decoder.gbt32960 import Encryption, Message, scan
from can_decoder.gbt32960.frame import HEADER_BYTES

_STARTS: Final = (b"##", b"$$")

_ENCRYPTIONS: Final = frozenset(Encryption)


class Framer:
    """One connection's stream.

    Attributes:
        skipped: bytes that belonged to no message.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self._waiting = b""

    def feed(self, piece: bytes) -> list[Message]:
        """The messages that these bytes complete."""
        self._waiting += piece
        found: list[Message] = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> Message | None:
        while True:
            self._skip_to_start()
            waiting = self._waiting
            if len(waiting) < HEADER_BYTES:
                return None
            if not _is_header(waiting):
                self._drop(2)
                continue
            end = HEADER_BYTES + int.from_bytes(waiting[22:24], "big") + 1
            if len(waiting) < end:
                return None
            first = next(scan(waiting[:end]), None)
            if isinstance(first, Message):
                self._waiting = waiting[end:]
                return first
            self._drop(2)  # the check byte is wrong: go on behind the start

    def _skip_to_start(self) -> None:
        places = [at for at in map(self._waiting.find, _STARTS) if at >= 0]
        if places:
            self._drop(min(places))
        else:  # the last byte may be half a start
            self._drop(len(self._waiting) - (self._waiting[-1:] in (b"#", b"$")))

    def _drop(self, count: int) -> None:
        self._waiting = self._waiting[count:]
        self.skipped += count


def _is_header(head: bytes) -> bool:
    """Whether a start is followed by what a header holds; else its length would be awaited."""
    vin = head[4:21].rstrip(b"\0 ")
    return head[21] in _ENCRYPTIONS and vin.isascii() and (vin.isalnum() or not vin)
