"""The room's verbs: `packtrail soh estimate`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import msgspec

from packtrail.command import Command
from packtrail.estimate import Advice, Estimate, Interval, Verdict
from packtrail.language import Text
from soh_model.estimating import estimate
from soh_model.pack_spec import PackSpec
from soh_model.sample_file import read_samples

EXIT_CANNOT_TELL: Final = 1


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help=Text("samples, .csv or .parquet", "采样数据，.csv 或 .parquet").say(),
    )
    parser.add_argument(
        "--spec",
        type=Path,
        required=True,
        metavar="TOML",
        help=Text("the pack's type", "电池包型号参数").say(),
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help=Text("the whole estimate as JSON", "以 JSON 输出完整估计结果").say(),
    )


def _run(args: argparse.Namespace) -> int:
    spec = PackSpec.load(args.spec)
    answer = estimate(read_samples(args.file), spec)
    print(msgspec.json.encode(answer).decode() if args.json else "\n".join(describe(answer)))
    return 0 if answer.verdict is Verdict.TOLD else EXIT_CANNOT_TELL


def describe(answer: Estimate, language: str | None = None) -> list[str]:
    """Lines for a person, in `language` or that of the locale."""
    if answer.verdict is Verdict.TOLD:
        lines = [f"{label.say(language)}: {value}" for label, value in _figures(answer)]
    else:
        lines = [Text("The data cannot tell.", "现有数据无法判断。").say(language)]
    limits = Text("limits", "限制因素").say(language)
    lines += [f"{limits}: {reason.text.say(language)}" for reason in answer.reasons]
    if answer.advice is not Advice.NONE:
        lines.append(f"{Text('next', '建议').say(language)}: {answer.advice.text.say(language)}")
    lines.append(f"{answer.method}, {answer.reference}, {answer.inputs_digest[:16]}")
    return lines


def _figures(answer: Estimate) -> list[tuple[Text, str]]:
    """Label and value of each figure that the estimate holds."""
    figures = (
        (Text("mean cell SoH", "平均单体 SoH"), answer.soh, 100, " %"),
        (Text("weakest cell SoH", "最弱单体 SoH"), answer.soh_weakest, 100, " %"),
        (Text("pack SoH", "电池包 SoH"), answer.soh_pack, 100, " %"),
        (Text("capacity", "容量"), answer.capacity_ah, 1, " Ah"),
        (Text("resistance growth", "内阻增长倍数"), answer.resistance_growth, 1, ""),
    )
    return [(label, _say(value, by, unit)) for label, value, by, unit in figures if value]


def _say(interval: Interval, by: float, unit: str) -> str:
    digits = 2 if by * interval.value < 10 else 1
    value, low, high = (by * x for x in (interval.value, interval.low, interval.high))
    return f"{value:.{digits}f}{unit} ({low:.{digits}f} .. {high:.{digits}f})"


ESTIMATE: Final = Command(
    Text(
        "estimate the state of health of one pack from a file of samples",
        "由采样数据文件估计一个电池包的健康状态",
    ),
    _arguments,
    _run,
)
