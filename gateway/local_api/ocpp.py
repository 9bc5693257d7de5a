"""OCPP 2.1 BatterySwap messages of a swap station as acts of the book.

Enters a message as the station sends it to its own back office, as an OCPP-J call
(`[2, "id", "BatterySwap", {...}]`) or its payload alone; leaves what happened to which slot.
BatteryIn is an arrival, BatteryOut a departure, BatteryOutTimeout (nobody took the pack) moves
nothing. The serial number is the controller's word for the pack's code: it confirms a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from gateway.binding import Book, Outcome
from packtrail.errors import CodecError
from packtrail.event import Reading
from packtrail.ocpp import ACTION, SOURCE, BatterySwap, read_call, read_swap, result
from packtrail.times import format_time


class Message(NamedTuple):
    """A message and the number that its answer names; None for a payload alone."""

    swap: BatterySwap
    number: str | None


def read_message(body: bytes) -> Message:
    """Decode a call or a payload.

    Raises:
        msgspec.DecodeError: it is neither.
    """
    if not body.lstrip().startswith(b"["):
        return Message(read_swap(body), None)
    try:
        call = read_call(body)
    except CodecError as error:
        raise msgspec.ValidationError(str(error)) from error
    if call is None or call.action != ACTION:
        raise msgspec.ValidationError(f"only calls of {ACTION} are taken")
    return Message(read_swap(call.payload), call.number)


def answer_to(number: str | None) -> object:
    """CALLRESULT, or the empty payload of BatterySwapResponse."""
    return {} if number is None else result(number, {})


def slots_of(swap: BatterySwap, names: Mapping[int, str]) -> tuple[str, ...]:
    """The slots that a message speaks of.

    Raises:
        KeyError: there is no slot of that EVSE.
    """
    return tuple(names[battery.slot] for battery in swap.battery_data)


def enter(book: Book, swap: BatterySwap, slots: tuple[str, ...], t_ns: int) -> Outcome:
    """Carry out a message at the time of its arrival, for OCPP gives it none."""
    outcome = Outcome()
    if swap.event_type == "BatteryOutTimeout":
        return outcome
    for battery, slot in zip(swap.battery_data, slots, strict=True):
        raw = msgspec.json.encode(battery).hex()
        outcome.add(book.read(slot, Reading(SOURCE, battery.serial, format_time(t_ns), raw), t_ns))
        if swap.event_type == "BatteryIn":
            outcome.add(book.insert(slot, t_ns, swap.vehicle))
        else:
            outcome.add(book.remove(slot, t_ns, swap.vehicle))
    return outcome
