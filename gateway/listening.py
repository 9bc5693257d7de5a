"""What listens to what: the profiles of a slot, and the filters of its bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import can_decoder
from can_decoder import profiles
from gateway.bus import BusOptions
from gateway.pipeline import Listener, MakeTracker
from gateway.settings import BusSettings, GatewaySettings, SlotSettings

MOST_FILTERS: Final = 512
"""What the kernel takes for one socket (linux/can/raw.h)."""


def make_listener(slot: SlotSettings, settings: GatewaySettings) -> Listener:
    """What understands the frames of a slot.

    Raises:
        PacktrailError: a profile or a DBC cannot be used; says which.
    """
    database = can_decoder.load(slot.dbc, for_use=True) if slot.dbc else None
    makers: list[MakeTracker] = []
    for name in slot.profiles:
        found = profiles.find(name)
        makers.append(_tracker_maker(found.tracker, database))
    return Listener(makers, settings.sampling.max_age_s)


def bus_options(
    bus: BusSettings, slots: Sequence[SlotSettings], listeners: Mapping[str, Listener]
) -> BusOptions:
    """How a bus is opened: SocketCAN's kernel passes on only what a slot there needs."""
    on_it = [listeners[slot.name] for slot in slots if slot.bus == bus.name]
    wanted = tuple(dict.fromkeys(one for listener in on_it for one in listener.filters))
    if bus.interface != "socketcan" or not bus.kernel_filters or not wanted:
        return bus.options
    return replace(bus.options, filters=wanted if len(wanted) <= MOST_FILTERS else None)


def _tracker_maker(
    make: Callable[[can_decoder.Database | None], profiles.Tracker],
    database: can_decoder.Database | None,
) -> MakeTracker:
    return partial(make, database)
