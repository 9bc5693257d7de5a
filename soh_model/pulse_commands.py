"""The verb `packtrail soh pulses`: retired units on a workshop's tester, from short pulses."""

from __future__ import annotations

import argparse
import csv
import math
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from packtrail.arguments import explained
from packtrail.command import Command
from packtrail.estimate import Estimate, Interval, Verdict
from packtrail.language import Text
from soh_model.pulse_file import read_pulses
from soh_model.pulse_reference import PulseReference

EXIT_CANNOT_TELL: Final = 1
CSV_COLUMNS: Final = ("unit", "verdict", "soh", "low", "high", "charged", "method", "reasons")


class Told(msgspec.Struct, frozen=True):
    """One test's answer: whose, the charge since empty that it was told with, the estimate."""

    unit: str
    charged: float | None
    estimate: Estimate


def add_reference_arguments(parser: argparse.ArgumentParser) -> None:
    """What every estimate from pulses needs."""
    reference = Text(
        "pulse tests of units whose SoH was measured: u1 to u21, soh_pct, if known unit and "
        "charged (charge since empty over rated), .csv or .parquet",
        "已测得 SoH 的参考单元的脉冲数据：u1 至 u21、soh_pct，如有则含 unit 与 charged"
        "（自放空以来充入电量与额定容量之比），.csv 或 .parquet",
    )
    explained(parser, "--reference", reference, type=Path, required=True, metavar="TABLE")


def _arguments(parser: argparse.ArgumentParser) -> None:
    tests = Text(
        "pulse tests: the same columns without SoH, or a tester's signed reports, .jsonl",
        "待测单元的脉冲数据：同样的列但无 SoH；或检测设备的签名报告 .jsonl",
    )
    explained(parser, "tests", tests, type=Path, metavar="FILE")
    add_reference_arguments(parser)
    chemistry = Text("of the units, such as LMO", "单元的化学体系，如 LMO")
    explained(parser, "--chemistry", chemistry, required=True)
    form = parser.add_mutually_exclusive_group()
    explained(
        form, "--json", Text("one JSON object a line", "每行一个 JSON 对象"), action="store_true"
    )
    explained(form, "--csv", Text("a table", "表格"), action="store_true")


def _run(args: argparse.Namespace) -> int:
    asked = read_pulses(args.tests)
    answers = PulseReference.load(args.reference, args.chemistry).estimates(asked)
    told = [
        Told(name or str(k), counted(charge), answer)
        for k, (name, charge, answer) in enumerate(
            zip(asked.units, asked.charged.tolist(), answers, strict=True), 1
        )
    ]
    _write(args, told)
    silent = any(one.estimate.verdict is not Verdict.TOLD for one in told)
    return EXIT_CANNOT_TELL if silent else 0


def _write(args: argparse.Namespace, told: list[Told]) -> None:
    if args.csv:
        table = csv.writer(sys.stdout)
        table.writerow(CSV_COLUMNS)
        table.writerows(_row(one) for one in told)
        return
    for one in told:
        line = msgspec.json.encode(one).decode() if args.json else described(one)
        sys.stdout.write(line + "\n")


def counted(charge: float) -> float | None:
    """The charge since empty, None for the NaN of a test where nobody counted."""
    return None if math.isnan(charge) else charge


def _row(one: Told) -> list[Any]:
    answer = one.estimate
    soh = answer.soh
    figures = (soh.value, soh.low, soh.high) if soh else ("", "", "")
    reasons = " ".join(reason.value for reason in answer.reasons)
    charged = "" if one.charged is None else one.charged
    return [one.unit, answer.verdict.value, *figures, charged, answer.method, reasons]


def described(one: Told, language: str | None = None) -> str:
    """A line for a person: the SoH with its interval, or why there is none."""
    answer = one.estimate
    if answer.soh is None:
        why = ", ".join(reason.text.say(language) for reason in answer.reasons)
        silent = Text("cannot tell", "无法判断").say(language)
        return f"{one.unit}: {silent}: {why}; {answer.advice.text.say(language)}"
    return f"{one.unit}: SoH {_percent(answer.soh)}; {charge_text(one.charged).say(language)}"


def charge_text(charged: float | None) -> Text:
    """Whether the charge since empty was told."""
    if charged is None:
        return Text(
            "charge since empty not told: an emptied unit with a counted charge is told better",
            "未告知自放空以来的充入电量：放空后充入计量电量再测更准",
        )
    part = f"{100 * charged:.0f} %"
    return Text(f"charged {part} since empty", f"自放空以来充入 {part}")


def _percent(soh: Interval) -> str:
    return f"{100 * soh.value:.1f} % ({100 * soh.low:.1f} .. {100 * soh.high:.1f})"


PULSES: Final = Command(
    Text(
        "estimate retired units from short pulses on a tester, by units that were measured",
        "由检测设备的短脉冲估计退役单元的健康状态（以已测单元为参考）",
    ),
    _arguments,
    _run,
)
