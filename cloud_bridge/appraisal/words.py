"""An appraisal in words: its conclusion, grades, gates and uses, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cloud_bridge.appraisal.appraiser import Appraisal
from cloud_bridge.fold import kind_text
from packtrail.language import Text
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
    return _GATES.get(name) or kind_text(name)


def use_text(name: str) -> Text:
    """A use that a policy permits or forbids; an unknown one as the policy has it."""
    return _USES.get(name, Text(name, name))


def _about(sentence: Text, names: Iterable[str]) -> Text:
    texts = [gate_text(name) for name in names]
    en, zh = ", ".join(one.en for one in texts), "、".join(one.zh for one in texts)
    return Text(sentence.en.format(what=en), sentence.zh.format(what=zh))


_GATES: Final = {
    "insulation": Text("insulation below the limit", "绝缘电阻低于限值"),
    "danger": Text("an open danger", "存在未解除的危险"),
    "damaged": Text("damaged", "已损毁"),
    "quarantine": Text("in quarantine", "处于隔离状态"),
    "contested": Text("its record contradicts itself", "记录自相矛盾"),
    "missing": Text("reported lost or stolen", "已报失或报盗"),
    "crash": Text("a crash", "碰撞事故"),
    "fire": Text("fire", "起火"),
    "flood": Text("flooding", "浸水"),
    "leak": Text("a leak", "泄漏"),
    "swelling": Text("swelling", "鼓胀"),
    "recall": Text("a recall", "召回"),
    "undervoltage": Text("deep discharge", "过放"),
}
_USES: Final = {
    "vehicle": Text("vehicle", "车用"),
    "repair": Text("repair", "维修更换"),
    "stationary": Text("stationary storage", "固定式储能"),
    "low-speed vehicle": Text("low-speed vehicle", "低速车"),
    "e-bike": Text("e-bike", "电动自行车"),
    "backup light": Text("backup light", "备用照明"),
    "signal": Text("signal", "信号灯"),
}
