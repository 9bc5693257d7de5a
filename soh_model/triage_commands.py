"""The verb `packtrail triage`: decisions on packs, as sentences, JSON or a table."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Final, TextIO

import msgspec

from packtrail.arguments import explained
from packtrail.command import Command
from packtrail.errors import PacktrailError
from packtrail.language import Text, locale_language
from packtrail.progress import watched
from soh_model.pack_file import read_facts
from soh_model.policy import Policy, load_toml
from soh_model.residual_value import Prices
from soh_model.triage import Decision, triage
from soh_model.triage_text import CSV_COLUMNS, describe_decision, describe_provisional, row_of

EXIT_UNDECIDED: Final = 1
EXIT_UNREAD: Final = 2


def _triage_arguments(parser: argparse.ArgumentParser) -> None:
    packs = Text(
        "facts of a pack, .json; what they do not say is measured from `samples` and `spec`",
        "电池包信息，.json；未写明的项目由其中 samples 与 spec 所指的采样数据测出",
    )
    explained(parser, "packs", packs, type=Path, nargs="+", metavar="PACK")
    spec = Text("type of the packs whose file names none", "文件未写明型号时使用的型号参数")
    explained(parser, "--spec", spec, type=Path, metavar="TOML")
    add_policy_arguments(parser)


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    """What every decision needs, and its form."""
    policy = Text("grades and safety gates", "分级与安全门槛")
    explained(parser, "--policy", policy, type=Path, required=True, metavar="TOML")
    prices = Text("prices of the day", "当日价格")
    explained(parser, "--prices", prices, type=Path, required=True, metavar="TOML")
    form = parser.add_mutually_exclusive_group()
    lines = Text("one JSON object per line", "每行一个 JSON 对象")
    explained(form, "--json", lines, action="store_true")
    explained(form, "--csv", Text("a table", "表格"), action="store_true")


def _run_triage(args: argparse.Namespace) -> int:
    policy, prices = load_toml(Policy, args.policy), load_toml(Prices, args.prices)
    writer = Writer(args, policy, sys.stdout)
    what, unit = Text("triage of packs", "电池包分选"), Text("packs", "包")
    unread = 0
    with watched(what, len(args.packs), unit) as advance:
        for path in args.packs:
            try:
                writer.write(triage(read_facts(path, args.spec), policy, prices))
            except PacktrailError as error:
                unread += 1
                sys.stderr.write(f"packtrail: {error.describe(locale_language())}\n")
            advance(1)
    writer.close()
    return EXIT_UNREAD if unread else EXIT_UNDECIDED if writer.undecided else 0


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
        self._provisional: dict[str, None] = {}
        if self._table:
            self._table.writerow(CSV_COLUMNS)

    def write(self, decision: Decision) -> None:
        """One more decision."""
        self.written += 1
        self.undecided += decision.decided is None
        self.stopped += bool(decision.gates)
        self._provisional.update(dict.fromkeys(decision.provisional))
        if self._table:
            self._table.writerow(row_of(decision))
        elif self._json:
            self._out.write(msgspec.json.encode(decision).decode() + "\n")
        else:
            self._out.write(describe_decision(decision, self._policy) + "\n")

    def close(self) -> None:
        """Say beside the decisions which limits that they rest on are not settled, and why."""
        for line in describe_provisional(tuple(self._provisional), self._policy):
            sys.stderr.write(line + "\n")


TRIAGE: Final = Command(
    Text(
        "decide for each pack: reuse in which grade, recycle, or test again, and what it is worth",
        "逐包判定：按等级再利用、回收或复检，并给出残值",
    ),
    _triage_arguments,
    _run_triage,
)
