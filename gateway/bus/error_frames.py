"""SocketCAN error frames to fault confinement.

The kernel tells the controller's troubles as frames whose identifier is a class of bits and
whose data say more (linux/can/error.h).
"""

from __future__ import annotations

from typing import Final

from gateway.bus.state import Condition

CONTROLLER: Final = 0x004
BUS_OFF: Final = 0x040
RESTARTED: Final = 0x100
WARNING_BITS: Final = 0x04 | 0x08
"""data[1]: receive and transmit counters above 96."""
PASSIVE_BITS: Final = 0x10 | 0x20
"""data[1]: counters above 127."""
ACTIVE_BIT: Final = 0x40
"""data[1]: back to error active."""


def condition_of(error_class: int, data: bytes) -> Condition | None:
    """The condition that an error frame announces; None when it is about something else."""
    if error_class & BUS_OFF:
        return Condition.BUS_OFF
    if error_class & RESTARTED:
        return Condition.ACTIVE
    if not error_class & CONTROLLER or len(data) < 2:
        return None
    if data[1] & PASSIVE_BITS:
        return Condition.PASSIVE
    if data[1] & WARNING_BITS:
        return Condition.WARNING
    return Condition.ACTIVE if data[1] & ACTIVE_BIT else None
