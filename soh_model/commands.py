"""The verbs `packtrail soh estimate` and `packtrail soh explain`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import msgspec

from packtrail.arguments import explained, number_between
from packtrail.command import Command
from packtrail.estimate import Estimate, Verdict
from packtrail.language import Text
from packtrail.progress import watched
from packtrail.sample import SampleBatch
from soh_model.balance_fit import BalanceFit, fit_parts
from soh_model.chemistry import fresh_cell
from soh_model.errors import ModelError
from soh_model.estimating import estimate
from soh_model.explanation import explain_svg
from soh_model.lifetime import Gathering, Lifetime
from soh_model.pack_spec import PackSpec
from soh_model.session import Refusal, prepare
from soh_model.session_files import sessions_in
from soh_model.telling import describe, describe_lifetime

EXIT_CANNOT_TELL: Final = 1


def _arguments(parser: argparse.ArgumentParser) -> None:
    samples = Text(
        "samples, .csv or .parquet; several files are sessions of one pack",
        "采样数据，.csv 或 .parquet；多个文件为同一电池包的不同时段",
    )
    explained(parser, "files", samples, type=Path, metavar="FILE", nargs="+")
    kind = Text("the pack's type", "电池包型号参数")
    explained(parser, "--spec", kind, type=Path, required=True, metavar="TOML")
    whole = Text("the whole estimate as JSON", "以 JSON 输出完整估计结果")
    explained(parser, "--json", whole, action="store_true")
    pace = Text("full cycles in a year, for what lies ahead", "每年等效满循环次数，用于预测")
    explained(parser, "--cycles-per-year", pace, type=number_between(1, 5000))
    end = Text("SoH at which life ends, %%", "寿命终止时的 SoH，%%")
    explained(parser, "--end", end, type=number_between(30, 95), default=70.0, metavar="PCT")


def _run(args: argparse.Namespace) -> int:
    spec = PackSpec.load(args.spec)
    return _tell(args, _found(args, sessions_in(args.files), spec))


def _found(
    args: argparse.Namespace, sessions: list[SampleBatch], spec: PackSpec
) -> Estimate | Lifetime:
    """One session's estimate, or what several say together."""
    if len(sessions) == 1:
        return estimate(sessions[0], spec)
    gathering = Gathering(spec, args.cycles_per_year)
    what, unit = Text("estimating sessions", "时段估计"), Text("sessions", "时段")
    with watched(what, len(sessions), unit) as advance:
        for batch in sessions:
            gathering.take(batch)
            advance(1)
    return gathering.lifetime(args.end / 100)


def _tell(args: argparse.Namespace, found: Estimate | Lifetime) -> int:
    answer = found.estimate if isinstance(found, Lifetime) else found
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        lines = describe_lifetime(found) if isinstance(found, Lifetime) else describe(found)
        print("\n".join(lines))
    return 0 if answer.verdict is Verdict.TOLD else EXIT_CANNOT_TELL


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
    page = Text("where to write the page", "输出页面的文件")
    explained(parser, "--output", page, type=Path, required=True, metavar="SVG")


def _run_explain(args: argparse.Namespace) -> int:
    spec, sessions = PackSpec.load(args.spec), sessions_in(args.files)
    found = _found(args, sessions, spec)
    fit = fit_of(sessions[-1], spec)
    if fit is None:
        raise ModelError(
            Text("nothing was fitted that could be drawn", "没有可绘制的拟合结果"),
            where=str(args.files[-1]),
            hint=Text(
                "the specification needs half_cells, the samples current and voltage",
                "型号参数需要 half_cells，采样数据需要电流与电压",
            ),
        )
    args.output.write_text(explain_svg(fit, found), encoding="utf-8")
    return _tell(args, found)


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
