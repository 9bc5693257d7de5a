"""`Passport`: data points of one unit at one moment, each with where it comes from."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from packtrail.event import UnitRef
from packtrail.language import Text


class Source(StrEnum):
    """What kind of evidence a value rests on."""

    STATED = "stated"
    """Said by the maker or another party, signed."""
    CLAIMED = "claimed"
    """Said by the BMS, or by a passport kept elsewhere."""
    COMPUTED = "computed"
    """Computed from samples or counters."""
    BENCH_TESTED = "bench_tested"
    """Measured on a bench."""
    LEDGER = "ledger"
    """Follows from the order of signed events."""


class Missing(StrEnum):
    """Why a data point has no value."""

    NOT_STATED = "not_stated"
    NOT_ENOUGH_DATA = "not_enough_data"
    NO_REFERENCE = "no_reference"
    WITHHELD = "withheld"

    @property
    def text(self) -> Text:
        """The reason as a sentence."""
        return _REASONS[self]


class Datum(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One data point.

    Attributes:
        value: number, text, list or object, as the point's row in `points.toml` says.
        unit: of the value.
        as_of: when it held, RFC 3339 UTC.
        from_time: begin of the evidence, "" where it is of one moment.
        method: how it was found, with its version.
        low: lower end of the 95 % interval.
        high: upper end.
        source: kind of evidence.
        events: ids of the events that it rests on.
        note: what a reader has to know besides.
    """

    value: Any
    source: Source
    unit: str = ""
    as_of: str = ""
    from_time: str = ""
    method: str = ""
    low: float | None = None
    high: float | None = None
    events: tuple[str, ...] = ()
    note: str = ""


class Passport(msgspec.Struct, frozen=True, kw_only=True):
    """The data points of one life of one unit.

    Attributes:
        id: of the passport, `urn:uuid:...`, one per life.
        unit: whose.
        life: which life, from 1.
        category: `ev`, `lmt`, `industrial`, `stationary` ...
        as_of: the newest fact or sample that it knows, RFC 3339 UTC.
        state_digest: of the folded state that it shows, hex.
        data: point -> its datum.
        missing: point -> why it has none; points that do not apply to the category are in neither.
    """

    id: str
    unit: UnitRef
    life: int
    category: str
    as_of: str
    state_digest: str
    data: dict[str, Datum]
    missing: dict[str, Missing]


_REASONS = {
    Missing.NOT_STATED: Text("the maker has not stated it", "生产企业未申报"),
    Missing.NOT_ENOUGH_DATA: Text("the data do not tell it yet", "现有数据尚不能得出"),
    Missing.NO_REFERENCE: Text(
        "the maker's initial value to compare with is missing", "缺少生产企业的初始参考值"
    ),
    Missing.WITHHELD: Text("withheld from this reader by the access rules", "按访问规则不予显示"),
}
