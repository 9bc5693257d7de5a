"""The verb `packtrail triage`: decisions on packs, as sentences, JSON or a table."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Final, TextIO

import msgspec

from packtrail.command import Command
from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text
from packtrail.progress import watched
from packtrail.shapes import from_json
from soh_model.errors import ModelError
from soh_model.gates import PackFacts, gate_text, what_text
from soh_model.policy import Policy, grade_text, load_toml, use_text
from soh_model.residual_value import Prices
from soh_model.triage import Decision, triage

EXIT_UNDECIDED: Final = 1


def _triage_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "packs",
        type=Path,
        nargs="+",
        metavar="PACK",
        help=Text("facts of a pack, .json", "电池包信息，.json").say(),
    )
    add_policy_arguments(parser)


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    """What every decision needs, and its form."""
    parser.add_argument(
        "--policy",
        type=Path,
        required=True,
        metavar="TOML",
        help=Text("grades and safety gates", "分级与安全门槛").say(),
    )
    parser.add_argument(
        "--prices",
        type=Path,
        required=True,
        metavar="TOML",
        help=Text("prices of the day", "当日价格").say(),
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json",
        action="store_true",
        help=Text("one JSON object per line", "每行一个 JSON 对象").say(),
    )
    form.add_argument("--csv", action="store_true", help=Text("a table", "表格").say())


def _run_triage(args: argparse.Namespace) -> int:
    policy, prices = load_toml(Policy, args.policy), load_toml(Prices, args.prices)
    writer = Writer(args, policy, sys.stdout)
    what, unit = Text("triage of packs", "电池包分选"), Text("packs", "包")
    with watched(what, len(args.packs), unit) as advance:
        for path in args.packs:
            writer.write(triage(read_facts(path), policy, prices))
            advance(1)
    return EXIT_UNDECIDED if writer.undecided else 0


class Writer:
    """Decisions in the form asked for, each as soon as it is made.

    Args:
        args: with `json` and `csv`.
        policy: whose names of grades and uses are said.
        out: where to.
    """

    def __init__(self, args: argparse.Namespace, policy: Policy, out: TextIO) -> None:
        self._json, self._policy, self._out = args.json, policy, out
        self._table = csv.writer(out) if args.csv else None
        self.undecided = self.stopped = self.written = 0
        if self._table:
            self._table.writerow(CSV_COLUMNS)

    def write(self, decision: Decision) -> None:
        """One more decision."""
        self.written += 1
        self.undecided += decision.decided is None
        self.stopped += bool(decision.gates)
        if self._table:
            self._table.writerow(_row(decision))
        elif self._json:
            self._out.write(msgspec.json.encode(decision).decode() + "\n")
        else:
            self._out.write(describe_decision(decision, self._policy) + "\n")


def read_facts(path: Path) -> PackFacts:
    """Facts of a pack from a JSON file.

    Raises:
        ModelError: The file is missing or does not hold the facts of a pack.
    """
    try:
        return from_json(path.read_bytes(), PackFacts)
    except OSError as error:
        raise ModelError(reason_of(error), where=str(path), hint=remedy_of(error)) from error
    except msgspec.DecodeError as error:
        hint = Text("give the facts of one pack as JSON", "请提供一个电池包的 JSON 信息")
        raise ModelError(str(error), where=str(path), hint=hint) from error


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
)


def _row(decision: Decision) -> list[object]:
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
        parts += _listed(label, [name_of(name) for name in gates], language)
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
    return "; ".join(parts)


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


TRIAGE: Final = Command(
    Text(
        "decide for each pack: reuse in which grade, recycle, or test again, and what it is worth",
        "逐包判定：按等级再利用、回收或复检，并给出残值",
    ),
    _triage_arguments,
    _run_triage,
)
