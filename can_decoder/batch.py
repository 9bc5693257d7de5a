"""Batch decoding with numpy: frames of one message to float64 columns.

Payloads are read as 64-bit words, swapped once where the signals are big endian; each signal
is then a shift, a mask and a multiplication into its final column. Rows that do not hold a
signal become NaN. The arithmetic is that of `live`, so that both agree bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from can_decoder.blocks import (
    BLOCK,
    NumpyColumns,
    PlainColumns,
    Room,
    Rows,
    is_plain,
    scratch_for,
    windows,
    word_shift,
)
from can_decoder.columns import Columns
from can_decoder.compiled import CompiledColumns, sort_rows
from can_decoder.frames import FrameBatch
from can_decoder.plan import NO_PARENT, Field, Plan, unavailable
from can_decoder.routing import Codes

Words = NDArray[np.uint64]
FLOATS = {16: np.float16, 32: np.float32, 64: np.float64}
UINTS = {16: np.uint16, 32: np.uint32, 64: np.uint64}


@dataclass(slots=True)
class BatchDecoder:
    """Decodes one batch: rows by message, then the messages' columns.

    Attributes:
        batch: frames.
        codes: index of the message of each frame, negative where none.
        plan_of: message index -> plan.
        compiled: whether numba does the common case.
    """

    batch: FrameBatch
    codes: Codes
    plan_of: Callable[[int], Plan]
    compiled: bool

    def run(self) -> Iterator[tuple[int, Columns]]:
        """Columns per message index that occurs."""
        messages = int(self.codes.max(initial=-1)) + 1
        rows, starts = self._sorted(messages)
        found = {
            code: _RowDecoder(self.plan_of(code), self.batch, rows[starts[code] : starts[code + 1]])
            for code in range(messages)
            if starts[code + 1] > starts[code]
        }
        kind = CompiledColumns if self.compiled else NumpyColumns
        scratch = scratch_for(self.batch)
        room = Room(sum(len(d.plan.fields) * len(d.rows) for d in found.values()))
        shortest = int(self.batch.length.min(initial=255))
        plain = {
            code: decoder.plain(kind, scratch, room, shortest) for code, decoder in found.items()
        }
        for code, at, piece in self._pieces(found):
            if columns := plain[code]:
                columns.fill(piece, at)
        for code, decoder in found.items():
            decoder.run()
            yield code, decoder.columns()

    def _sorted(self, messages: int) -> tuple[Rows, NDArray[np.intp]]:
        """Row numbers by message, in the order of the batch, and where each message begins."""
        if self.compiled:
            return sort_rows(self.codes, messages)
        blocks = range(0, len(self.codes), BLOCK)
        counts = np.zeros((len(blocks), messages + 1), np.intp)
        for place, begin in enumerate(blocks):
            block = self.codes[begin : begin + BLOCK]
            counts[place] = np.bincount(block + 1, minlength=messages + 1)
        starts = np.concatenate(([0], np.cumsum(counts[:, 1:].sum(axis=0))))
        rows = np.empty(starts[-1], np.intp)
        free = starts[:-1].tolist()
        for place, begin in enumerate(blocks):
            order = np.argsort(self.codes[begin : begin + BLOCK], kind="stable")
            at = int(counts[place, 0])
            for code, count in enumerate(counts[place, 1:].tolist()):
                if count:
                    target = rows[free[code] : free[code] + count]
                    np.add(order[at : at + count], begin, out=target)
                    free[code] += count
                    at += count
        return rows, starts

    def _pieces(self, found: Mapping[int, _RowDecoder]) -> Iterator[tuple[int, int, Rows]]:
        """The rows of all messages, block by block of the batch: code, place, rows."""
        edges = np.arange(BLOCK, len(self.batch) + BLOCK, BLOCK)
        cuts = {
            code: [0, *np.searchsorted(decoder.rows, edges).tolist()]
            for code, decoder in found.items()
        }
        for block in range(len(edges)):
            for code, decoder in found.items():
                begin, end = cuts[code][block], cuts[code][block + 1]
                if end > begin:
                    yield code, begin, decoder.rows[begin:end]


class _InvalidMasks(Mapping[str, NDArray[np.bool_]]):
    """Signal -> J1939's marks, worked out when somebody asks."""

    def __init__(self, decoder: _RowDecoder) -> None:
        self._decoder = decoder

    def __getitem__(self, name: str) -> NDArray[np.bool_]:
        if name not in self._decoder.values:
            raise KeyError(name)
        return self._decoder.invalid(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._decoder.values)

    def __len__(self) -> int:
        return len(self._decoder.values)


@dataclass(slots=True)
class _RowDecoder:
    plan: Plan
    batch: FrameBatch
    rows: Rows
    done: set[int] = field(default_factory=set)
    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    absent: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    masks: dict[int, NDArray[np.bool_] | None] = field(default_factory=dict)
    words: dict[tuple[int, str], Words] = field(default_factory=dict)

    def plain(
        self,
        kind: type[NumpyColumns | CompiledColumns],
        scratch: Words,
        room: Room,
        shortest: int,
    ) -> PlainColumns | None:
        """Columns for the common case, still to be filled; None if no field is.

        `shortest` is the length of the batch's shortest frame, of whatever message.
        """
        items = self.plan.fields
        names = [item.name for item in items]
        if shortest < self.plan.needed:
            shortest = int(self.batch.length[self.rows].min(initial=255))
        self.done = {
            index
            for index, item in enumerate(items)
            if is_plain(item, shortest) and names.count(item.name) == 1
        }
        self.masks = dict.fromkeys(self.done)
        if not self.done:
            return None
        chosen = [items[index] for index in sorted(self.done)]
        columns = kind(chosen, self.batch, room.take(len(chosen), len(self.rows)), scratch)
        self.values = columns.columns
        return columns

    def columns(self) -> Columns:
        """What was decoded."""
        return Columns(
            message=self.plan.name,
            signals=tuple(dict.fromkeys(item.name for item in self.plan.fields)),
            batch_t_ns=self.batch.t_ns,
            batch_ids=self.batch.ids,
            rows=self.rows,
            in_seconds=self.batch.in_seconds,
            plan=self.plan,
            values=self.values,
            absent=self.absent,
            invalid=_InvalidMasks(self) if self.plan.j1939 else {},
        )

    def run(self) -> None:
        """Decode all fields but those of the common case."""
        if len(self.done) == len(self.plan.fields):
            return
        length = self.batch.length[self.rows]
        shortest, longest = int(length.min(initial=255)), int(length.max(initial=0))
        masks = self.masks
        for index, item in enumerate(self.plan.fields):
            if item.last >= longest:
                continue
            if index in self.done:
                continue
            mask = None if item.last < shortest else length > item.last
            if item.parent != NO_PARENT:
                if item.parent not in masks:
                    continue
                mask = _both(mask, masks[item.parent])
                mask = _both(mask, self._admitted(item))
            masks[index] = mask
            if mask is None:
                self._whole(item)
            elif mask.any():
                self._partly(item, mask)
        self.words.clear()

    def invalid(self, name: str) -> NDArray[np.bool_]:
        """Rows in which a signal is present and says "not available" or "error"."""
        found = np.zeros(len(self.rows), np.bool_)
        for index, mask in self.masks.items():
            item = self.plan.fields[index]
            if item.name == name:
                marked = self._unavailable(item)
                found |= marked if mask is None else marked & mask
        self.words.clear()
        return found

    def _admitted(self, item: Field) -> NDArray[np.bool_]:
        bits = self._bits(self.plan.fields[item.parent])
        admitted = np.zeros(len(bits), np.bool_)
        for low, high in item.ranges:
            if low == high:
                admitted |= bits == low
            else:
                admitted |= (bits >= low) & (bits <= high)
        return admitted

    def _whole(self, item: Field) -> None:
        self.values[item.name] = self._physical(item)
        self.absent.pop(item.name, None)

    def _partly(self, item: Field, mask: NDArray[np.bool_]) -> None:
        """Fill in the rows that hold the signal; a name used twice shares its column."""
        value = self._physical(item)
        earlier = self.values.get(item.name)
        if earlier is None:
            self.values[item.name] = np.where(mask, value, np.nan)
            self.absent[item.name] = ~mask
        else:
            np.copyto(earlier, value, where=mask)
            if item.name in self.absent:
                self.absent[item.name] &= ~mask

    def _physical(self, item: Field) -> NDArray[np.float64]:
        column = self._raw(item)
        with np.errstate(all="ignore"):
            if item.scale != 1:
                column *= item.scale
            if item.offset:
                column += item.offset
        return column

    def _raw(self, item: Field) -> NDArray[np.float64]:
        if item.size > 64:
            return self._long(item)
        bits = self._bits(item)
        if item.is_float:
            with np.errstate(all="ignore"):
                return bits.astype(UINTS[item.size]).view(FLOATS[item.size]).astype(np.float64)
        if item.size == 64:
            return (bits.view(np.int64) if item.signed else bits).astype(np.float64)
        whole = bits.view(np.int64)
        if item.signed:
            sign = 1 << (item.size - 1)
            whole = whole ^ sign
            whole -= sign
        return whole.astype(np.float64)

    def _long(self, item: Field) -> NDArray[np.float64]:
        """Signals of more than 64 bits: rare enough for a loop."""
        payloads = self.batch.data[self.rows]
        return np.array([float(item.raw(row.tobytes())) for row in payloads], np.float64)

    def _unavailable(self, item: Field) -> NDArray[np.bool_]:
        if item.size > 64 or item.is_float:
            return np.zeros(len(self.rows), np.bool_)
        bits = self._bits(item)
        top = (1 << item.size) - 1
        for floor in range(8):  # lowest raw value that counts, by the rule of `unavailable`
            if not unavailable(top - floor, item.size):
                break
        if item.size >= 8 and item.size <= 32:
            return bits >= np.uint64(0xFE << (item.size - 8))
        return bits > np.uint64(top - floor)

    def _bits(self, item: Field) -> Words:
        """Raw bits, uint64 [n]."""
        if item.size > 64:
            return np.zeros(len(self.rows), np.uint64)
        if item.last - item.first < 8:
            return self._narrow(item)
        near, far = item.first, item.last
        if item.order == "little":
            low, edge = self._word(near, "little"), self.batch.data[:, far]
        else:
            low, edge = self._word(near + 1, "big"), self.batch.data[:, near]
        shift, edge = item.shift, edge[self.rows]
        bits = low >> np.uint64(shift) | edge.astype(np.uint64) << np.uint64(64 - shift)
        return bits & np.uint64((1 << item.size) - 1)

    def _narrow(self, item: Field) -> Words:
        start, shift = word_shift(item, self.batch.data.shape[1])
        word = self._word(start, item.order)
        if shift + item.size == 64:
            return word >> np.uint64(shift) if shift else word
        mask = np.uint64((1 << item.size) - 1)
        if not shift:
            return word & mask
        bits = word >> np.uint64(shift)
        bits &= mask
        return bits

    def _word(self, start: int, order: str) -> Words:
        """Eight bytes from `start` as one number, cached per message."""
        word = self.words.get((start, order))
        if word is None:
            if order == "big":
                word = self._word(start, "little").byteswap()
            else:
                word = windows(self.batch, start)[self.rows].astype(np.uint64, copy=False)
            self.words[start, order] = word
        return word


def _both(
    first: NDArray[np.bool_] | None, second: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    if first is None or second is None:
        return second if first is None else first
    return first & second
