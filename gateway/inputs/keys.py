"""A scanner that types: Linux key events become the text of labels.

The event device is grabbed, so that a label never lands in whatever else has the focus. Keys
after linux/input-event-codes.h, as a US keyboard types them, which is every scanner's default.
"""

from __future__ import annotations

import errno
import fcntl
import struct
from collections.abc import Iterator
from typing import Final

from packtrail.codes.labels import MAX_LABEL

_EVENT: Final = struct.Struct("llHHi")
EVENT_BYTES: Final = _EVENT.size
_EVIOCGRAB: Final = 0x40044590
_EV_KEY: Final = 1
_RELEASED: Final = 0
_ENTER: Final = frozenset({28, 96, 15})
"""Enter, the keypad's Enter and Tab end a label."""
_SHIFT: Final = frozenset({42, 54})
_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
_PLAIN: Final = {first + n: char for first, plain, _ in _ROWS for n, char in enumerate(plain)}
_SHIFTED: Final = {first + n: char for first, _, shift in _ROWS for n, char in enumerate(shift)}


class Typist:
    """Follows the keys of one keyboard."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._text = ""

    def feed(self, events: bytes) -> Iterator[str]:
        """Take whole events; yields each label when its Enter comes."""
        for _, _, kind, code, value in _EVENT.iter_unpack(events):
            if kind != _EV_KEY:
                continue
            if code in _SHIFT:
                (self._held.discard if value == _RELEASED else self._held.add)(code)
            elif value != _RELEASED:
                yield from self._press(code)

    def _press(self, code: int) -> Iterator[str]:
        if code in _ENTER:
            yield self._text
            self._text = ""
        elif len(self._text) <= MAX_LABEL:
            self._text += (_SHIFTED if self._held else _PLAIN).get(code, "")


def grab(handle: int) -> None:
    """Have the keyboard to ourselves; a recording of events has nobody else to hear it.

    Raises:
        OSError: another program has it.
    """
    try:
        fcntl.ioctl(handle, _EVIOCGRAB, 1)
    except OSError as error:
        if error.errno not in (errno.ENOTTY, errno.EINVAL):
            raise
