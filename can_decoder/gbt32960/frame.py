"""Frames of GB/T 32960.3 (clause 6.2): start, command, VIN, data unit, check byte.

A capture enters as bytes or as hex text; messages and faults leave in their order. After a
fault the search goes on behind its start bytes, so that nothing sound is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, IntEnum
from typing import Final

import numpy as np

from can_decoder.errors import DecoderError
from packtrail.language import Text

HEADER_BYTES: Final = 24
VIN_BYTES: Final = 17
BEIJING: Final = timezone(timedelta(hours=8))
TIME_BYTES: Final = 6


class Edition(IntEnum):
    """Edition by its start byte."""

    OF_2016 = 0x23
    OF_2025 = 0x24


class Command(IntEnum):
    """Command identifier, table 3; 0x09 to 0x0B are of 2025."""

    LOGIN = 0x01
    REALTIME = 0x02
    RESENT = 0x03
    LOGOUT = 0x04
    PLATFORM_LOGIN = 0x05
    PLATFORM_LOGOUT = 0x06
    HEARTBEAT = 0x07
    CLOCK = 0x08
    ACTIVATION = 0x09
    ACTIVATION_ANSWER = 0x0A
    KEY_EXCHANGE = 0x0B
    QUERY = 0x80
    SETTING = 0x81
    CONTROL = 0x82
    OTHER = 0xFF


class Encryption(IntEnum):
    """How the data unit is encrypted."""

    NONE = 0x01
    RSA = 0x02
    AES128 = 0x03
    SM2 = 0x04
    SM4 = 0x05
    ABNORMAL = 0xFE
    INVALID = 0xFF


_COMMANDS: Final = frozenset(Command)
_ENCRYPTIONS: Final = frozenset(Encryption)


class Reason(Enum):
    """Why bytes are no message."""

    CHECK = Text("the check byte is wrong", "校验码错误")
    CUT = Text("the message is cut off", "报文不完整")


@dataclass(frozen=True, slots=True)
class Message:
    """One frame.

    Attributes:
        edition: 2016 or 2025.
        command: what it is; `OTHER` for codes that no edition defines.
        code: the command byte.
        response: 0xFE in a command, else the platform's answer.
        vin: 17 characters, as sent.
        encryption: of `data`.
        data: data unit.
    """

    edition: Edition
    command: Command
    code: int
    response: int
    vin: str
    encryption: Encryption
    data: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Bytes that begin like a message and are none.

    Attributes:
        at: place in the capture.
        reason: why.
    """

    at: int
    reason: Reason


def scan(capture: bytes | str) -> Iterator[Message | Fault]:
    """Messages of a capture, and the faults between them.

    Args:
        capture: bytes as they went over the line, or hex text with any separators.
    """
    raw = capture if isinstance(capture, bytes) else from_hex(capture)
    at = _next_start(raw, 0)
    while at >= 0:
        found, end = _message_at(raw, at)
        yield found
        at = _next_start(raw, end)


def from_hex(text: str) -> bytes:
    """Bytes of hex text; what is no pair of hex digits separates."""
    return bytes.fromhex("".join(re.findall(r"[0-9A-Fa-f]{2}", re.sub(r"0[xX]", " ", text))))


def _next_start(raw: bytes, begin: int) -> int:
    places = [at for at in (raw.find(b"##", begin), raw.find(b"$$", begin)) if at >= 0]
    return min(places, default=-1)


def _message_at(raw: bytes, at: int) -> tuple[Message | Fault, int]:
    if at + HEADER_BYTES >= len(raw):
        return Fault(at, Reason.CUT), at + 2
    size = int.from_bytes(raw[at + 22 : at + 24], "big")
    end = at + HEADER_BYTES + size + 1
    if end > len(raw):
        return Fault(at, Reason.CUT), at + 2
    if check_byte(raw[at + 2 : end - 1]) != raw[end - 1]:
        return Fault(at, Reason.CHECK), at + 2
    return read_frame(raw[at:end]), end


def read_frame(frame: bytes) -> Message:
    """The message of one whole frame whose check byte was looked at."""
    code, encryption = frame[2], frame[21]
    return Message(
        edition=Edition(frame[0]),
        command=Command(code) if code in _COMMANDS else Command.OTHER,
        code=code,
        response=frame[3],
        vin=frame[4:21].decode("ascii", "replace").strip("\0 "),
        encryption=(Encryption(encryption) if encryption in _ENCRYPTIONS else Encryption.INVALID),
        data=frame[HEADER_BYTES:-1],
    )


def build(
    command: Command,
    vin: str,
    data: bytes,
    *,
    edition: Edition = Edition.OF_2016,
    response: int = 0xFE,
) -> bytes:
    """The bytes of an unencrypted message.

    Raises:
        DecoderError: a VIN that is not 17 ASCII characters, or too much data.
    """
    if len(vin) != VIN_BYTES or not vin.isascii() or len(data) > 0xFFFF:
        raise DecoderError(
            Text("a message needs a VIN of 17 characters", "报文需要 17 位 VIN"), where=vin
        )
    body = bytes([command, response]) + vin.encode("ascii") + bytes([Encryption.NONE])
    body += len(data).to_bytes(2, "big") + data
    return bytes([edition, edition]) + body + bytes([check_byte(body)])


def check_byte(body: bytes) -> int:
    """BCC: exclusive or from the command byte to the end of the data unit."""
    return int(np.bitwise_xor.reduce(np.frombuffer(body, np.uint8), initial=0))


def read_time(raw: bytes) -> int | None:
    """UTC nanoseconds of six bytes of Beijing time, None where they are no date."""
    try:
        year, month, day, hour, minute, second = raw[:TIME_BYTES]
        moment = datetime(2000 + year, month, day, hour, minute, second, tzinfo=BEIJING)
    except ValueError:
        return None
    return round(moment.timestamp()) * 1_000_000_000


def write_time(t_ns: int) -> bytes:
    """Six bytes of Beijing time.

    Raises:
        DecoderError: a year that one byte does not hold.
    """
    moment = datetime.fromtimestamp(t_ns // 1_000_000_000, UTC).astimezone(BEIJING)
    if not 2000 <= moment.year <= 2255:
        raise DecoderError(
            Text("a message's year lies between 2000 and 2255", "报文年份须在 2000 至 2255 之间"),
            where=moment.isoformat(),
        )
    return bytes(
        [moment.year - 2000, moment.month, moment.day, moment.hour, moment.minute, moment.second]
    )
