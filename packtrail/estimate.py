"""What an estimator says of a pack: numbers with intervals, or "cannot tell" and why.

`soh_model` makes it, a record carries it, the digital ID shows it. SoH is a fraction of rated
capacity at the reference stated (25 degC, C/3 unless said otherwise); 0.87 means 87 %.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from packtrail.language import Text


class Interval(msgspec.Struct, frozen=True):
    """A value and the bounds between which the truth lies in 95 of 100 cases."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """Full width of the interval."""
        return self.high - self.low


class DegradationModes(msgspec.Struct, frozen=True):
    """Where the capacity went (Dubarry et al. 2012; Birkl et al. 2017).

    Attributes:
        lithium: loss of lithium inventory (LLI) over the fresh inventory, fraction.
        negative: loss of active material of the negative electrode (LAM_NE), fraction.
        positive: loss of active material of the positive electrode (LAM_PE), fraction.
    """

    lithium: Interval
    negative: Interval
    positive: Interval


class SensorErrors(msgspec.Struct, frozen=True):
    """What an estimate took the sensors to be wrong by, and allowed for.

    Attributes:
        current_offset_a: zero of the current sensor that was subtracted, A.
        current_gain_sd: standard deviation of its gain, fraction; it widens the interval.
        voltage_step_v: step of the cell voltages, V; 0 where none shows.
    """

    current_offset_a: float = 0.0
    current_gain_sd: float = 0.0
    voltage_step_v: float = 0.0


class Verdict(StrEnum):
    """Whether the data could tell."""

    TOLD = "told"
    CANNOT_TELL = "cannot_tell"


class Reason(StrEnum):
    """Why an estimate could not be made, or is wide. `say` gives the sentence."""

    TOO_SHORT = "too_short"
    TOO_LITTLE_CHARGE = "too_little_charge"
    NO_REST = "no_rest"
    PLATEAU = "plateau"
    NO_CURRENT = "no_current"
    NO_CELL_VOLTAGE = "no_cell_voltage"
    FLAT_SENSOR = "flat_sensor"
    IMPLAUSIBLE = "implausible"
    WRONG_SIGN = "wrong_sign"
    CURRENT_OFFSET = "current_offset"
    GAPS = "gaps"
    BMS_RESET = "bms_reset"
    SOC_FROM_BMS = "soc_from_bms"
    UNKNOWN_CHEMISTRY = "unknown_chemistry"
    UNFAMILIAR = "unfamiliar"
    CELL_ORDER = "cell_order"
    COARSE_VOLTAGE = "coarse_voltage"

    @property
    def text(self) -> Text:
        """The reason as a technician would say it."""
        return _REASONS[self]


class Advice(StrEnum):
    """The measurement that would narrow the interval most."""

    NONE = "none"
    CHARGE_WIDE = "charge_wide"
    REST_LONGER = "rest_longer"
    REST_AT_KNEE = "rest_at_knee"
    CHECK_SENSOR = "check_sensor"
    BENCH_TEST = "bench_test"

    @property
    def text(self) -> Text:
        """The advice as a sentence."""
        return _ADVICE[self]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """State of health of one pack from one span of evidence.

    Attributes:
        verdict: `told`, or `cannot_tell` (then the intervals may be None).
        soh: mean cell, fraction of rated capacity.
        soh_weakest: weakest cell, fraction.
        soh_pack: usable pack capacity (weakest cell and imbalance limit it), fraction.
        capacity_ah: capacity of the mean cell, Ah.
        rated_ah: the rating that the fractions refer to, Ah.
        resistance_growth: resistance over fresh resistance, at 25 degC and 50 % SOC.
        spread_pct: 95 % spread of cell capacities, % of rated capacity.
        weakest_cell: index from 0, None where none stands out.
        modes: loss of lithium and of both hosts, None where half-cell curves are not known.
        usable_kwh: energy of the pack between its cell voltage limits at the reference, kWh.
        certified_kwh: certified usable energy that `soce` refers to, kWh.
        soce: state of certified energy (UN GTR 22, EU 2023/1542 Annex VII), fraction; estimated
            in use, no GTR 22 test. None where the certified energy is not known.
        sensors: errors of the sensors that were allowed for.
        reasons: what limits the answer, most important first.
        advice: what to measure next.
        method: estimator's name and version, such as `counting/1`.
        reference: conditions that the figures are stated for.
        from_ns: first sample used, UTC ns.
        to_ns: last sample used, UTC ns.
        samples: how many samples were used.
        inputs_digest: SHA-256 of the samples and the specification, hex.
    """

    verdict: Verdict
    soh: Interval | None = None
    soh_weakest: Interval | None = None
    soh_pack: Interval | None = None
    capacity_ah: Interval | None = None
    rated_ah: float
    resistance_growth: Interval | None = None
    spread_pct: Interval | None = None
    weakest_cell: int | None = None
    modes: DegradationModes | None = None
    usable_kwh: Interval | None = None
    certified_kwh: float | None = None
    soce: Interval | None = None
    sensors: SensorErrors | None = None
    reasons: tuple[Reason, ...] = ()
    advice: Advice = Advice.NONE
    method: str
    reference: str = "25 degC, C/3"
    from_ns: int = 0
    to_ns: int = 0
    samples: int = 0
    inputs_digest: str = ""


_REASONS = {
    Reason.TOO_SHORT: Text("too few samples", "采样点太少"),
    Reason.TOO_LITTLE_CHARGE: Text("too little charge moved", "充放电量太少"),
    Reason.NO_REST: Text("no rest before or after the charge", "充电前后没有静置"),
    Reason.PLATEAU: Text(
        "the voltage plateau hides the state of charge", "电压平台区无法判断荷电状态"
    ),
    Reason.NO_CURRENT: Text("no pack current", "没有总电流数据"),
    Reason.NO_CELL_VOLTAGE: Text("no cell voltages", "没有单体电压数据"),
    Reason.FLAT_SENSOR: Text("a sensor that does not move", "传感器读数不变"),
    Reason.IMPLAUSIBLE: Text("values that no cell can have", "数值超出电芯可能的范围"),
    Reason.WRONG_SIGN: Text("current and voltage disagree in sign", "电流方向与电压变化矛盾"),
    Reason.CURRENT_OFFSET: Text("the current sensor is off zero", "电流传感器存在零点偏移"),
    Reason.GAPS: Text("gaps in the data", "数据有间断"),
    Reason.BMS_RESET: Text("the BMS was reset", "BMS 曾被复位"),
    Reason.SOC_FROM_BMS: Text("rests on the BMS's own state of charge", "依赖 BMS 自报的荷电状态"),
    Reason.UNKNOWN_CHEMISTRY: Text("unknown chemistry", "电池化学体系未知"),
    Reason.UNFAMILIAR: Text(
        "a rate or temperature that the reference data do not hold",
        "倍率或温度超出参考数据的范围",
    ),
    Reason.CELL_ORDER: Text(
        "cells changed places within the data: no single cell is judged",
        "数据中单体顺序发生变化：不对单个电芯作判断",
    ),
    Reason.COARSE_VOLTAGE: Text("voltages in coarse steps", "电压分辨率过低"),
}

_ADVICE = {
    Advice.NONE: Text("nothing more needed", "无需更多测量"),
    Advice.CHARGE_WIDE: Text(
        "charge from below 20 % to above 80 %", "从 20 % 以下充电至 80 % 以上"
    ),
    Advice.REST_LONGER: Text("rest one hour before and after", "充电前后各静置一小时"),
    Advice.REST_AT_KNEE: Text("rest below 20 % or fully charged", "在 20 % 以下或满电状态下静置"),
    Advice.CHECK_SENSOR: Text("check the sensors", "检查传感器"),
    Advice.BENCH_TEST: Text(
        "capacity test on a bench (GB/T 34015)", "按 GB/T 34015 做台架容量测试"
    ),
}
