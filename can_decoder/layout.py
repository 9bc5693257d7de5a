"""Layouts: what a database says about its messages and signals, as plain frozen values.

Readers of DBC, KCD and SYM make them; plans are compiled from them. A layout may be odd
(overlapping signals, signals past the end); nothing here judges it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

J1939_PDU2 = 0xF0
"""PDU formats from here on broadcast: PS is a group extension (SAE J1939-21, 5.2)."""


class SignalLayout(msgspec.Struct, frozen=True, array_like=True):
    """Place and meaning of one signal.

    Attributes:
        name: the long name where the file has one.
        start: start bit as DBC counts it (big endian: the most significant bit, "sawtooth").
        size: bits.
        little_endian: Intel byte order (`@1`).
        signed: two's complement.
        is_float: IEEE 754 of 16, 32 or 64 bits.
        scale: physical value = raw * scale + offset; an int stays an int.
        offset: see `scale`.
        minimum: lowest physical value of the file's range.
        maximum: highest; equal to `minimum` where the file states no range.
        unit: as the file writes it.
        texts: raw value -> text.
        is_multiplexor: other signals depend on this one.
        parent: name of the multiplexor that it depends on, "" if none.
        ranges: raw values of the parent with which it is present, both ends included.
        spn: SAE J1939 suspect parameter number, 0 if unknown.
        comment: the file's words.
        line: where it was declared.
    """

    name: str
    start: int
    size: int
    little_endian: bool = True
    signed: bool = False
    is_float: bool = False
    scale: int | float = 1
    offset: int | float = 0
    minimum: float = 0.0
    maximum: float = 0.0
    unit: str = ""
    texts: Mapping[int, str] = {}
    is_multiplexor: bool = False
    parent: str = ""
    ranges: tuple[tuple[int, int], ...] = ()
    spn: int = 0
    comment: str = ""
    line: int = 0


class MessageLayout(msgspec.Struct, frozen=True, array_like=True):
    """One message and its signals.

    Attributes:
        name: the long name where the file has one.
        frame_id: 11 or 29 bits, without flags.
        extended: 29 bits.
        size: bytes that the file declares.
        signals: in the order of the file.
        j1939: matched by parameter group, whatever priority, source and destination.
        cycle_ms: nominal period, 0 if unknown.
        sender: node name, "" if none.
        comment: the file's words.
        file: file that it comes from.
        line: where it was declared.
    """

    name: str
    frame_id: int
    extended: bool
    size: int
    signals: tuple[SignalLayout, ...] = ()
    j1939: bool = False
    cycle_ms: float = 0.0
    sender: str = ""
    comment: str = ""
    file: str = ""
    line: int = 0

    @property
    def pgn(self) -> int:
        """Parameter group number of the identifier."""
        return parameter_group(self.frame_id)


def parameter_group(frame_id: int) -> int:
    """PGN of a 29-bit identifier: destination-specific groups lose their destination."""
    group = frame_id >> 8 & 0x3FFFF
    return group if group >> 8 & 0xFF >= J1939_PDU2 else group & 0x3FF00
