"""An appraisal in words: its conclusion, grades, gates and uses, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cloud_bridge.appraisal.appraiser import Appraisal
from cloud_bridge.fold import kind_text
from cloud_bridge.fold.verdict import KINDS
from packtrail.language import Text
from soh_model.gate_report import GateReport
from soh_model.gates import gate_text as engine_text
from soh_model.triage import RECYCLE

_FIT: Final = Text("Fit for: {grade}", "适用于：{grade}")
_RECYCLE: Final = Text("To be recycled", "应再生利用")
_RECYCLING: Final = Text("recycling", "再生利用")
_UNDECIDED: Final = Text("Not decided: test first", "暂不判定：请先检测")
_HELD: Final = Text("On hold, clear first: {what}", "暂缓，请先处理：{what}")
_STOPPED: Final = Text("Not to be reused: {what}", "不得再用：{what}")


def conclusion(found: Appraisal) -> tuple[str, Text]:
    """How it looks (`green`, `amber` or `red`), and the sentence."""
    decision = found.decision
    if decision.gates:
        return "red", _about(_STOPPED, decision.gates)
    if found.holds:
        return "amber", _about(_HELD, found.holds)
    if decision.decided is None:
        return "amber", _UNDECIDED
    if decision.decided == RECYCLE:
        return "amber", _RECYCLE
    label = grade_text(found, decision.decided)
    return "green", Text(_FIT.en.format(grade=label.en), _FIT.zh.format(grade=label.zh))


def grade_text(found: Appraisal, name: str) -> Text:
    """The label of a grade, or of recycling."""
    grade = found.policy.grade(name)
    return grade.text if grade else _RECYCLING


def gate_text(name: str) -> Text:
    """What stopped a pack, or holds it up."""
    if name in _OURS:
        return _OURS[name]
    return kind_text(name) if name in KINDS else engine_text(name)


def report_text(report: GateReport) -> Text:
    """What a safety test looks at; of what stopped a pack, what happened."""
    ours = report.gate in _OURS or report.gate in KINDS
    return gate_text(report.gate) if ours else report.text


def _about(sentence: Text, names: Iterable[str]) -> Text:
    texts = [gate_text(name) for name in names]
    en, zh = ", ".join(one.en for one in texts), "、".join(one.zh for one in texts)
    return Text(sentence.en.format(what=en), sentence.zh.format(what=zh))


_OURS: Final = {
    "damaged": Text("damaged", "已损毁"),
    "quarantine": Text("in quarantine", "处于隔离状态"),
    "contested": Text("its record contradicts itself", "记录自相矛盾"),
    "missing": Text("reported lost or stolen", "已报失或报盗"),
}
