"""The room's verbs: `packtrail soh estimate`, `packtrail soh explain` and `packtrail triage`."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Final

import msgspec

from packtrail.command import Command
from packtrail.errors import reason_of, remedy_of
from packtrail.estimate import Advice, Estimate, Interval, Verdict
from packtrail.language import Text
from packtrail.sample import SampleBatch
from soh_model.balance_fit import BalanceFit, fit_parts
from soh_model.chemistry import fresh_cell
from soh_model.errors import ModelError
from soh_model.estimating import estimate
from soh_model.explanation import explain_svg
from soh_model.pack_spec import PackSpec
from soh_model.policy import Policy, load_toml
from soh_model.residual_value import Prices
from soh_model.sample_file import read_samples
from soh_model.session import Refusal, prepare
from soh_model.triage import Decision, PackFacts, triage

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
    if answer.weakest_cell is not None:
        weak = Text("cell {n} stands out as weak", "{n} 号单体明显偏弱")
        lines.append(weak.fill(n=answer.weakest_cell + 1).say(language))
    limits = Text("limits", "限制因素").say(language)
    lines += [f"{limits}: {reason.text.say(language)}" for reason in answer.reasons]
    if answer.advice is not Advice.NONE:
        lines.append(f"{Text('next', '建议').say(language)}: {answer.advice.text.say(language)}")
    lines += _evidence(answer, language)
    return lines


def _evidence(answer: Estimate, language: str | None) -> list[str]:
    """What the figures rest on: samples, sensors, method and digest."""
    lines = []
    if answer.samples:
        said = Text(
            "evidence: {n} samples over {hours:.1f} h", "依据：{n} 个采样点，跨 {hours:.1f} 小时"
        )
        hours = (answer.to_ns - answer.from_ns) / 3.6e12
        lines.append(said.fill(n=answer.samples, hours=hours).say(language))
    if answer.sensors:
        said = Text(
            "allowed for: current zero {zero:+.2f} A, gain ±{gain:.1f} %, steps of {step:.0f} mV",
            "已计入：电流零点 {zero:+.2f} A，增益 ±{gain:.1f} %，电压分辨率 {step:.0f} mV",
        )
        errors = answer.sensors
        said = said.fill(
            zero=errors.current_offset_a,
            gain=196 * errors.current_gain_sd,
            step=1000 * errors.voltage_step_v,
        )
        lines.append(said.say(language))
    lines.append(f"{answer.method}, {answer.reference}, SHA-256 {answer.inputs_digest[:16]}")
    return lines


def _figures(answer: Estimate) -> list[tuple[Text, str]]:
    """Label and value of each figure that the estimate holds."""
    modes = answer.modes
    figures = (
        (Text("mean cell SoH", "平均单体 SoH"), answer.soh, 100, " %"),
        (Text("weakest cell SoH", "最弱单体 SoH"), answer.soh_weakest, 100, " %"),
        (Text("pack SoH", "电池包 SoH"), answer.soh_pack, 100, " %"),
        (Text("capacity", "容量"), answer.capacity_ah, 1, " Ah"),
        (Text("usable energy", "可用能量"), answer.usable_kwh, 1, " kWh"),
        (Text("state of certified energy (SOCE)", "认证能量状态（SOCE）"), answer.soce, 100, " %"),
        (Text("resistance growth", "内阻增长倍数"), answer.resistance_growth, 1, ""),
        (Text("spread of cell capacities", "单体容量离散"), answer.spread_pct, 1, " %"),
        (Text("loss of lithium (LLI)", "锂损失（LLI）"), modes and modes.lithium, 100, " %"),
        (
            Text("loss of negative electrode (LAM)", "负极材料损失（LAM）"),
            modes and modes.negative,
            100,
            " %",
        ),
        (
            Text("loss of positive electrode (LAM)", "正极材料损失（LAM）"),
            modes and modes.positive,
            100,
            " %",
        ),
    )
    return [(label, _say(value, by, unit)) for label, value, by, unit in figures if value]


def _say(interval: Interval, by: float, unit: str) -> str:
    digits = 2 if by == 1 and abs(interval.value) < 10 else 1
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


def _explain_arguments(parser: argparse.ArgumentParser) -> None:
    _arguments(parser)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="SVG",
        help=Text("where to write the page", "输出页面的文件").say(),
    )


def _run_explain(args: argparse.Namespace) -> int:
    spec, samples = PackSpec.load(args.spec), read_samples(args.file)
    answer = estimate(samples, spec)
    fit = fit_of(samples, spec)
    if fit is None:
        raise ModelError(
            Text("nothing was fitted that could be drawn", "没有可绘制的拟合结果"),
            where=str(args.file),
            hint=Text(
                "the specification needs half_cells, the samples current and voltage",
                "型号参数需要 half_cells，采样数据需要电流与电压",
            ),
        )
    args.output.write_text(explain_svg(fit, answer), encoding="utf-8")
    print(msgspec.json.encode(answer).decode() if args.json else "\n".join(describe(answer)))
    return 0 if answer.verdict is Verdict.TOLD else EXIT_CANNOT_TELL


def fit_of(samples: SampleBatch, spec: PackSpec) -> BalanceFit | None:
    """The fit of the busiest part, None where the samples or the type allow none."""
    fresh = fresh_cell(spec)
    if fresh is None or fresh.electrodes is None or spec.half_cells is None:
        return None
    session = prepare(samples, spec, fresh)
    if isinstance(session, Refusal):
        return None
    fits = fit_parts(session, spec, fresh)
    return fits[0] if fits else None


EXPLAIN: Final = Command(
    Text(
        "estimate and draw why: the fit, what it leaves, the modes of ageing",
        "估计并绘图说明依据：拟合、残差与衰减模式",
    ),
    _explain_arguments,
    _run_explain,
)


def _triage_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "packs",
        type=Path,
        nargs="+",
        metavar="PACK",
        help=Text("facts of a pack, .json", "电池包信息，.json").say(),
    )
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
    decisions = [triage(read_facts(path), policy, prices) for path in args.packs]
    if args.json:
        for decision in decisions:
            print(msgspec.json.encode(decision).decode())
    elif args.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(CSV_COLUMNS)
        writer.writerows(_row(decision) for decision in decisions)
    else:
        for decision in decisions:
            print(describe_decision(decision))
    return 0 if all(d.decided is not None for d in decisions) else EXIT_CANNOT_TELL


def read_facts(path: Path) -> PackFacts:
    """Facts of a pack from a JSON file.

    Raises:
        ModelError: The file is missing or does not hold the facts of a pack.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=PackFacts)
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
)


def _row(decision: Decision) -> list[object]:
    worth = decision.value
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
    ]


def describe_decision(decision: Decision, language: str | None = None) -> str:
    """One line for a person, in `language` or that of the locale."""
    undecided = Text("not decided: test first", "未决定：请先检测").say(language)
    parts = [decision.code, decision.decided or undecided]
    if decision.gates:
        gates = Text("stopped by", "被安全门槛阻止").say(language)
        parts.append(f"{gates} {', '.join(decision.gates)}")
    if decision.probabilities:
        name = max(decision.probabilities, key=lambda key: decision.probabilities[key])
        parts.append(f"{name} {100 * decision.probabilities[name]:.0f} %")
    if decision.value:
        best = decision.value.best
        parts.append(
            f"{best.value:.0f} ({best.low:.0f} .. {best.high:.0f}) {decision.value.currency}"
        )
    if decision.decided is None and decision.test_worth > 0:
        gain = Text("a test gains", "检测收益").say(language)
        parts.append(f"{gain} {decision.test_worth:.0f}")
    return "; ".join(parts)


TRIAGE: Final = Command(
    Text(
        "decide for each pack: reuse in which grade, recycle, or test again, and what it is worth",
        "逐包判定：按等级再利用、回收或复检，并给出残值",
    ),
    _triage_arguments,
    _run_triage,
)
