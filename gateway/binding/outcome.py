"""What follows from an act of the station: signed facts for the outbox, moves for the slots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.outbox import Fact
from packtrail.event import UnitRef


class Arrived(NamedTuple):
    """A pack was put into a slot; whatever was heard there before is another's."""

    slot: str
    t_ns: int


class Left(NamedTuple):
    """A pack was taken out of a slot."""

    slot: str
    t_ns: int


class Known(NamedTuple):
    """It is settled which pack stands in a slot since when; None: no longer settled."""

    slot: str
    unit: UnitRef | None
    since_ns: int


Move = Arrived | Left | Known


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from an act."""

    facts: list[Fact] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """And what follows from another."""
        self.facts.extend(other.facts)
        self.moves.extend(other.moves)
