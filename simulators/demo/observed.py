"""What was seen of a running demonstration, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field

from packtrail.estimate import Interval
from packtrail.event import Event
from packtrail.language import Text


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """One slot as the gateway sees it now.

    Attributes:
        name: its number.
        state: `empty`, `waiting`, `contested` or `bound`.
        code: the pack's code, "" while none is settled.
        problem: why none is settled, "" for nothing.
        t_ns: UTC of the newest sample, station time; 0 for none.
        soc_pct: as the BMS says.
        current_a: charge positive.
        temperature_c: the warmest.
        soh: value and interval as the digital ID has it, fractions, or None.
        registered: whether a maker has put the code on record.
        alarms: kinds of what is wrong now.
    """

    name: str
    state: str
    code: str
    problem: str
    t_ns: int
    soc_pct: float | None
    current_a: float | None
    temperature_c: float | None
    soh: tuple[float, float, float] | None
    registered: bool
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PathSeen:
    """How far records have come.

    Attributes:
        frames: CAN frames that the gateway has worked off.
        sealed: records that it ever put into its outbox.
        waiting: records in it now.
        through: the bridge has stored every record up to this number.
        receipts: receipts that the gateway has taken.
        faults: what gateway or bridge say is wrong with themselves.
    """

    frames: int = 0
    sealed: int = 0
    waiting: int = 0
    through: int = 0
    receipts: int = 0
    faults: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that was sealed is stored and receipted."""
        return self.waiting == 0 and self.sealed == self.through


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the ledger.

    Attributes:
        leaf: its number.
        event: what it says.
        sentence: the same for people.
    """

    leaf: int
    event: Event
    sentence: Text


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at everything.

    Attributes:
        slots: in their order.
        path: how far records have come.
        newest: the newest facts, oldest first.
    """

    slots: tuple[SlotSeen, ...] = ()
    path: PathSeen = PathSeen()
    newest: tuple[Fact, ...] = ()

    @property
    def t_ns(self) -> int:
        """Newest station time of any slot, UTC ns; 0 before the first sample."""
        return max((slot.t_ns for slot in self.slots), default=0)


@dataclass(slots=True)
class Tally:
    """What has been seen over the whole run.

    Attributes:
        packs: codes that stood in a slot.
        registered: codes that a maker has put on record.
        swaps: swaps in the ledger.
        told: estimates that told a state of health, the newest of each pack.
        not_told: estimates that said "cannot tell".
        incidents: kind -> packs that had it.
        contested: slots whose readings disagreed, with the time when that was seen.
        settled: of these, those in which a pack was recognised afterwards.
        facts: lines of the ledger.
    """

    packs: set[str] = field(default_factory=set)
    registered: set[str] = field(default_factory=set)
    swaps: int = 0
    told: dict[str, Interval] = field(default_factory=dict)
    not_told: int = 0
    incidents: dict[str, set[str]] = field(default_factory=dict)
    contested: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    facts: int = 0

    @property
    def strangers(self) -> set[str]:
        """Packs that nobody has put on record."""
        return self.packs - self.registered
