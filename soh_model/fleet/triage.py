"""`packtrail fleet triage`: every pack of a lake from its samples to a decision, in one command.

A lake, the packs' types, a policy, prices and, where there are any, further facts of the packs
(events, alarms, origin; one JSON object a line) enter; decisions leave in order of the codes.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import msgspec

from packtrail.arguments import explained
from packtrail.command import Command
from packtrail.estimate import Estimate, Verdict
from packtrail.language import Text
from packtrail.progress import watched
from soh_model.fleet.cluster import carry_out
from soh_model.fleet.commands import (
    EXIT_INCOMPLETE,
    add_lake_arguments,
    orders,
    spec_of,
    specs_in,
    written,
)
from soh_model.fleet.json_lines import objects_in
from soh_model.fleet.lake import packs_in
from soh_model.fleet.work import PackResult
from soh_model.gates import Alarm, PackFacts
from soh_model.policy import Policy, load_toml
from soh_model.residual_value import Prices
from soh_model.triage import triage
from soh_model.triage_commands import Writer, add_policy_arguments


class Known(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is on record of a pack besides its samples; see `PackFacts`."""

    code: str
    events: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    origin_known: bool | None = None
    insulation_ohm: float | None = None
    pack_voltage_v: float | None = None


def facts_of(result: PackResult, known: Known | None) -> PackFacts:
    """Facts of a pack from its samples and what is on record of it."""
    silent = Estimate(verdict=Verdict.CANNOT_TELL, rated_ah=0.0, method="none")
    known = known or Known(code=result.code)
    return PackFacts(
        code=result.code,
        chemistry=result.chemistry,
        nominal_kwh=result.nominal_kwh,
        estimate=result.estimate or silent,
        insulation_ohm=_either(known.insulation_ohm, result.insulation_ohm),
        pack_voltage_v=_either(known.pack_voltage_v, result.pack_voltage_v),
        events=known.events,
        alarms=known.alarms,
        self_discharge_pct_day=result.outliers.self_discharge_pct_day,
        cell_resistance_ratio=result.outliers.resistance_ratio,
        origin_known=known.origin_known,
    )


def known_in(file: Path) -> dict[str, Known]:
    """Code -> what is on record.

    Raises:
        ModelError: The file is missing or a line holds something else.
    """
    hint = Text(
        'one JSON object a line, such as {"code": "...", "events": ["crash"]}',
        '每行一个 JSON 对象，如 {"code": "...", "events": ["crash"]}',
    )
    return {known.code: known for known in objects_in(file, Known, hint)}


def _either(first: float | None, second: float | None) -> float | None:
    return second if first is None else first


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_lake_arguments(
        parser, Text("decisions; shown where it is left out", "结果文件；省略时直接显示")
    )
    facts = Text(
        "events, alarms and origin of packs, one JSON object a line",
        "电池包的事件、报警与来源，每行一个 JSON 对象",
    )
    explained(parser, "--facts", facts, type=Path, metavar="FILE")
    add_policy_arguments(parser)


def _run(args: argparse.Namespace) -> int:
    policy, prices = load_toml(Policy, args.policy), load_toml(Prices, args.prices)
    known = known_in(args.facts) if args.facts else {}
    packs, specs = packs_in(args.lake), specs_in(args.spec)
    fitting = [pack for pack in packs if spec_of(pack.code, specs) is not None]
    what, unit = Text("triage of packs", "电池包分选"), Text("pack-days", "包·天")
    faults = 0
    total = sum(len(pack.days) for pack in fitting)
    place = written(args.out) if args.out else nullcontext(sys.stdout)
    with watched(what, total, unit) as advance, place as out:
        writer = Writer(args, policy, out)
        for result in carry_out(orders(fitting, specs), args.workers, args.scheduler):
            facts = facts_of(result, known.get(result.code))
            writer.write(triage(facts, policy, prices))
            advance(result.days + len(result.faults))
            faults += len(result.faults)
        writer.close()
    _summarise(writer, len(packs) - len(fitting), faults)
    complete = not faults and len(fitting) == len(packs)
    return 0 if complete and not writer.undecided else EXIT_INCOMPLETE


def _summarise(writer: Writer, strange: int, faults: int) -> None:
    """What became of the packs, beside the decisions."""
    said = Text(
        "{n} packs: {done} decided, {open} to be tested first, {stopped} stopped by gates; "
        "{strange} of no given type, {faults} days unread",
        "{n} 个电池包：{done} 个已决定，{open} 个需先检测，{stopped} 个被安全门槛阻止；"
        "{strange} 个无型号参数，{faults} 天未读取",
    )
    filled = said.fill(
        n=writer.written,
        done=writer.written - writer.undecided,
        open=writer.undecided,
        stopped=writer.stopped,
        strange=strange,
        faults=faults,
    )
    sys.stderr.write(filled.say() + "\n")


TRIAGE: Final = Command(
    Text(
        "from a lake of samples to a decision on every pack: gates, grade and value",
        "由数据湖直接对每个电池包作出判定：安全门槛、分级与残值",
    ),
    _arguments,
    _run,
)
