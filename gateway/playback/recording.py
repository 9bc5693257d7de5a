"""What a replay asks of a recording, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.bus import Mailbox
from gateway.pipeline import Pipeline
from gateway.settings import SlotSettings
from packtrail.event import VehicleRef


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What to replay and how.

    Attributes:
        log: the file.
        slot: name of the slot that the pack seems to stand in.
        profile: name or path of the profile; "" for a capture, which needs none.
        dbc: further layouts.
        pack: the pack's code as on its label; "" where the capture's login names it.
        speed: recorded seconds per second; 0 for as fast as possible.
        patience_s: how long to wait for receipts when none comes any more.
    """

    log: Path
    slot: str
    profile: str = ""
    dbc: tuple[Path, ...] = ()
    pack: str = ""
    speed: float = 0.0
    patience_s: float = 60.0


Put = Callable[[Pipeline, Mailbox], object]
"""Hands a piece to a running gateway; waits while that is behind."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a recording.

    Attributes:
        first_ns: time of its first frame or report.
        last_ns: time of its last one.
        count: how many frames or reports.
        put: hands it over.
    """

    first_ns: int
    last_ns: int
    count: int
    put: Put


class Recording(Protocol):
    """A file that can be played."""

    @property
    def slot(self) -> SlotSettings:
        """The slot that its pack seems to stand in."""
        ...

    @property
    def pack(self) -> str:
        """The code of the pack that it is about."""
        ...

    @property
    def vehicle(self) -> VehicleRef | None:
        """The vehicle that the pack is in, where the recording tells."""
        ...

    @property
    def fraction(self) -> float:
        """The share of the file that was read."""
        ...

    @property
    def skipped(self) -> int:
        """Lines or bytes that could not be read so far."""
        ...

    def check(self) -> None:
        """Read on until something was understood; nothing is recorded meanwhile.

        Raises:
            PacktrailError: nothing in the whole file can be understood.
        """
        ...

    def pieces(self) -> Iterator[Piece]:
        """The recording in its order, a moment at a time."""
        ...
