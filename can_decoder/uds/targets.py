"""Whom to ask what: identifiers of a control unit and the data it holds, from TOML.

name = "generic"
request_id = 0x7E4
response_id = 0x7EC
[[field]]
did = 0xF190
name = "vin"
kind = "text"
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from can_decoder.errors import DecoderError
from can_decoder.transport import Addressing, IsoTpEndpoint
from packtrail.language import Text
from packtrail.shapes import convert


class DataField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One data identifier.

    Attributes:
        did: its number.
        name: key of the result, for instance `vin`, `serial`, `part_number`, `pack_code`.
        kind: `text` (ASCII, padding stripped), `bcd` (digits, for dates) or `hex`.
        first: first byte that counts, from 0.
        count: how many bytes, 0 for all.
    """

    did: int
    name: str
    kind: Literal["text", "bcd", "hex"] = "text"
    first: int = 0
    count: int = 0

    def decode(self, data: bytes) -> str:
        """The value as text; "" where the field is empty."""
        part = data[self.first : self.first + self.count] if self.count else data[self.first :]
        if self.kind == "text":
            bare = part.strip(b"\x00\xff\xaa\x55 ")
            return bare.decode("ascii", "replace") if bare else ""
        return part.hex() if part.strip(b"\xff") else ""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A control unit.

    Attributes:
        name: identifier of the file.
        request_id: identifier that we send to.
        response_id: identifier that answers.
        extended: both have 29 bits.
        session: ask for the extended session first.
        addressing: `normal`; `extended` or `mixed` with an address byte before each frame.
        address: address byte of the unit (extended) or of its sub-network (mixed).
        tester: address byte of answers with extended addressing, ours.
        frame_bytes: longest frame that we send, 8 on classic CAN, up to 64 on CAN FD.
        field: what to read, in this order.
    """

    name: str
    request_id: int
    response_id: int
    field: tuple[DataField, ...]
    extended: bool = False
    session: bool = False
    addressing: Literal["normal", "extended", "mixed"] = "normal"
    address: int = 0
    tester: int = 0xF1
    frame_bytes: int = 8

    def endpoint(self) -> IsoTpEndpoint:
        """An endpoint that speaks with the unit."""
        addressing = Addressing[self.addressing.upper()]
        return IsoTpEndpoint(
            addressing=addressing,
            target=self.address,
            own=self.tester if addressing is Addressing.EXTENDED else None,
            frame_bytes=self.frame_bytes,
        )


def find_target(name: str | Path) -> Target:
    """The shipped target of that name, or the file at that path.

    Raises:
        DecoderError: there is neither, or the file is faulty.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = Path(str(files("can_decoder.uds") / "shipped" / f"{name}.toml"))
    try:
        target = convert(tomllib.loads(path.read_text(encoding="utf-8")), Target)
        target.endpoint()  # refuses addresses and frames that no bus can carry
    except (
        OSError,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        msgspec.ValidationError,
        DecoderError,
    ) as error:
        raise DecoderError(
            Text(f"the target cannot be read: {error}", f"无法读取目标配置：{error}"),
            where=str(name),
        ) from error
    return target
