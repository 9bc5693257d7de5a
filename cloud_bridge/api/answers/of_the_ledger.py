"""The ledger as a whole: its growth, heads, what was taken in, duties and take-back."""

from __future__ import annotations

import msgspec

from cloud_bridge.rules import Duty


class LedgerGrowth(msgspec.Struct, frozen=True):
    """How many lines the ledger has."""

    size: int


class Newer(msgspec.Struct, frozen=True):
    """There is something new of this pack, its `state` or its `reading`: a read tells what."""

    code: str
    what: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of one submitted event: `recorded`, `known` or `refused`."""

    event_id: str
    outcome: str
    leaf: int | None = None
    reason: str = ""
    detail: str = ""


class Outcomes(msgspec.Struct, frozen=True):
    """One outcome per submitted event, in the order of submission."""

    outcomes: list[Outcome]


class CheckpointAnswer(msgspec.Struct, frozen=True):
    """The newest signed tree head and the key that signed it."""

    origin: str
    verifier: str
    public_key: str
    note: str


class DutyAnswer(msgspec.Struct, frozen=True):
    """One open duty, what has to be done in both languages, and its last day where it binds."""

    duty: Duty
    en: str
    zh: str
    overdue: bool
    day: str
    utc_offset: str


class DutyList(msgspec.Struct, frozen=True):
    """One page of open duties by due date; how many there are in all, and how many are late.

    `behind` facts are so new that they are not looked at yet; `rules` and `digest` name the table
    of rules in force.
    """

    duties: list[DutyAnswer]
    total: int
    overdue: int
    next: str | None = None
    behind: int = 0
    rules: str = ""
    digest: str = ""


class TakebackGroup(msgspec.Struct, frozen=True):
    """What one group took back.

    Attributes:
        group: its name, `-` where nobody said.
        packs: coded packs, and those counted where none was named.
        kg: mass on record or as received.
        kwh: rated energy of those that tell it.
        recoverable_kg: element -> kg, of packs with a stated composition.
        packs_with_composition: how many these are.
    """

    group: str
    packs: int
    kg: float
    kwh: float
    recoverable_kg: dict[str, float]
    packs_with_composition: int


class TakebackList(msgspec.Struct, frozen=True):
    """One page of groups in their order, and everything together, each pack once.

    `behind` facts and shares are not counted in yet.
    """

    by: str
    groups: list[TakebackGroup]
    total: TakebackGroup
    next: str | None = None
    behind: int = 0
