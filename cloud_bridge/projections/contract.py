"""`Projection`: what a target has to offer. One test suite runs on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cloud_bridge.errors import BridgeError
from cloud_bridge.store import Cursor, Entry, StoredChunk


class TargetError(BridgeError):
    """The target does not take what it was given now; all of it comes again."""


@dataclass(frozen=True, slots=True)
class Portion:
    """What a projection takes in one step.

    Attributes:
        begin: the cursor before it; the same portion, or a longer one, may come again from here.
        end: the cursor after it.
        chunks: telemetry, by position.
        entries: ledger lines, by leaf.
        attributed: parts of chunks, of this portion or carried before, that are known since to be
            another unit's than they were sealed for; they name that unit.
    """

    begin: Cursor
    end: Cursor
    chunks: Sequence[StoredChunk]
    entries: Sequence[Entry]
    attributed: Sequence[StoredChunk] = ()

    @property
    def telemetry(self) -> Sequence[StoredChunk]:
        """Chunks under the unit that they were sealed for, then those known to be another's."""
        return [*self.chunks, *self.attributed]


class Projection(Protocol):
    """Brings what is committed to one target.

    Attributes:
        name: names its cursor for ever.
        settle_s: how long the target may forget what it has taken, when its power is cut; the
            cursor stays so far behind, and comes again from there after a fault. 0 for a target
            whose word is durable.
        reads_samples: whether it looks into chunks; the data of `Portion.chunks` are empty for one
            that does not.
    """

    name: str
    settle_s: float
    reads_samples: bool

    def take(self, portion: Portion) -> None:
        """Bring it to the target; when this returns, the target has said that it has it.

        The same portion, or a longer one, may come twice, after a kill between this and the
        cursor's move: the target must then hold everything once.

        Raises:
            TargetError: the target does not take it now; it will be asked again.
        """

    def tidy(self) -> None:
        """Called when everything is up to date: room for upkeep such as compaction."""

    def forget(self) -> None:
        """Empty what stands at the target, for it will be made again from the beginning.

        A target whose points are written over by the same points has nothing to do here.
        """

    def close(self) -> None:
        """Give up connections."""
