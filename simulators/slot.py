"""A slot of a station: where one pack rests and is charged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where in its visit the pack of a slot is."""

    EMPTY = "empty"
    SETTLING = "settling"
    """At rest before charging."""
    CHARGING = "charging"
    RESTING = "resting"
    """At rest after charging."""
    READY = "ready"
    QUARANTINED = "quarantined"
    """Its BMS called for a stop; nobody charges it or puts it into a vehicle."""


@dataclass(slots=True)
class Slot:
    """One slot and the stage of the pack in it.

    Attributes:
        name: its number as text.
        pack: the pack in it, or None.
        stage: where in its visit the pack is.
        since_s: when the stage began.
        settle_s: how long this pack rests before it is charged.
    """

    name: str
    pack: int | None
    stage: Stage
    since_s: float
    settle_s: float = 360.0

    def enter(self, stage: Stage, now_s: float) -> None:
        """Begin a stage."""
        self.stage, self.since_s = stage, now_s

    def take_in(self, pack: int, settle_s: float, now_s: float) -> None:
        """Receive a pack, which has to rest first."""
        self.pack, self.settle_s = pack, settle_s
        self.enter(Stage.SETTLING, now_s)

    def give_out(self, now_s: float) -> int:
        """Let the pack go; the slot is empty afterwards."""
        assert self.pack is not None
        pack, self.pack = self.pack, None
        self.enter(Stage.EMPTY, now_s)
        return pack
