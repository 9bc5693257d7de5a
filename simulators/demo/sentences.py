"""Events as one sentence each, for somebody who sees packtrail for the first time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from packtrail.estimate import Estimate, Verdict
from packtrail.event import (
    ConditionCommitted,
    Event,
    IdentityContested,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
    SwapPerformed,
    TelemetryAttributed,
    TelemetryCommitted,
    TelemetryThinned,
    UnitRef,
    UnitRegistered,
    UsageRecorded,
    VehicleRef,
)
from packtrail.event.measure import measure_of
from packtrail.language import Text

KINDS: Final = {
    "over_temperature": Text("over-temperature", "过温"),
    "under_temperature": Text("under-temperature", "低温"),
    "cell_over_voltage": Text("cell over-voltage", "单体过压"),
    "cell_under_voltage": Text("cell under-voltage", "单体欠压"),
    "cell_spread": Text("cell spread", "单体压差"),
    "temperature_rise": Text("fast rise of temperature", "温升过快"),
    "temperature_jump": Text("temperature jump", "温度骤升"),
    "temperature_spread": Text("probes apart", "温差过大"),
    "thermal_runaway_precursor": Text("signs of thermal runaway", "热失控前兆"),
    "insulation_low": Text("insulation too low", "绝缘电阻过低"),
    "bms_warning": Text("warning of the BMS", "BMS 预警"),
    "bms_alarm": Text("stop asked for by the BMS", "BMS 请求停止"),
}
SEVERITIES: Final = {
    "watch": Text("to be watched", "需关注"),
    "quarantine": Text("to be quarantined", "需隔离"),
    "danger": Text("danger", "危险"),
}


def tell(event: Event) -> Text:
    """The event as a sentence in both languages."""
    pack = short_code(event.unit)
    say = _SENTENCES.get(type(event.body))
    return say(pack, event.body) if say else Text(f"{pack} {event.type}", f"{pack} {event.type}")


def tell_health(pack: str, estimate: Estimate) -> Text:
    """What an estimate says, with its interval or its reason."""
    soh = estimate.soh
    if estimate.verdict is Verdict.TOLD and soh is not None:
        figures = f"SoH {100 * soh.value:.0f} % ({100 * soh.low:.0f}-{100 * soh.high:.0f} %)"
        return Text(f"{pack}: {figures}", f"{pack}：健康状态 {figures}")
    reason = estimate.reasons[0].text if estimate.reasons else Text("no reason", "未说明原因")
    return Text(f"{pack}: SoH cannot be told, {reason.en}", f"{pack}：无法判断 SoH，{reason.zh}")


def short_code(unit: UnitRef | None) -> str:
    """Maker and serial number: enough to tell packs of one station apart."""
    if unit is None:
        return ""
    return f"{unit.id[:3]}…{unit.id[-7:]}" if unit.scheme == "gbt34014" else str(unit)


def short_vin(vehicle: VehicleRef | None) -> str:
    """The last four characters; a VIN is personal data."""
    return f"…{vehicle.id[-4:]}" if vehicle else "?"


def _registered(pack: str, body: UnitRegistered) -> Text:
    return Text(
        f"{pack} is put on record: {body.chemistry}, {body.cells_in_series} cells, "
        f"{body.rated_capacity_ah:g} Ah",
        f"{pack} 已登记：{body.chemistry}，{body.cells_in_series} 串，"
        f"{body.rated_capacity_ah:g} Ah",
    )


def _put(pack: str, body: PackInstalled) -> Text:
    if body.place is not None:
        slot = body.place.slot
        return Text(f"{pack} stands in slot {slot}", f"{pack} 已入 {slot} 号仓位")
    vin = short_vin(body.vehicle)
    return Text(f"{pack} is in vehicle {vin}", f"{pack} 已装入车辆 {vin}")


def _taken(pack: str, body: PackRemoved) -> Text:
    if body.place is not None:
        slot = body.place.slot
        return Text(f"{pack} left slot {slot}", f"{pack} 已离开 {slot} 号仓位")
    vin = short_vin(body.vehicle)
    return Text(f"{pack} was taken out of vehicle {vin}", f"{pack} 已从车辆 {vin} 取下")


def _swapped(pack: str, body: SwapPerformed) -> Text:
    vin, left = short_vin(body.vehicle), short_code(body.unit_out)
    return Text(
        f"vehicle {vin} left {left or 'its pack'} and drives on with {pack}",
        f"车辆 {vin} 换下 {left or '原电池包'}，换上 {pack} 驶离",
    )


def _health(pack: str, body: ConditionCommitted) -> Text:
    return tell_health(pack, body.estimate)


def _incident(pack: str, body: IncidentRecorded) -> Text:
    kind = KINDS.get(body.kind, Text(body.kind.replace("_", " "), body.kind))
    if body.cleared:
        return Text(f"{pack}: {kind.en} is over", f"{pack}：{kind.zh}已解除")
    value = measure_of(body, body.value)
    severity = SEVERITIES.get(body.severity, Text(body.severity, body.severity))
    return Text(
        f"{pack}: {' '.join(filter(None, (kind.en, value.en)))}, {severity.en}",
        f"{pack}：{' '.join(filter(None, (kind.zh, value.zh)))}，{severity.zh}",
    )


def _contested(_pack: str, body: IdentityContested) -> Text:
    slot = body.place.slot
    return Text(
        f"slot {slot}: the readings of the code disagree; data wait under the slot",
        f"{slot} 号仓位：编码读取不一致，数据暂存于仓位名下",
    )


def _attributed(pack: str, body: TelemetryAttributed) -> Text:
    slot = body.place.slot
    return Text(
        f"{pack}: what slot {slot} had told before is this pack's",
        f"{pack}：{slot} 号仓位先前的数据归入此电池包",
    )


def _thinned(_pack: str, body: TelemetryThinned) -> Text:
    return Text(
        f"{body.records} records of telemetry were given up", f"已舍弃 {body.records} 条遥测记录"
    )


def _used(pack: str, body: UsageRecorded) -> Text:
    charged, given = f"{body.charge_kwh:.1f} kWh", f"{body.discharge_kwh:.1f} kWh"
    return Text(
        f"{pack}: on {body.day} here, {charged} charged, {given} discharged",
        f"{pack}：{body.day} 在此充入 {charged}，放出 {given}",
    )


def _sealed(pack: str, body: TelemetryCommitted) -> Text:
    return Text(
        f"{pack}: the {body.samples:,} samples of {body.day} are sealed",
        f"{pack}：{body.day} 的 {body.samples:,} 个样本已固化",
    )


_SENTENCES: Final[dict[type, Callable[[str, Any], Text]]] = {
    UnitRegistered: _registered,
    PackInstalled: _put,
    PackRemoved: _taken,
    SwapPerformed: _swapped,
    ConditionCommitted: _health,
    IncidentRecorded: _incident,
    IdentityContested: _contested,
    TelemetryAttributed: _attributed,
    TelemetryCommitted: _sealed,
    TelemetryThinned: _thinned,
    UsageRecorded: _used,
}
