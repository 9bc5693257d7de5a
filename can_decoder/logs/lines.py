"""candump lines by the hundred thousand: lines of one shape are a table of characters.

A chunk of whole lines enters; columns leave, and the numbers of the lines that are of no
regular shape (CAN FD, remote frames, other forms, nonsense), for a slower reader to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LONGEST: Final = 100
"""Characters of a regular line: no classic frame needs more."""
NO_DIGIT: Final = 255
LATEST_S: Final = 9_200_000_000
"""The year 2261; beyond, nanoseconds do not fit 64 bits."""
LONG_DIGITS, SHORT_DIGITS = 8, 3

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


def _nibbles() -> Bytes:
    table = np.full(256, NO_DIGIT, np.uint8)
    for text in ("0123456789abcdef", "0123456789ABCDEF"):
        table[np.frombuffer(text.encode(), np.uint8)] = np.arange(16)
    return table


NIBBLES: Final = _nibbles()
POWERS: Final = 10.0 ** np.arange(18)[::-1]


@dataclass(slots=True)
class LineColumns:
    """One row per line of a chunk; only rows that are `done` mean something."""

    ids: NDArray[np.uint32]
    extended: NDArray[np.bool_]
    t_ns: Numbers
    data: Bytes
    length: Bytes
    channel: Bytes
    done: NDArray[np.bool_]

    @classmethod
    def of(cls, count: int) -> LineColumns:
        """Empty columns."""
        return cls(
            np.zeros(count, np.uint32),
            np.zeros(count, np.bool_),
            np.zeros(count, np.int64),
            np.zeros((count, 8), np.uint8),
            np.zeros(count, np.uint8),
            np.zeros(count, np.uint8),
            np.zeros(count, np.bool_),
        )


def edges(raw: Bytes) -> tuple[Numbers, Numbers]:
    """Begin and end of each line, without its line end."""
    ends = np.flatnonzero(raw == ord("\n"))
    if not len(raw) or raw[-1] != ord("\n"):
        ends = np.append(ends, len(raw))
    begins = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    has_return = (ends > begins) & (raw[ends - 1] == ord("\r"))
    return begins, ends - has_return


def read_lines(raw: Bytes, channels: dict[bytes, int]) -> tuple[LineColumns, Numbers, Numbers]:
    """Columns of a chunk's lines, and where each line begins and ends.

    Args:
        raw: characters, whole lines.
        channels: channel name -> number; new names are added.
    """
    begins, ends = edges(raw)
    columns = LineColumns.of(len(begins))
    for lines, paren, sign in _shapes(raw, begins, ends):
        width = int(ends[lines[0]] - begins[lines[0]])
        text = np.lib.stride_tricks.sliding_window_view(raw, width)[begins[lines]]
        _Table(columns, lines, text, paren, sign, channels).read()
    return columns, begins, ends


def _shapes(raw: Bytes, begins: Numbers, ends: Numbers) -> Iterator[tuple[Numbers, int, int]]:
    """Lines grouped by length and by the places of `)` and `#`, of which there is one each."""
    paren, one_paren = _only(raw, ord(")"), begins, ends)
    sign, one_sign = _only(raw, ord("#"), begins, ends)
    width = ends - begins
    regular = np.flatnonzero(one_paren & one_sign & (width < LONGEST) & (paren < sign))
    if not len(regular):
        return
    keys = (width * LONGEST + paren) * LONGEST + sign
    keys = keys[regular]
    present = np.flatnonzero(np.bincount(keys))
    codes = np.searchsorted(present, keys).astype(np.int16)
    order = np.argsort(codes, kind="stable")
    cuts = np.searchsorted(codes[order], np.arange(len(present) + 1))
    for place, key in enumerate(present.tolist()):
        lines = regular[order[cuts[place] : cuts[place + 1]]]
        yield lines, key // LONGEST % LONGEST, key % LONGEST


def _only(
    raw: Bytes, character: int, begins: Numbers, ends: Numbers
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Place of a character in each line, and whether it is there exactly once."""
    found = np.flatnonzero(raw == character)
    if len(found) == len(begins) and bool(np.all((found >= begins) & (found < ends))):
        return found - begins, np.ones(len(begins), np.bool_)
    first = np.searchsorted(found, begins)
    once = np.searchsorted(found, ends) - first == 1
    places = np.append(found, 0)[np.minimum(first, len(found))]
    return np.where(once, places - begins, 0), once


@dataclass(slots=True)
class _Table:
    """Lines of one shape, [n, width] characters."""

    columns: LineColumns
    lines: Numbers
    text: Bytes
    paren: int
    sign: int
    channels: dict[bytes, int]

    def read(self) -> None:
        size, odd = divmod(self.text.shape[1] - self.sign - 1, 2)
        if odd or size > 8:
            return
        t_ns, sound = self._times()
        data = NIBBLES[self.text[:, self.sign + 1 :]]
        if size:
            sound &= data.max(axis=1) < 16
        for digits in (SHORT_DIGITS, LONG_DIGITS):
            begin = self.sign - digits
            if begin - 2 <= self.paren:
                continue
            rows = np.flatnonzero(sound & (self.text[:, begin - 1] == ord(" ")))
            if len(rows):
                self._put(rows, begin, t_ns, data, size)
                sound[rows] = False

    def _put(self, rows: Numbers, begin: int, t_ns: Numbers, data: Bytes, size: int) -> None:
        ids, valid = self._identifiers(rows, begin)
        if not valid.all():
            rows, ids = rows[valid], ids[valid]
        lines = self.lines[rows]
        columns = self.columns
        columns.ids[lines] = ids
        columns.extended[lines] = self.sign - begin == LONG_DIGITS
        columns.t_ns[lines] = t_ns[rows]
        columns.length[lines] = size
        columns.channel[lines] = self._channels(rows, begin)
        if size:
            chosen = data if len(rows) == len(data) else data[rows]
            columns.data[lines, :size] = chosen[:, 0::2] << 4 | chosen[:, 1::2]
        columns.done[lines] = True

    def _identifiers(
        self, rows: Numbers, begin: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """Identifiers; error frames (above 29 bits) are left to the other reader."""
        digits = NIBBLES[self.text[rows, begin : self.sign]]
        valid = digits.max(axis=1) < 16
        padded = np.zeros((len(rows), 8), np.uint8)
        padded[:, 8 - digits.shape[1] :] = digits
        ids = (padded[:, 0::2] << 4 | padded[:, 1::2]).view(">u4").ravel().astype(np.uint32)
        return ids, valid & (ids <= 0x1FFF_FFFF)

    def _times(self) -> tuple[Numbers, NDArray[np.bool_]]:
        """`(seconds.fraction)` in nanoseconds, and which rows hold it."""
        dots = np.flatnonzero(self.text[0, : self.paren] == ord("."))
        dot = int(dots[0]) if len(dots) == 1 else 0
        if not 2 <= dot <= 16 or not 1 < self.paren - dot <= 10:
            return np.zeros(len(self.text), np.int64), np.zeros(len(self.text), np.bool_)
        sound = (self.text[:, 0] == ord("(")) & (self.text[:, dot] == ord("."))
        sound &= self.text[:, self.paren + 1] == ord(" ")
        whole, digits = self._decimal(1, dot)
        fraction, others = self._decimal(dot + 1, self.paren)
        scale = 10 ** (9 - (self.paren - dot - 1))
        sound &= digits & others & (whole < LATEST_S)
        return np.where(sound, whole, 0) * 1_000_000_000 + fraction * scale, sound

    def _decimal(self, begin: int, end: int) -> tuple[Numbers, NDArray[np.bool_]]:
        digits = self.text[:, begin:end] - np.uint8(ord("0"))
        value = digits.astype(np.float64) @ POWERS[len(POWERS) - (end - begin) :]
        return value.astype(np.int64), digits.max(axis=1) < 10

    def _channels(self, rows: Numbers, begin: int) -> Bytes:
        """Numbers of the channel names, which stand between the time and the identifier."""
        names = self.text[rows, self.paren + 2 : begin - 1]
        numbers = np.zeros(len(rows), np.uint8)
        left = np.arange(len(rows))
        while len(left):
            name = names[left[0]]
            same = (names[left] == name).all(axis=1)
            bare = name.tobytes().strip()
            numbers[left[same]] = self.channels.setdefault(bare, min(len(self.channels), 255))
            left = left[~same]
        return numbers
