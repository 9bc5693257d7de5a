"""Which bit rate a bus runs at, found by listening at one after the other.

Only with adapters that can be told to acknowledge nothing: one that acknowledged at a wrong rate
would destroy the frames of everybody on the bus. Where the system sets the rate (SocketCAN) it is
left alone. A listener that acknowledges nothing hears a unit only if another one acknowledges it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from dataclasses import replace
from typing import Any, Final

from gateway.bus import BusOptions
from gateway.bus.state import LISTEN_ONLY, WIRELESS
from gateway.checking.hearing import Heard, listen

RATES: Final = (250_000, 500_000, 125_000, 1_000_000, 100_000, 50_000, 83_300)
"""GB/T 27930 and J1939, then passenger cars, then what is left of vehicles; bit/s."""
HEAR_S: Final = 0.5
QUICK_OPENING: Final[dict[str, dict[str, Any]]] = {"slcan": {"sleep_after_open": 0.2}}
"""python-can waits two seconds for boards that start again when their port is opened."""
IP_S: Final = 5.0


def can_probe(options: BusOptions) -> bool:
    """Whether trying another rate disturbs nobody."""
    return options.bitrate is not None and options.interface in LISTEN_ONLY


def probe(options: BusOptions) -> tuple[int, Heard] | None:
    """The rate at which frames are heard, and what was; None when none is, at any rate.

    Args:
        options: the bus as set; its own rate is not tried again.
    """
    for rate in RATES:
        if rate == options.bitrate:
            continue
        with contextlib.suppress(Exception):  # adapters raise what they like at a rate they lack
            heard = _hear_at(options, rate)
            if heard.frames and heard.errors < len(heard.frames):
                return rate, heard
    return None


def _hear_at(options: BusOptions, rate: int) -> Heard:
    extra = {**QUICK_OPENING.get(options.interface, {}), **options.extra}
    with replace(options, bitrate=rate, listen_only=True, extra=extra).open() as bus:
        return listen(bus, HEAR_S)


def listens_only(options: BusOptions) -> bool | None:
    """Whether the adapter acknowledges nothing; None where there is no wire to acknowledge on.

    SocketCAN is asked, for there the system decides.
    """
    if options.interface not in WIRELESS:
        return options.listen_only
    if options.interface != "socketcan":
        return None
    return _system_listens_only(options.channel)


def _system_listens_only(channel: str) -> bool | None:
    """What `ip` says of a SocketCAN controller; None for one without a wire, and without `ip`."""
    command = ["ip", "-details", "-json", "link", "show", "dev", channel]
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        told = subprocess.run(  # noqa: S603 - a fixed program, no shell
            command, capture_output=True, timeout=IP_S, check=True
        )
        return said_by_ip(json.loads(told.stdout))
    return None


def said_by_ip(links: list[dict[str, Any]]) -> bool | None:
    """The state in `ip -details -json link show`: virtual interfaces have no control modes."""
    info = links[0].get("linkinfo", {}) if links else {}
    if info.get("info_kind") != "can":
        return None
    return "LISTEN-ONLY" in info.get("info_data", {}).get("ctrlmode", [])
