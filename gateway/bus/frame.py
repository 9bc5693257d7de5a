"""Frames on their way from a bus to the pipeline: single ones, and the columns of a burst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from can_decoder import FrameBatch

CLASSIC_BYTES = 8
FD_BYTES = 64


class Frame(NamedTuple):
    """One CAN data frame.

    Attributes:
        t_ns: UTC of the frame, by the adapter where it knows, else of its arrival.
        frame_id: identifier without flags.
        extended: whether it has 29 bits.
        data: payload, up to 64 bytes.
    """

    t_ns: int
    frame_id: int
    extended: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Burst:
    """Frames of one bus, in order of arrival.

    Attributes:
        bus: our name of the bus.
        frames: as columns.
    """

    bus: str
    frames: FrameBatch


def batch_of(frames: Sequence[Frame]) -> FrameBatch:
    """Single frames as columns, 8 or 64 bytes wide; what is longer is no CAN and is cut."""
    if not frames:
        return FrameBatch.empty()
    times, ids, extended, payloads = zip(*frames, strict=True)
    lengths = [len(payload) for payload in payloads]
    width = CLASSIC_BYTES if max(lengths) <= CLASSIC_BYTES else FD_BYTES
    joined = b"".join(payload[:width].ljust(width, b"\0") for payload in payloads)
    n = len(frames)
    return FrameBatch(
        ids=np.array(ids, np.uint32),
        extended=np.array(extended, np.bool_),
        t_ns=np.array(times, np.int64),
        data=np.frombuffer(joined, np.uint8).reshape(n, width),
        length=np.minimum(lengths, width).astype(np.uint8),
        channel=np.zeros(n, np.uint8),
    )
