"""The common case of batch decoding, in blocks that stay in the processor's cache.

Signals that are present in every row, integer and within eight bytes are shifted and masked
in scratch space and multiplied straight into their final column, so that only the column
itself is fresh memory. Rows come block by block of the batch: every message then finds the
same few megabytes of payload still in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from can_decoder.frames import FrameBatch
from can_decoder.plan import NO_PARENT, Field

BLOCK: Final = 1 << 18
"""Rows of the batch at a time: two megabytes of classic payloads."""
SCRATCH: Final = 1 << 16
"""Rows decoded at a time: half a megabyte of words."""
WORD_BITS: Final = 64
ROOM: Final = 1 << 22
"""Numbers in a piece of room for columns: 32 MB, sixteen of the system's large pages."""

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


class Room:
    """Memory for columns, taken from the system in pieces of several large pages.

    Fresh memory costs as much as decoding into it when it comes in pages of 4 kB. A column
    that outlives the others keeps its piece.

    Args:
        total: numbers that will be asked for in all.
    """

    def __init__(self, total: int) -> None:
        self._ahead = total
        self._free = np.empty(0)

    def take(self, fields: int, rows: int) -> Floats:
        """Uninitialised room, [fields, rows]."""
        wanted = fields * rows
        if wanted > len(self._free):
            self._free = np.empty(max(wanted, min(self._ahead, ROOM)))
        self._ahead -= wanted
        found, self._free = self._free[:wanted], self._free[wanted:]
        return found.reshape(fields, rows)


class PlainColumns(Protocol):
    """Columns of the plain fields of one message, filled piece by piece."""

    columns: dict[str, Floats]

    def fill(self, rows: Rows, at: int) -> None:
        """Decode `rows` of the batch into the columns from place `at` on."""
        ...


def is_plain(item: Field, shortest: int) -> bool:
    """Whether a field is the common case in frames of at least `shortest` bytes."""
    return (
        item.parent == NO_PARENT
        and item.last < shortest
        and item.last - item.first < 8
        and item.size < WORD_BITS
        and not item.is_float
    )


def word_shift(item: Field, width: int) -> tuple[int, int]:
    """First byte of the eight-byte window of a field in rows of `width`, and its shift."""
    start = min(item.first, width - 8)
    if item.order == "little":
        return start, 8 * (item.first - start) + item.shift
    return start, 8 * (7 - (item.last - start)) + item.shift


def scratch_for(batch: FrameBatch) -> Words:
    """Room for the words of one piece: little endian, big endian, and what is made of them."""
    return np.empty((3, min(SCRATCH, len(batch))), np.uint64)


def windows(batch: FrameBatch, start: int) -> Words:
    """Eight bytes from byte `start` of every row as one little-endian number, a view [n]."""
    data = batch.data
    return np.ndarray((len(data),), "<u8", buffer=data, offset=start, strides=data.strides[:1])


class NumpyColumns:
    """Plain fields with numpy alone; see `PlainColumns`.

    Args:
        items: the fields.
        batch: frames.
        out: [fields, rows], where they go.
        scratch: room for the words of a piece, shared by all messages.
    """

    def __init__(
        self, items: Sequence[Field], batch: FrameBatch, out: Floats, scratch: Words
    ) -> None:
        self._batch = batch
        self.columns = {item.name: column for item, column in zip(items, out, strict=True)}
        self._fields: dict[int, list[tuple[Field, int]]] = {}
        for item in items:
            start, shift = word_shift(item, batch.data.shape[1])
            self._fields.setdefault(start, []).append((item, shift))
        self._scratch = scratch

    def fill(self, rows: Rows, at: int) -> None:
        """Decode `rows` of the batch into the columns from place `at` on."""
        for begin in range(0, len(rows), SCRATCH):
            self._piece(rows[begin : begin + SCRATCH], at + begin)

    def _piece(self, rows: Rows, at: int) -> None:
        little, big, scratch = self._scratch[:, : len(rows)]
        for start, fields in self._fields.items():
            view = windows(self._batch, start)
            if view.flags.aligned:
                np.take(view, rows, out=little, mode="clip")
            else:
                np.copyto(little, view[rows])
            if any(item.order == "big" for item, _ in fields):
                np.copyto(big, little)
                big.byteswap(inplace=True)
            for item, shift in fields:
                source = little if item.order == "little" else big
                target = self.columns[item.name][at : at + len(rows)]
                _place(item, source, shift, scratch, target)


def _place(item: Field, source: Words, shift: int, scratch: Words, target: Floats) -> None:
    """Shift, mask, sign, scale and offset one piece of one field."""
    if shift:
        np.right_shift(source, np.uint64(shift), out=scratch)
        source = scratch
    if shift + item.size < WORD_BITS:
        np.bitwise_and(source, np.uint64((1 << item.size) - 1), out=scratch)
    whole = scratch.view(np.int64)
    if item.signed:
        sign = 1 << (item.size - 1)
        whole ^= sign
        whole -= sign
    if item.scale == 1:
        np.copyto(target, whole)
    else:
        np.multiply(whole, float(item.scale), out=target)
    if item.offset:
        target += item.offset
