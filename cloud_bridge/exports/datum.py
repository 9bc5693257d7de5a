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
    MEASURED = "measured"
    """Read from a sensor, as it stands."""
    COMPUTED = "computed"
    """Computed from samples or counters."""
    BENCH_TESTED = "bench_tested"
    """Measured on a bench."""
    LEDGER = "ledger"
    """Follows from the order of signed events."""

    @property
    def text(self) -> Text:
        """The kind in a word or two."""
        return _SOURCES[self]


class Origin(StrEnum):
    """Whose readings or statements a dynamic value rests on."""

    GATEWAY = "gateway"
    """Read at the pack and signed on the spot by a gateway of ours."""
    VEHICLE_PLATFORM = "vehicle_platform"
    """Passed on by a vehicle platform after GB/T 32960."""
    SWAP_STATION = "swap_station"
    """Stated by a swap station's controller over OCPP."""
    WORKSHOP = "workshop"
    LABORATORY = "laboratory"
    BRIDGE = "bridge"
    """Stated by the bridge itself."""
    PASSPORT = "passport"
    """Another passport's claim."""
    PARTY = "party"
    """Another party of the trust list."""

    @property
    def text(self) -> Text:
        """Who that is."""
        return _ORIGINS[self]


class Missing(StrEnum):
    """Why a data point has no value."""

    NOT_STATED = "not_stated"
    NOT_ENOUGH_DATA = "not_enough_data"
    NO_REFERENCE = "no_reference"
    WITHHELD = "withheld"
    NOT_APPLICABLE = "not_applicable"

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
        origins: whose readings or statements a dynamic value rests on, in alphabetical order.
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
    origins: tuple[Origin, ...] = ()
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
        missing: point -> why it has none; that it does not apply to the category is a reason too.
        link: canonical GS1 Digital Link of the unit, "" where it has no key.
    """

    id: str
    unit: UnitRef
    life: int
    category: str
    as_of: str
    state_digest: str
    data: dict[str, Datum]
    missing: dict[str, Missing]
    link: str = ""


_SOURCES = {
    Source.STATED: Text("stated", "申报"),
    Source.CLAIMED: Text("claimed by the BMS or another passport", "BMS 或其他护照自报"),
    Source.MEASURED: Text("measured", "测得"),
    Source.COMPUTED: Text("computed", "计算"),
    Source.BENCH_TESTED: Text("bench-tested", "台架检测"),
    Source.LEDGER: Text("from the ledger", "来自账本"),
}

_ORIGINS = {
    Origin.GATEWAY: Text("gateway", "网关"),
    Origin.VEHICLE_PLATFORM: Text("vehicle platform (GB/T 32960)", "车辆平台（GB/T 32960）"),
    Origin.SWAP_STATION: Text("swap station's controller (OCPP)", "换电站控制器（OCPP）"),
    Origin.WORKSHOP: Text("workshop", "维修店"),
    Origin.LABORATORY: Text("laboratory", "检测机构"),
    Origin.BRIDGE: Text("this bridge", "本云桥"),
    Origin.PASSPORT: Text("another passport", "其他护照"),
    Origin.PARTY: Text("another party", "其他主体"),
}

_REASONS = {
    Missing.NOT_APPLICABLE: Text(
        "does not apply to this category of battery", "不适用于该类别电池"
    ),
    Missing.NOT_STATED: Text("the maker has not stated it", "生产企业未申报"),
    Missing.NOT_ENOUGH_DATA: Text("the data do not tell it yet", "现有数据尚不能得出"),
    Missing.NO_REFERENCE: Text(
        "the maker's initial value to compare with is missing", "缺少生产企业的初始参考值"
    ),
    Missing.WITHHELD: Text("withheld from this reader by the access rules", "按访问规则不予显示"),
}
