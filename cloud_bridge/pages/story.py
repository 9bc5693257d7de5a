"""A pack's facts as lines of a timeline, one sentence each, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from cloud_bridge.fold import ContestReason, PackState, Safety, Told, kind_text
from cloud_bridge.pages import figures
from cloud_bridge.pages.plain import PLAIN
from cloud_bridge.pages.words import problem_text
from packtrail.estimate import Estimate
from packtrail.event import (
    AnomalyFlagged,
    ConditionCommitted,
    ConflictDetected,
    IdentityContested,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    SwapPerformed,
    TelemetryAttributed,
    TelemetryThinned,
    UnitRef,
    UnitRegistered,
    VehicleRef,
)
from packtrail.event.measure import measure_of, place_of
from packtrail.language import Text
from packtrail.times import parse_time

GATHERED: Final = 3
"""So many health reports in a row become one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes:
        t_ns: when it occurred, UTC ns.
        tone: which kind of mark: birth, move, health, alarm, warning, clear or note.
        text: the sentence.
        by: who says so.
        event: the event's id.
        disputed: whether a contradiction rests on it.
    """

    t_ns: int
    tone: str
    text: str
    by: str
    event: str
    disputed: bool


def lines_of(state: PackState, facts: list[Told], language: str) -> list[Line]:
    """The newest first."""
    disputed = {event for contest in state.contests for event in contest.events}
    ordered = sorted(facts, key=lambda told: told.order, reverse=True)
    return [line_of(told, state.unit, language, disputed) for told in ordered]


def gathered(lines: list[Line], language: str) -> list[Line]:
    """The same with runs of health reports gathered in one line each: the chart has them."""
    runs: list[list[Line]] = []
    for line in lines:
        if runs and line.tone == runs[-1][0].tone == "health":
            runs[-1].append(line)
        else:
            runs.append([line])
    return [run[0] if len(run) < GATHERED else _gathered(run, language) for run in runs]


def _gathered(run: list[Line], language: str) -> Line:
    more = Text("{n} earlier reports", "更早 {n} 次报告").say(language, n=len(run) - 1)
    disputed = any(line.disputed for line in run)
    return replace(run[0], text=f"{run[0].text} · {more}", disputed=disputed)


def line_of(
    told: Told, unit: UnitRef | None, language: str, disputed: set[str] | frozenset[str]
) -> Line:
    """One fact, as it concerns `unit`."""
    tone, text = _sentence(told, unit, language)
    return Line(
        parse_time(told.event.occurred_from),
        tone,
        text.say(language),
        told.event.author,
        told.event_id,
        told.event_id in disputed,
    )


def _sentence(told: Told, unit: UnitRef | None, language: str) -> tuple[str, Text]:
    """Which mark a fact gets, and its sentence."""
    kind = told.event.type
    tone, text = "note", PLAIN.get(kind, Text(kind, kind))
    match told.event.body:
        case UnitRegistered() as body:
            tone, text = "birth", _registered(body)
        case PackInstalled() | PackRemoved() as body:
            tone, text = "move", _moved(body, language)
        case SwapPerformed() as body:
            tone, text = "move", _swapped(body, unit, told, language)
        case ConditionCommitted() as body:
            tone, text = "health", _health(body.estimate)
        case IncidentRecorded() as body:
            tone, text = _alarm_tone(body), _incident(body)
        case IdentityContested() as body:
            tone, text = "alarm", _contested(body, language)
        case TelemetryThinned() as body:
            text = _thinned(body)
        case TelemetryAttributed() as body:
            text = _attributed(body, unit, language)
        case AnomalyFlagged(kind=reason) | ConflictDetected(reason=reason):
            tone, text = "alarm", _noticed(text, reason)
    return tone, text


def _noticed(text: Text, reason: str) -> Text:
    if reason not in set(ContestReason):
        return text
    what = ContestReason(reason).text
    return Text(f"{text.en}: {what.en}", f"{text.zh}：{what.zh}")


def _alarm_tone(body: IncidentRecorded) -> str:
    if body.cleared:
        return "clear"
    return "warning" if body.severity == Safety.WATCH else "alarm"


def _thinned(body: TelemetryThinned) -> Text:
    n = body.records
    return Text(
        f"{n} telemetry records given up: the gateway's disk was full",
        f"网关磁盘已满，放弃 {n} 条遥测记录",
    )


def _attributed(body: TelemetryAttributed, unit: UnitRef | None, language: str) -> Text:
    place = figures.place_text(body.place, language)
    if unit is not None and unit == body.instead_of:
        return Text(
            f"Readings at {place} were another pack's", f"{place} 的数据经核实属于另一电池包"
        )
    return Text(
        f"Earlier readings at {place} are known to be of this pack",
        f"{place} 先前的数据经核实属于本电池包",
    )


def _registered(body: UnitRegistered) -> Text:
    figures_text = (
        f"{body.rated_capacity_ah:g}\u202fAh · {body.nominal_voltage_v:g}\u202fV · "
        f"{body.cells_in_series}S · {body.chemistry}"
    )
    model = f"{body.model} · " if body.model else ""
    return Text(f"Registered: {model}{figures_text}", f"登记：{model}{figures_text}")


def _moved(body: PackInstalled | PackRemoved, language: str) -> Text:
    target = _target(body.vehicle, body.place, language)
    soc = "" if body.soc_pct is None else f" · {body.soc_pct:.0f}\u202f%"
    if isinstance(body, PackInstalled):
        return Text(f"Put into {target}{soc}", f"装入{_gap(target)}{target}{soc}")
    return Text(f"Taken out of {target}{soc}", f"取出自{_gap(target)}{target}{soc}")


def _swapped(body: SwapPerformed, unit: UnitRef | None, told: Told, language: str) -> Text:
    car = figures.vehicle_text(body.vehicle, language)
    site = body.site
    if told.event.unit == unit:
        soc = "" if body.soc_in_pct is None else f" · {body.soc_in_pct:.0f}\u202f%"
        return Text(f"Swapped into {car} at {site}{soc}", f"在 {site} 换入{car}{soc}")
    soc = "" if body.soc_out_pct is None else f" · {body.soc_out_pct:.0f}\u202f%"
    return Text(f"Swapped out of {car} at {site}{soc}", f"在 {site} 从{car}换下{soc}")


def _health(estimate: Estimate) -> Text:
    if estimate.soh is None:
        why = estimate.reasons[0].text if estimate.reasons else Text("no reason given", "未说明")
        return Text(f"Health could not be told: {why.en}", f"健康状态无法判断：{why.zh}")
    value = figures.percent(estimate.soh.value)
    span = figures.plus_minus(estimate.soh)
    return Text(
        f"State of health {value} {span} ({estimate.method})",
        f"健康状态 {value} {span}（{estimate.method}）",
    )


def _incident(body: IncidentRecorded) -> Text:
    kind = kind_text(body.kind)
    severity = Safety(body.severity).text if body.severity in set(Safety) else Safety.WATCH.text
    value, limit, where = measure_of(body, body.value), measure_of(body, body.limit), place_of(body)
    if body.cleared:
        return Text(f"Over: {kind.en} ({severity.en})", f"解除：{kind.zh}（{severity.zh}）")
    return Text(
        f"{kind.en} ({severity.en}){_figures(value.en, limit.en, where.en)}",
        f"{kind.zh}（{severity.zh}）{_figures(value.zh, limit.zh, where.zh)}",
    )


def _figures(value: str, limit: str, where: str) -> str:
    said = " / ".join(part for part in (value, limit) if part)
    return "".join((f" {said}" if said else "", f" · {where}" if where else ""))


def _contested(body: IdentityContested, language: str) -> Text:
    why, place = problem_text(body.problem), figures.place_text(body.place, language)
    return Text(f"Pack unknown at {place}: {why.en}", f"{place} 电池包身份不明：{why.zh}")


def _target(vehicle: VehicleRef | None, place: PlaceRef | None, language: str) -> str:
    if vehicle:
        return figures.vehicle_text(vehicle, language)
    return figures.place_text(place, language) if place else figures.NONE


def _gap(target: str) -> str:
    """A space between Chinese and Latin letters."""
    return " " if target[:1].isascii() else ""
