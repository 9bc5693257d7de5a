"""What an open bus tells in a few seconds. Listens only."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from gateway.bus import Frame
from gateway.bus.python_can import can

MOST_FRAMES: Final = 20_000


@dataclass(slots=True)
class Heard:
    """What was heard."""

    seconds: float = 0.0
    frames: list[Frame] = field(default_factory=list)
    errors: int = 0
    bitrate: int | None = None


def listen(bus: can.BusABC, seconds: float) -> Heard:
    """Listen for so long."""
    heard, begun = Heard(bitrate=getattr(bus, "bitrate", None)), time.monotonic()
    while (left_s := begun + seconds - time.monotonic()) > 0 and len(heard.frames) < MOST_FRAMES:
        message = bus.recv(left_s)
        if message is None:
            continue
        if message.is_error_frame:
            heard.errors += 1
        elif not message.is_remote_frame:
            extended, data = message.is_extended_id, bytes(message.data)
            heard.frames.append(Frame(time.time_ns(), message.arbitration_id, extended, data))
    heard.seconds = time.monotonic() - begun
    return heard
