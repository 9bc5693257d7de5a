"""Decisions of triage for a person: one line each in either language, or a row of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from packtrail.language import Text
from soh_model.gates import gate_text, what_text
from soh_model.policy import Policy, grade_text, use_text
from soh_model.triage import Decision

CSV_COLUMNS: Final = (
    "code",
    "decided",
    "gates",
    "probability",
    "value",
    "value_low",
    "value_high",
    "currency",
    "test_worth",
    "policy",
    "unsure_gates",
    "unmeasured_gates",
    "uses",
    "bans",
    "width_from_soh",
    "width_from_prices",
    "inputs_digest",
    "tests",
    "provisional_gates",
)


def row_of(decision: Decision) -> list[object]:
    """Its row under `CSV_COLUMNS`."""
    worth = decision.value
    inputs = worth.inputs if worth else None
    amounts = (worth.best.value, worth.best.low, worth.best.high) if worth else ("", "", "")
    return [
        decision.code,
        decision.decided or "",
        " ".join(decision.gates),
        max(decision.probabilities.values(), default=""),
        *(round(a, 2) if isinstance(a, float) else a for a in amounts),
        worth.currency if worth else "",
        round(decision.test_worth, 2),
        decision.policy,
        " ".join(decision.unsure_gates),
        " ".join(decision.unmeasured_gates),
        " ".join(decision.uses),
        " ".join(decision.bans),
        round(inputs.width_from_soh, 2) if inputs else "",
        round(inputs.width_from_prices, 2) if inputs else "",
        decision.inputs_digest,
        " ".join(f"{gate}={test.value}" for gate, test in decision.tests.items()),
        " ".join(decision.provisional),
    ]


def describe_decision(decision: Decision, policy: Policy, language: str | None = None) -> str:
    """One line for a person, in `language` or that of the locale."""
    undecided = Text("not decided: test first", "未决定：请先检测")
    decided = grade_text(policy, decision.decided) if decision.decided else undecided
    parts = [decision.code, decided.say(language)]
    for label, gates, name_of in (
        (Text("stopped by", "被安全门槛阻止："), decision.gates, gate_text),
        (Text("near its limit:", "接近限值、尚不能判定："), decision.unsure_gates, what_text),
        (Text("not checked:", "未核查："), decision.unmeasured_gates, what_text),
    ):
        parts += _listed(label, [_gate(name, name_of, decision) for name in gates], language)
    if decision.probabilities:
        name = max(decision.probabilities, key=lambda key: decision.probabilities[key])
        chance = 100 * decision.probabilities[name]
        parts.append(f"{grade_text(policy, name).say(language)} {chance:.0f} %")
    for label, uses in (
        (Text("for", "可用于"), decision.uses),
        (Text("never for", "禁止用于"), decision.bans),
    ):
        parts += _listed(label, [use_text(policy, name) for name in uses], language)
    if decision.value:
        parts.append(_worth(decision, language))
    if decision.decided is None and decision.test_worth > 0:
        gain = Text("a better test gains", "更好的检测可增值").say(language)
        parts.append(f"{gain} {decision.test_worth:.0f}")
    parts += [
        f"{_DECIDES.fill(gate=what_text(gate).say(language)).say(language)}{test.text.say(language)}"
        for gate, test in decision.tests.items()
    ]
    return "; ".join(parts)


_DECIDES: Final = Text("to decide {gate}: ", "{gate}的判定方法：")
_NOT_SETTLED: Final = Text("limit provisional", "限值未定")


def _gate(name: str, name_of: Callable[[str], Text], decision: Decision) -> Text:
    """A gate, what it was measured at, and whether its limit is settled."""
    text = name_of(name)
    said = [text.en], [text.zh]
    found = decision.measured.get(name)
    if found is not None:
        per_day = ("% a day", "%/天") if name == "self_discharge" else ("x median", "倍中位数")
        for words, unit in zip(said, per_day, strict=True):
            words.append(f"{found.value:.2f} ({found.low:.2f} .. {found.high:.2f}) {unit}")
    if name in decision.provisional:
        said[0].append(f"[{_NOT_SETTLED.en}]")
        said[1].append(f"[{_NOT_SETTLED.zh}]")
    return Text(*(" ".join(words) for words in said))


def describe_provisional(
    gates: tuple[str, ...], policy: Policy, language: str | None = None
) -> list[str]:
    """Why the limits of these gates are not settled, a line each."""
    label = Text("{gate}: limit provisional: ", "{gate}：限值未定：")
    return [
        label.fill(gate=what_text(gate).say(language)).say(language)
        + Text(*policy.provisional[gate]).say(language)
        for gate in gates
    ]


def _listed(label: Text, names: list[Text], language: str | None) -> list[str]:
    """The names after their label, nothing where there are none."""
    said = ", ".join(name.say(language) for name in names)
    return [f"{label.say(language)} {said}"] if names else []


def _worth(decision: Decision, language: str | None) -> str:
    """The residual value, its interval, and how wide SoH and prices alone would leave it."""
    assert decision.value is not None
    best, inputs = decision.value.best, decision.value.inputs
    worth = Text("worth", "残值").say(language)
    said = f"{worth} {best.value:.0f} ({best.low:.0f} .. {best.high:.0f}) {decision.value.currency}"
    if inputs is None:
        return said
    why = Text(
        "width from SoH {soh:.0f}, from prices {prices:.0f}",
        "区间宽度：SoH 致 {soh:.0f}，价格致 {prices:.0f}",
    )
    filled = why.fill(soh=inputs.width_from_soh, prices=inputs.width_from_prices)
    return f"{said}, {filled.say(language)}"
