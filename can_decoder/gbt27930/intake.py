"""Frames of the charging bus to messages: transport undone, addresses and sizes judged.

A frame enters, at most one message leaves. Frames between other addresses, vendor groups and
what may be category B of the 2023 edition are counted, not read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from can_decoder.database import Database
from can_decoder.gbt27930.layouts import charge_database
from can_decoder.gbt27930.messages import BMS, BY_PGN, CHARGER, ChargeMessage
from can_decoder.layout import parameter_group
from can_decoder.transport.j1939 import CONTROL, DATA, J1939Listener

SIDES: Final = frozenset({(BMS, CHARGER), (CHARGER, BMS)})
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
        counts: `read`, `short`, `foreign` (other addresses) and `unknown` (other groups).
    """

    transport: J1939Listener = field(default_factory=J1939Listener)
    counts: Counter[str] = field(default_factory=Counter)
    _database: Database = field(default_factory=charge_database)

    def feed(self, t_ns: int, frame_id: int, is_extended: bool, data: bytes) -> Heard | None:
        """Take one frame; the message that it is or completes, if any."""
        sides = (frame_id & 0xFF, frame_id >> 8 & 0xFF)
        if not is_extended or sides not in SIDES:
            self.counts["foreign"] += 1
            return None
        kind = frame_id >> 16 & 0xFF
        if kind in (CONTROL, DATA):
            payload = self.transport.feed(t_ns, 0, frame_id, data)
            return (
                self._message(t_ns, payload.pgn, payload.source, payload.data) if payload else None
            )
        return self._message(t_ns, parameter_group(frame_id), sides[0], data)

    def _message(self, t_ns: int, pgn: int, source: int, data: bytes) -> Heard | None:
        message = BY_PGN.get(pgn)
        if message is None or message.sender != source:
            self.counts["unknown"] += 1
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
