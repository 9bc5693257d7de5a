"""What a dialect is: readings of a BMS in, frames out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from can_decoder import profiles
from simulators.bms import BmsReading
from simulators.frames import PackFrame
from simulators.models import PackModel


class Encoder(Protocol):
    """What a dialect needs of a database: see `can_decoder.Database`."""

    def encode(self, message_name: str, values: Mapping[str, float], /) -> bytes:
        """Pack physical values into a payload."""
        ...


class Dialect(Protocol):
    """Frames of one pack."""

    def burst(self, reading: BmsReading, tick: int) -> Iterator[PackFrame]:
        """What the BMS sends in tick number `tick`, ten a second."""
        ...


@dataclass(frozen=True, slots=True)
class DialectFile:
    """A dialect by name.

    Attributes:
        make: makes the dialect of one pack.
        profile: the decoder profile that understands it; its DBC lays out the frames.
        bit_rate: of its bus, bit/s.
        data_bit_rate: of CAN FD payloads, bit/s; 0 on classic buses.
    """

    make: Callable[[PackModel, Encoder], Dialect]
    profile: str
    bit_rate: int
    data_bit_rate: int = 0

    @property
    def path(self) -> Path:
        """The DBC file."""
        profile = profiles.find(self.profile)
        return profile.folder / profile.rules.dbc
