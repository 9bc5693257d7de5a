"""Plans: layouts compiled to byte windows, shifts and conditions, once per message.

Every executor (live functions, numpy, numba, the encoder) reads the same plan, so that they
can be checked against each other. A plan is a frozen value and can be pickled.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from can_decoder.layout import MessageLayout, SignalLayout

FLOAT_FORMATS: Final = MappingProxyType({16: "<e", 32: "<f", 64: "<d"})
NO_PARENT = -1


class Field(msgspec.Struct, frozen=True, array_like=True):
    """One signal as arithmetic on bytes.

    The raw value is the bytes `first` to `last`, read in `order`, shifted right by `shift`
    and cut to `size` bits.

    Attributes:
        name: signal name, the key of results.
        first: first byte of the window.
        last: last byte of the window, included.
        shift: bits of the window below the signal.
        size: bits of the signal.
        order: byte order of the window.
        signed: two's complement.
        is_float: IEEE 754.
        scale: physical = raw * scale + offset.
        offset: see `scale`.
        parent: index of the multiplexor's field, or `NO_PARENT`.
        ranges: raw values of the parent with which the signal is present.
    """

    name: str
    first: int
    last: int
    shift: int
    size: int
    order: Literal["little", "big"]
    signed: bool
    is_float: bool
    scale: int | float
    offset: int | float
    parent: int
    ranges: tuple[tuple[int, int], ...]

    def bits(self, data: bytes) -> int:
        """The raw bits of the signal as an unsigned number; the payload must reach them."""
        window = int.from_bytes(data[self.first : self.last + 1], self.order)
        return window >> self.shift & ((1 << self.size) - 1)

    def raw(self, data: bytes) -> float:
        """The raw value: sign or floating point applied, unscaled."""
        bits = self.bits(data)
        if self.is_float:
            packed = bits.to_bytes(self.size // 8, "little")
            return float(struct.unpack(FLOAT_FORMATS[self.size], packed)[0])
        if self.signed and bits >> (self.size - 1):
            return bits - (1 << self.size)
        return bits

    def value(self, data: bytes) -> float:
        """The physical value."""
        raw = self.raw(data)
        if self.scale != 1:
            raw *= self.scale
        return raw + self.offset if self.offset else raw

    def admits(self, bits: int) -> bool:
        """Whether the signal is present when its multiplexor holds `bits`."""
        return any(low <= bits <= high for low, high in self.ranges)


class Plan(msgspec.Struct, frozen=True, array_like=True):
    """How to decode one message.

    Attributes:
        name: message name.
        size: bytes that the file declares.
        fields: multiplexors stand before the signals that depend on them.
        needed: payload bytes that reach all fields.
        texts: field index -> raw value -> text.
        j1939: raw values at the top of their range mean "not available" or "error".
    """

    name: str
    size: int
    fields: tuple[Field, ...]
    needed: int
    texts: Mapping[int, Mapping[int, str]]
    j1939: bool

    def present(self, data: bytes) -> list[int]:
        """Indices of the fields that a payload holds: long enough, and multiplexed in."""
        found: set[int] = set()
        for index, field in enumerate(self.fields):
            if field.last >= len(data):
                continue
            if field.parent == NO_PARENT or (
                field.parent in found and field.admits(self.fields[field.parent].bits(data))
            ):
                found.add(index)
        return sorted(found)


def compile_plan(layout: MessageLayout) -> Plan:
    """Compile a layout; signals that can never be present (no bits, no multiplexor) fall out."""
    ordered = _by_depth(layout.signals)
    index = {signal.name: i for i, signal in reversed([*enumerate(ordered)])}
    switches = {s.name: i for i, s in reversed([*enumerate(ordered)]) if s.is_multiplexor}
    places = index | switches
    fields = tuple(_field(signal, places) for signal in ordered)
    return Plan(
        name=layout.name,
        size=layout.size,
        fields=fields,
        needed=max((field.last + 1 for field in fields), default=0),
        texts={i: signal.texts for i, signal in enumerate(ordered) if signal.texts},
        j1939=layout.j1939,
    )


def _by_depth(signals: tuple[SignalLayout, ...]) -> list[SignalLayout]:
    """Signals that can be present, multiplexors first; a cycle is never present."""
    placed: list[SignalLayout] = []
    names = {""}
    waiting = [signal for signal in signals if signal.size]
    while ready := [signal for signal in waiting if signal.parent in names]:
        placed += ready
        waiting = [signal for signal in waiting if signal.parent not in names]
        names |= {signal.name for signal in ready}
    return placed


def _field(signal: SignalLayout, places: Mapping[str, int]) -> Field:
    first, last, shift = window(signal.start, signal.size, little=signal.little_endian)
    return Field(
        name=signal.name,
        first=first,
        last=last,
        shift=shift,
        size=signal.size,
        order="little" if signal.little_endian else "big",
        signed=signal.signed,
        is_float=signal.is_float,
        scale=signal.scale,
        offset=signal.offset,
        parent=places[signal.parent] if signal.parent else NO_PARENT,
        ranges=signal.ranges,
    )


def window(start: int, size: int, *, little: bool) -> tuple[int, int, int]:
    """First byte, last byte and bits below the signal, of a DBC start bit and size.

    DBC counts bits from the least significant of byte 0. A little-endian start names the
    least significant bit, a big-endian one the most significant.
    """
    if little:
        return start // 8, (start + size - 1) // 8, start % 8
    top = start // 8 * 8 + 7 - start % 8  # counted from the most significant bit of byte 0
    bottom = top + size - 1
    return start // 8, bottom // 8, 7 - bottom % 8


def unavailable(bits: int, size: int) -> bool:
    """Whether raw bits mean "not available" or "error" in SAE J1939-71, table 1.

    From 8 bits up the most significant byte tells (0xFF, 0xFE); below, the two highest values.
    Above 32 bits (texts, identifiers) only all ones mean it. One bit says nothing.
    """
    ones = (1 << size) - 1
    if size < 2:
        return False
    if size > 32:
        return bits == ones
    return bits >> (size - 8) >= 0xFE if size >= 8 else bits >= ones - 1
