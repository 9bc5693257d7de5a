"""Frames of the charging bus to messages: transport undone, addresses and sizes judged.

A frame enters, at most one message leaves. Frames between other addresses, vendor groups and
category B of the 2023 edition are counted, not read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from can_decoder.database import Database
from can_decoder.gbt27930.layouts import charge_database
from can_decoder.gbt27930.messages import BMS, BY_PGN, CATEGORY_B, CHARGER, ChargeMessage
from can_decoder.layout import parameter_group
from can_decoder.transport.j1939 import CONTROL, DATA, J1939Listener

SIDES: Final = frozenset({(BMS, CHARGER), (CHARGER, BMS)})
EXTENDED: Final = 1 << 31
MOST_IDS: Final = 4096
VARIABLE: Final = frozenset({"BMV", "BMT", "BSP"})
SMALLEST: Final = {"BRM": 8, "BCP": 13, "CML": 6, "CCS": 6}
"""Shortest payload that is still read; 2011 frames are shorter than those of 2015."""


class Heard(NamedTuple):
    """One message as it came.

    Attributes:
        t_ns: time of its last frame.
        message: which.
        data: payload, transport undone.
        values: its numbers, those that say "not available" left out.
    """

    t_ns: int
    message: ChargeMessage
    data: bytes
    values: dict[str, float]


@dataclass(slots=True)
class Intake:
    """Reads the charging bus frame by frame.

    Attributes:
        transport: reassembly, with its counts.
        counts: `read`, `short`, `foreign` (other addresses), `category_b` and `unknown` (other
            groups).
        left_out: identifiers of frames that were not read, flagged by bit 31 where they have 29
            bits, and how many; beyond `MOST_IDS` no further ones are told apart.
    """

    transport: J1939Listener = field(default_factory=J1939Listener)
    counts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[int] = field(default_factory=Counter)
    _database: Database = field(default_factory=charge_database)

    def feed(self, t_ns: int, frame_id: int, is_extended: bool, data: bytes) -> Heard | None:
        """Take one frame; the message that it is or completes, if any."""
        sides = (frame_id & 0xFF, frame_id >> 8 & 0xFF)
        if not is_extended or sides not in SIDES:
            self._leave("foreign", frame_id | EXTENDED if is_extended else frame_id)
            return None
        kind = frame_id >> 16 & 0xFF
        if kind in (CONTROL, DATA):
            whole = self.transport.feed(t_ns, 0, frame_id, data)
            return self._message(t_ns, whole.pgn, frame_id, whole.data) if whole else None
        if kind in CATEGORY_B:
            self._leave("category_b", frame_id | EXTENDED)
            return None
        return self._message(t_ns, parameter_group(frame_id), frame_id, data)

    def _leave(self, why: str, frame_id: int) -> None:
        self.counts[why] += 1
        if frame_id in self.left_out or len(self.left_out) < MOST_IDS:
            self.left_out[frame_id] += 1

    def _message(self, t_ns: int, pgn: int, frame_id: int, data: bytes) -> Heard | None:
        message = BY_PGN.get(pgn)
        if message is None or message.sender != frame_id & 0xFF:
            self._leave("unknown", frame_id | EXTENDED)
            return None
        if message.code not in VARIABLE and len(data) < SMALLEST.get(message.code, message.size):
            self.counts["short"] += 1
            return None
        self.counts["read"] += 1
        return Heard(t_ns, message, data, self._values(message, data))

    def _values(self, message: ChargeMessage, data: bytes) -> dict[str, float]:
        values = self._database.decode(message.frame_id, True, data)
        if b"\xff" not in data and b"\xfe" not in data:
            return values
        invalid = self._database.invalid(message.frame_id, True, data)
        return {name: value for name, value in values.items() if name not in invalid}
