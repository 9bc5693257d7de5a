"""Batch decoding with numpy: frames of one message to float64 columns.

Payloads are read as 64-bit words, swapped once where the signals are big endian; each signal
is then a shift, a mask and a multiplication into its final column. Rows that do not hold a
signal become NaN. The arithmetic is that of `live`, so that both agree bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from can_decoder.columns import Columns
from can_decoder.frames import FrameBatch
from can_decoder.plan import NO_PARENT, Field, Plan, unavailable

Words = NDArray[np.uint64]
Rows = NDArray[np.intp]
FLOATS = {16: np.float16, 32: np.float32, 64: np.float64}
UINTS = {16: np.uint16, 32: np.uint32, 64: np.uint64}


def group(codes: NDArray[np.int16]) -> Iterator[tuple[int, Rows]]:
    """Rows per code, in their order; negative codes are left out."""
    order = np.argsort(codes, kind="stable")
    sorted_codes = codes[order]
    starts = np.flatnonzero(np.diff(sorted_codes, prepend=np.int16(-2)))
    ends = np.append(starts[1:], len(codes))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        code = int(sorted_codes[start])
        if code >= 0:
            yield code, order[start:end]


def decode_rows(plan: Plan, batch: FrameBatch, rows: Rows) -> Columns:
    """Decode the frames at `rows`, all of one message."""
    decoder = _RowDecoder(plan, batch.data[rows], batch.length[rows])
    decoder.run()
    return Columns(
        message=plan.name,
        signals=tuple(dict.fromkeys(item.name for item in plan.fields)),
        t_ns=batch.t_ns[rows],
        ids=batch.ids[rows],
        rows=rows,
        in_seconds=batch.in_seconds,
        plan=plan,
        values=decoder.values,
        absent=decoder.absent,
        invalid=decoder.invalid,
    )


@dataclass(slots=True)
class _RowDecoder:
    plan: Plan
    data: NDArray[np.uint8]
    length: NDArray[np.uint8]
    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    absent: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    invalid: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    words: dict[tuple[int, str], Words] = field(default_factory=dict)

    def run(self) -> None:
        shortest = int(self.length.min(initial=255))
        longest = int(self.length.max(initial=0))
        masks: dict[int, NDArray[np.bool_] | None] = {}
        for index, item in enumerate(self.plan.fields):
            if item.last >= longest:
                continue
            mask = None if item.last < shortest else self.length > item.last
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
        if self.plan.j1939:
            self.invalid[item.name] = self._unavailable(item)

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
        if self.plan.j1939:
            invalid = self._unavailable(item) & mask
            self.invalid[item.name] = self.invalid.get(item.name, False) | invalid

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
        if not item.signed:
            return bits.view(np.int64).astype(np.float64) if item.size < 64 else bits.astype(float)
        unused = np.uint64(64 - item.size)
        return ((bits << unused).view(np.int64) >> unused.astype(np.int64)).astype(np.float64)

    def _long(self, item: Field) -> NDArray[np.float64]:
        """Signals of more than 64 bits: rare enough for a loop."""
        return np.array([float(item.raw(row.tobytes())) for row in self.data], np.float64)

    def _unavailable(self, item: Field) -> NDArray[np.bool_]:
        if item.size > 64 or item.is_float:
            return np.zeros(len(self.data), np.bool_)
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
            return np.zeros(len(self.data), np.uint64)
        if item.last - item.first < 8:
            return self._narrow(item)
        near, far = item.first, item.last
        if item.order == "little":
            low, edge, shift = self._word(near, "little"), self.data[:, far], item.shift
        else:
            low, edge, shift = self._word(near + 1, "big"), self.data[:, near], item.shift
        bits = low >> np.uint64(shift) | edge.astype(np.uint64) << np.uint64(64 - shift)
        return bits & np.uint64((1 << item.size) - 1)

    def _narrow(self, item: Field) -> Words:
        start = min(item.first, self.data.shape[1] - 8)
        if item.order == "little":
            shift = 8 * (item.first - start) + item.shift
        else:
            shift = 8 * (7 - (item.last - start)) + item.shift
        word = self._word(start, item.order)
        if shift:
            word = word >> np.uint64(shift)
        if shift + item.size == 64:
            return word
        return word & np.uint64((1 << item.size) - 1)

    def _word(self, start: int, order: str) -> Words:
        """Eight bytes from `start` as one number, cached per message."""
        word = self.words.get((start, order))
        if word is None:
            if order == "big":
                word = self._word(start, "little").byteswap()
            else:
                window = np.ascontiguousarray(self.data[:, start : start + 8])
                word = window.view("<u8").ravel().astype(np.uint64, copy=False)
            self.words[start, order] = word
        return word


def _both(
    first: NDArray[np.bool_] | None, second: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    if first is None or second is None:
        return second if first is None else first
    return first & second
