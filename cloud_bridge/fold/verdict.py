"""The verdict: green, amber or red, and one sentence for whoever stands before the pack."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from cloud_bridge.fold.axes import Safety
from cloud_bridge.fold.contests import ContestReason
from cloud_bridge.fold.state import Incident, PackState
from packtrail.language import Text


class Level(StrEnum):
    """The colour of a verdict."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Verdict(NamedTuple):
    """Colour and sentence."""

    level: Level
    text: Text


STOP: Final = frozenset(
    {
        ContestReason.TWO_PLACES,
        ContestReason.EQUIVOCATION,
        ContestReason.AFTER_END,
        ContestReason.CODE_TWICE,
    }
)
"""Contradictions that mean a copied label or a forged report."""

_MISSING: Final = Text(
    "Stop: reported lost or stolen. Tell its owner.", "停止：该电池包已报失或报盗，请通知所有人。"
)
_DAMAGED: Final = Text("Damaged remains: treat as dangerous goods.", "损毁残骸：按危险品处置。")

KINDS: Final = {
    "over_temperature": Text("over-temperature", "过温"),
    "under_temperature": Text("under-temperature", "低温"),
    "cell_over_voltage": Text("cell over-voltage", "单体过压"),
    "cell_under_voltage": Text("cell under-voltage", "单体欠压"),
    "over_voltage": Text("over-voltage", "过压"),
    "under_voltage": Text("under-voltage", "欠压"),
    "cell_spread": Text("cell voltage spread", "单体压差过大"),
    "temperature_spread": Text("temperature spread", "温差过大"),
    "temperature_rise": Text("fast temperature rise", "温升过快"),
    "low_insulation": Text("low insulation", "绝缘电阻过低"),
    "insulation_low": Text("low insulation", "绝缘电阻过低"),
    "over_current": Text("over-current", "过流"),
    "thermal_runaway": Text("thermal runaway", "热失控"),
    "thermal_runaway_precursor": Text("signs of thermal runaway", "热失控前兆"),
    "temperature_jump": Text("temperature jump", "温度骤升"),
    "bms_warning": Text("BMS warning", "BMS 预警"),
    "bms_alarm": Text("BMS alarm", "BMS 报警"),
    "bms_silent": Text("BMS silent", "BMS 通信中断"),
}
"""Names of the kinds of incident that we know; any other is shown as it was reported."""


def judge_pack(state: PackState) -> Verdict:
    """What to do with the pack, the worst first."""
    if state.custody.missing or state.safety is Safety.DAMAGED:
        return Verdict(Level.RED, _MISSING if state.custody.missing else _DAMAGED)
    dangers = _open(state, Safety.DANGER)
    if dangers:
        return _about(
            Level.RED, Text("Danger: {kind}. Keep away.", "危险：{kind}，请远离。"), dangers
        )
    for contest in state.contests:
        if contest.reason in STOP:
            sentence = Text("Stop: {what}.", "停止：{what}。")
            return Verdict(Level.RED, _fill(sentence, "what", contest.reason.text))
    held = _open(state, Safety.QUARANTINE)
    if held:
        sentence = Text("Quarantine: {kind}.", "隔离：{kind}。")
        return _about(Level.AMBER, sentence, held)
    if state.contests:
        sentence = Text("Check: {what}.", "请核查：{what}。")
        return Verdict(Level.AMBER, _fill(sentence, "what", state.contests[0].reason.text))
    return _mild(state)


def kind_text(kind: str) -> Text:
    """The name of a kind of incident."""
    # Braces of a reporter's own text must not be taken for fields.
    plain = kind.replace("_", " ").replace("{", "(").replace("}", ")")[:60]
    return KINDS.get(kind, Text(plain, plain))


def _mild(state: PackState) -> Verdict:
    if state.lifecycle.terminal:
        sentence = Text("No pack any more: {stage}.", "已不是电池包：{stage}。")
        return Verdict(Level.AMBER, _fill(sentence, "stage", state.lifecycle.text))
    watched = _open(state, Safety.WATCH)
    if watched:
        return _about(Level.AMBER, Text("Watch: {kind}.", "关注：{kind}。"), watched)
    if state.safety is Safety.WATCH:
        past = [one for one in state.incidents if one.severity is Safety.DANGER]
        sentence = Text("Inspect: {kind} in the past.", "请检查：曾发生{kind}。")
        return _about(Level.AMBER, sentence, past)
    return Verdict(Level.GREEN, Text("OK to receive.", "可以接收。"))


def _open(state: PackState, severity: Safety) -> list[Incident]:
    return [one for one in state.incidents if not one.cleared and one.severity is severity]


def _about(level: Level, sentence: Text, incidents: list[Incident]) -> Verdict:
    return Verdict(level, _fill(sentence, "kind", kind_text(incidents[-1].kind)))


def _fill(sentence: Text, field: str, text: Text) -> Text:
    return Text(sentence.en.format(**{field: text.en}), sentence.zh.format(**{field: text.zh}))
