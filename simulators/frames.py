"""A frame that a simulated unit sends."""

from __future__ import annotations

from typing import NamedTuple


class PackFrame(NamedTuple):
    """One frame of a burst.

    Attributes:
        frame_id: identifier without flags.
        extended: 29 bits.
        data: payload.
        fd: CAN FD format, with the faster rate for the payload.
        delay_ms: how long after the burst's beginning it may go; such frames queue apart.
        error: an error frame, as a controller reports what it could not read; it has no payload
            and its identifier is the class of error (`linux/can/error.h`).
    """

    frame_id: int
    extended: bool
    data: bytes
    fd: bool = False
    delay_ms: int = 0
    error: bool = False
