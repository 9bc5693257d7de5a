"""OCPP 2.1 BatterySwap messages of a swap station as acts of the book.

Enters a message as the station sends it to its own back office, as an OCPP-J call
(`[2, "id", "BatterySwap", {...}]`) or its payload alone; leaves what happened to which slot.
BatteryIn is an arrival, BatteryOut a departure, BatteryOutTimeout (nobody took the pack) moves
nothing. The serial number is the controller's word for the pack's code: it confirms a label.
Fields and limits after OCPP 2.1 edition 1, part 3, BatterySwapRequest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from gateway.binding import Book, Outcome
from packtrail.event import Reading, VehicleRef
from packtrail.times import format_time

SOURCE: Final = "ocpp"
CALL, CALL_RESULT, CALL_ERROR = 2, 3, 4
ACTION: Final = "BatterySwap"
MOST_BATTERIES: Final = 64
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Token = Annotated[str, msgspec.Meta(max_length=255)]


class _IdToken(msgspec.Struct, frozen=True, rename="camel"):
    id_token: Token
    type: Annotated[str, msgspec.Meta(max_length=20)]


class Battery(msgspec.Struct, frozen=True):
    """One battery of a message, BatteryDataType."""

    slot: Annotated[int, msgspec.Meta(ge=0)] = msgspec.field(name="evseId")
    serial: Annotated[str, msgspec.Meta(min_length=1, max_length=50)] = msgspec.field(
        name="serialNumber"
    )
    soc_pct: Percent = msgspec.field(name="soC")
    soh_pct: Percent = msgspec.field(name="soH")


class BatterySwap(msgspec.Struct, frozen=True, rename="camel"):
    """BatterySwapRequest."""

    event_type: Literal["BatteryIn", "BatteryOut", "BatteryOutTimeout"]
    request_id: int
    id_token: _IdToken
    battery_data: Annotated[
        tuple[Battery, ...], msgspec.Meta(min_length=1, max_length=MOST_BATTERIES)
    ]

    @property
    def vehicle(self) -> VehicleRef | None:
        """The vehicle, where the token is a VIN; any other names a person or a card."""
        token = self.id_token
        return VehicleRef("vin", token.id_token.upper()) if token.type.upper() == "VIN" else None


class Message(NamedTuple):
    """A message and the number that its answer names; None for a payload alone."""

    swap: BatterySwap
    number: str | None


def read_message(body: bytes) -> Message:
    """Decode a call or a payload.

    Raises:
        msgspec.DecodeError: it is neither.
    """
    number = None
    if body.lstrip().startswith(b"["):
        call: tuple[Any, ...] = msgspec.json.decode(body, type=tuple[int, str, str, msgspec.Raw])
        kind, number, action, payload = call
        if kind != CALL or action != ACTION or len(number) > 36:
            raise msgspec.ValidationError(f"only calls of {ACTION} are taken")
        body = bytes(payload)
    return Message(msgspec.json.decode(body, type=BatterySwap), number)


def answer_to(number: str | None) -> object:
    """CALLRESULT, or the empty payload of BatterySwapResponse."""
    return {} if number is None else [CALL_RESULT, number, {}]


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
