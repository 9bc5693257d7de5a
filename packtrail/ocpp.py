"""OCPP 2.1 as far as swap stations speak it: OCPP-J frames and the BatterySwap message.

Frames after OCPP 2.1 part 4 (JSON over WebSocket), 4.2; fields and limits after part 3,
BatterySwapRequest. A message names a slot by its EVSE and a pack by a serial number: both are the
station controller's word.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from packtrail.errors import CodecError
from packtrail.event import VehicleRef
from packtrail.shapes import json_decoder

SOURCE: Final = "ocpp"
SUBPROTOCOL: Final = "ocpp2.1"
ACTION: Final = "BatterySwap"
MOST_BATTERIES: Final = 64
MOST_NUMBER: Final = 36
"""Longest message id, part 4, 4.1.4."""
_CALL, _RESULT, _ERROR = 2, 3, 4

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Token = Annotated[str, msgspec.Meta(max_length=255)]


class IdToken(msgspec.Struct, frozen=True, rename="camel"):
    """Who swaps, IdTokenType."""

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
    id_token: IdToken
    battery_data: Annotated[
        tuple[Battery, ...], msgspec.Meta(min_length=1, max_length=MOST_BATTERIES)
    ]

    @property
    def vehicle(self) -> VehicleRef | None:
        """The vehicle, where the token is a VIN; any other names a person or a card."""
        token = self.id_token
        return VehicleRef("vin", token.id_token.upper()) if token.type.upper() == "VIN" else None


class Call(NamedTuple):
    """A request: `[2, number, action, payload]`; `number` names its answer."""

    number: str
    action: str
    payload: bytes


_READER: Final = json_decoder(tuple[int, str, str, msgspec.Raw])
_PARTS: Final = json_decoder(list[msgspec.Raw])
_ANSWERS: Final = (b"3", b"4")
_SWAPS: Final = json_decoder(BatterySwap)


def read_call(frame: bytes | str) -> Call | None:
    """The call that a frame is; None for an answer to a call.

    Raises:
        CodecError: reason `ocpp`: no frame of OCPP-J.
    """
    try:
        if bytes(next(iter(_PARTS.decode(frame)), b"")) in _ANSWERS:
            return None
        kind, number, action, payload = _READER.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise CodecError("ocpp", str(error)) from error
    if kind != _CALL or not 0 < len(number) <= MOST_NUMBER:
        raise CodecError("ocpp", f"message type {kind}, id of {len(number)} characters")
    return Call(number, action, bytes(payload))


def read_swap(payload: bytes) -> BatterySwap:
    """The typed message.

    Raises:
        msgspec.DecodeError: a field is missing or does not fit.
    """
    return _SWAPS.decode(payload)


def result(number: str, payload: object) -> list[object]:
    """The answer to a call that was carried out."""
    return [_RESULT, number, payload]


def refusal(number: str, code: str, why: str) -> list[object]:
    """The answer to one that was not; `code` after part 4, table 7."""
    return [_ERROR, number, code, why[:255], {}]
