"""Contradictions between facts: what each means and which invariant it breaks.

Invariants I1 to I20 are listed in docs/reference/bridge.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from cloud_bridge.fold.told import Told
from packtrail.language import Text


class ContestReason(StrEnum):
    """How facts contradict each other."""

    UNREGISTERED = "unregistered"
    BEFORE_REGISTRATION = "before_registration"
    REGISTRATIONS_DIFFER = "registrations_differ"
    TWO_PLACES = "two_places"
    NOT_THERE = "not_there"
    SWAP_MISMATCH = "swap_mismatch"
    EQUIVOCATION = "equivocation"
    IDENTITY = "identity"
    ILLEGAL_MOVE = "illegal_move"
    AFTER_END = "after_end"
    BEFORE_MADE = "before_made"
    CODE_TWICE = "code_twice"
    TWO_PARENTS = "two_parents"
    CHILDREN_DIFFER = "children_differ"
    MASS_OPEN = "mass_open"
    MASS_CHANGED = "mass_changed"
    QUANTITY_GAP = "quantity_gap"
    NOT_OFFERED = "not_offered"
    METER_RESET = "meter_reset"
    COUNTER_FELL = "counter_fell"
    HEALTH_ROSE = "health_rose"
    REPLAYED = "replayed"
    ANOMALY = "anomaly"
    DISPUTED = "disputed"
    FOREIGN_CORRECTION = "foreign_correction"
    TOO_MANY_PACKS = "too_many_packs"
    VEHICLE_MISMATCH = "vehicle_mismatch"
    AFTER_SCRAP = "after_scrap"
    PACK_MISSING = "pack_missing"
    ELEMENTS_OPEN = "elements_open"
    DOUBLE_SPENT = "double_spent"
    CLAIM_UNPROVEN = "claim_unproven"
    TOO_FAST = "too_fast"
    CLOCK = "clock"
    WRONG_SOURCE = "wrong_source"

    @property
    def text(self) -> Text:
        """The contradiction as a sentence."""
        return _TABLE[self][1]

    @property
    def invariant(self) -> str:
        """Which one it breaks, `I1` to `I20`."""
        return _TABLE[self][0]


class Contest(msgspec.Struct, frozen=True, order=True):
    """A contradiction, the fewest events that prove it, and the likeliest to be wrong."""

    reason: ContestReason
    events: tuple[str, ...]
    culprits: tuple[str, ...] = ()


class Gap(msgspec.Struct, frozen=True, order=True):
    """What must have happened and was never reported: `arrival`, `removal`, `retirement` ...

    System-made: `events` are the reports that imply it.
    """

    what: str
    events: tuple[str, ...]


def contest(reason: ContestReason, facts: Iterable[Told], culprits: Iterable[Told] = ()) -> Contest:
    """A contest between `facts`."""
    return Contest(
        reason, tuple(one.event_id for one in facts), tuple(one.event_id for one in culprits)
    )


_TABLE = {
    ContestReason.UNREGISTERED: (
        "I4",
        Text("no maker has registered this code", "没有生产企业登记过此编码"),
    ),
    ContestReason.BEFORE_REGISTRATION: (
        "I4",
        Text("used before it was registered", "登记之前已被使用"),
    ),
    ContestReason.REGISTRATIONS_DIFFER: (
        "I5",
        Text("registered twice with different data", "重复登记且内容不同"),
    ),
    ContestReason.TWO_PLACES: (
        "I1",
        Text("reported in two places at once", "同时被报告在两处"),
    ),
    ContestReason.NOT_THERE: (
        "I3",
        Text("taken out of a place that it was not in", "从其并不在的位置被取出"),
    ),
    ContestReason.SWAP_MISMATCH: (
        "I3",
        Text("swapped out of a vehicle that it was not in", "从其并不在的车辆上换下"),
    ),
    ContestReason.EQUIVOCATION: (
        "I17",
        Text("one reporter gave two contents under one number", "同一报告方以同一序号给出两种内容"),
    ),
    ContestReason.IDENTITY: ("I5", Text("the code was read differently", "编码读取结果不一致")),
    ContestReason.ILLEGAL_MOVE: (
        "I4",
        Text("a step that its stage of life does not allow", "当前生命阶段不允许的操作"),
    ),
    ContestReason.AFTER_END: (
        "I4",
        Text(
            "seen after it was taken apart or recycled: a copied code",
            "拆解或再生后仍出现：编码疑被复制",
        ),
    ),
    ContestReason.BEFORE_MADE: ("I4", Text("used before it was made", "生产日期之前已被使用")),
    ContestReason.CODE_TWICE: ("I5", Text("one code stands for two units", "同一编码对应两个对象")),
    ContestReason.TWO_PARENTS: ("I9", Text("part of two packs at once", "同时属于两个电池包")),
    ContestReason.CHILDREN_DIFFER: (
        "I10",
        Text("what came out is not what was inside", "拆出的部件与内部组成不符"),
    ),
    ContestReason.MASS_OPEN: ("I10", Text("the masses do not add up", "质量不平衡")),
    ContestReason.MASS_CHANGED: (
        "I15",
        Text("its mass changed without a repair", "未经维修而质量变化"),
    ),
    ContestReason.QUANTITY_GAP: (
        "I12",
        Text("giver and receiver state different quantities", "交接双方数量不一致"),
    ),
    ContestReason.NOT_OFFERED: (
        "I12",
        Text("accepted although nobody offered it", "未经移交方发起即被接收"),
    ),
    ContestReason.METER_RESET: (
        "I13",
        Text("the claimed health rose: a reset meter", "自报健康状态回升：疑似表显被重置"),
    ),
    ContestReason.COUNTER_FELL: ("I13", Text("a lifetime counter fell", "累计计数回落")),
    ContestReason.HEALTH_ROSE: (
        "I13",
        Text("the measured health rose without a repair", "未经维修而实测健康状态回升"),
    ),
    ContestReason.REPLAYED: (
        "I13",
        Text("the same data were reported for two times", "同一数据被用于两个时段：疑似重放"),
    ),
    ContestReason.ANOMALY: ("I13", Text("the bridge noticed an anomaly", "云桥发现异常")),
    ContestReason.DISPUTED: ("I19", Text("a party disputes a report", "有一方对报告提出异议")),
    ContestReason.FOREIGN_CORRECTION: (
        "I16",
        Text("corrected by somebody who may not", "更正者无权更正"),
    ),
    ContestReason.TOO_MANY_PACKS: (
        "I2",
        Text("more packs in the vehicle than it has slots", "车辆装有的电池包多于其电池位"),
    ),
    ContestReason.VEHICLE_MISMATCH: (
        "I2",
        Text("the vehicle gave another pack than it had taken", "车辆换下的并非其所装电池包"),
    ),
    ContestReason.AFTER_SCRAP: (
        "I4",
        Text("the vehicle was seen after it was scrapped", "车辆报废后仍出现"),
    ),
    ContestReason.PACK_MISSING: (
        "I7",
        Text("scrapped without its pack and without an explanation", "报废时缺失动力电池且无说明"),
    ),
    ContestReason.ELEMENTS_OPEN: (
        "I11",
        Text("more of an element came out than went in", "某元素产出多于投入"),
    ),
    ContestReason.DOUBLE_SPENT: (
        "I11",
        Text("more of a lot was used than there was", "批次用量超过其数量：重复使用"),
    ),
    ContestReason.CLAIM_UNPROVEN: (
        "I11",
        Text("more recycled content is claimed than proven", "再生材料声明超过可证明数量"),
    ),
    ContestReason.TOO_FAST: (
        "I6",
        Text(
            "two sightings farther apart than anything travels", "两次出现的距离超过可能的行驶速度"
        ),
    ),
    ContestReason.CLOCK: ("I18", Text("a reporter's clock is off", "报告方时钟有偏差")),
    ContestReason.WRONG_SOURCE: (
        "I14",
        Text("telemetry from where the pack is not", "遥测来源与电池包所在位置不符"),
    ),
}
