"""What an inquiry finds: the fault, the fewest reports that prove it, and who is to blame."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from packtrail.language import Text


class Fault(StrEnum):
    """What went wrong in the reporting."""

    LOST_REPORT = "lost_report"
    WRONG_VEHICLE = "wrong_vehicle"
    COPIED_CODE = "copied_code"
    CLOCK_OFF = "clock_off"
    TOO_FAST = "too_fast"
    METAL_ASTRAY = "metal_astray"
    UNDECIDED = "undecided"

    @property
    def text(self) -> Text:
        """As a sentence."""
        return _TEXTS[self][1]

    @property
    def invariant(self) -> str:
        """The invariant that broke."""
        return _TEXTS[self][0]


class Finding(msgspec.Struct, frozen=True, order=True):
    """One fault.

    Attributes:
        fault: what it is.
        subject: the pack, vehicle or reporter that it is about.
        events: the fewest reports that prove it.
        culprits: the reports that are wrong; empty where a report is missing.
        blame: the reporter that erred or owes a report, "" if that cannot be told.
    """

    fault: Fault
    subject: str
    events: tuple[str, ...]
    culprits: tuple[str, ...] = ()
    blame: str = ""


_TEXTS = {
    Fault.LOST_REPORT: ("I3", Text("a report was lost in between", "其间有一份报告缺失")),
    Fault.WRONG_VEHICLE: ("I2", Text("the vehicle number was misread", "车辆识别代号误读")),
    Fault.COPIED_CODE: ("I5", Text("two packs bear this code", "两个电池包使用同一编码")),
    Fault.CLOCK_OFF: ("I18", Text("the reporter's clock is off", "报告方时钟有偏差")),
    Fault.TOO_FAST: ("I6", Text("seen too far apart in too short a time", "移动速度超过可能")),
    Fault.METAL_ASTRAY: (
        "I11",
        Text("its lots give less metal than those of others", "其批次金属得率低于其他企业"),
    ),
    Fault.UNDECIDED: (
        "I1",
        Text("the reports contradict, more are needed", "报告矛盾，尚待证据"),
    ),
}
