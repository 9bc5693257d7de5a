"""Metal that goes astray a little at a time: each report is within the error, the sum is not (I11).

A process that is given kilograms of an element returns a share of them. One lot tells nothing, for
analyses are off by more than what is kept back; a party that keeps back a share of every lot has
a mean yield below that of all others who run the same process. What a party says of both sides of
its process has to be true in the mean for this: who understates the input by as much is not seen.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from cloud_bridge.fold.told import Told
from cloud_bridge.inquiry.findings import Fault, Finding
from packtrail.event import MaterialProcessed

FEWEST_LOTS: Final = 4
"""Of the party and of the others; fewer do not tell how far lots scatter."""
SURENESS: Final = 3.3
"""Standard errors: one honest party in two thousand is suspected."""
HONEST_SHARE: Final = 0.005
"""Works of one process differ by so much without anybody stealing."""
WIDEST: Final = 0.03
"""No analysis is trusted to be better than this allows: a scatter above it tells nothing."""


@dataclass(frozen=True, slots=True)
class Yield:
    """One lot's yield: log of what came out over what went in, less the median of its process.

    `analyses` is the number of its elements, each analysed by itself: a lot with four tells more.
    """

    party: str
    event: str
    excess: float
    analyses: int


def skimmed(facts: Iterable[Told]) -> list[Finding]:
    """Parties whose processes give back less than those of all others, process by process."""
    found = []
    for lots in _by_process(facts).values():
        for party in sorted({lot.party for lot in lots}):
            mine = [lot for lot in lots if lot.party == party]
            others = [lot for lot in lots if lot.party != party]
            if _short(mine, others):
                events = tuple(lot.event for lot in sorted(mine, key=lambda lot: lot.excess))
                found.append(Finding(Fault.METAL_ASTRAY, party, events, (), party))
    return found


def detection_limit(scatter: float, lots: int, others: int) -> float:
    """The share kept back that is found in 95 of 100 cases.

    Args:
        scatter: standard deviation of one lot's yield, share; lots alike.
        lots: of the party.
        others: of all other parties.
    """
    return HONEST_SHARE + (SURENESS + 1.645) * scatter * math.sqrt(1 / lots + 1 / others)


def _short(mine: Sequence[Yield], others: Sequence[Yield]) -> bool:
    if min(len(mine), len(others)) < FEWEST_LOTS:
        return False
    (low, low_error), (rest, rest_error) = _mean(mine), _mean(others)
    scatter = math.hypot(low_error, rest_error)
    if scatter > WIDEST:
        return False
    return rest - low - HONEST_SHARE > SURENESS * scatter


def _mean(lots: Sequence[Yield]) -> tuple[float, float]:
    """Mean weighted by analyses and its standard error, whatever the lots' errors share.

    The error is that of White, Econometrica 48 (1980) 817: it does not take for granted that
    the analyses of one lot are off independently.
    """
    total = sum(lot.analyses for lot in lots)
    mean = math.fsum(lot.analyses * lot.excess for lot in lots) / total
    squares = math.fsum((lot.analyses * (lot.excess - mean)) ** 2 for lot in lots)
    return mean, math.sqrt(squares * len(lots) / (len(lots) - 1)) / total


def _by_process(facts: Iterable[Told]) -> dict[str, list[Yield]]:
    """Process -> yields of lots, the mean over their elements."""
    lots: dict[str, list[tuple[Told, dict[str, float]]]] = defaultdict(list)
    for told in facts:
        body = told.event.body
        if isinstance(body, MaterialProcessed) and body.process:
            ratios = _ratios(body)
            if ratios:
                lots[body.process].append((told, ratios))
    return {process: _yields(of_process) for process, of_process in lots.items()}


def _ratios(body: MaterialProcessed) -> dict[str, float]:
    """Element -> log of its yield."""
    ratios = {}
    for element, put_in in body.elements_in.items():
        got = math.fsum(out.elements.get(element, 0.0) for out in body.out)
        if put_in > 0 and got > 0:
            ratios[element] = math.log(got / put_in)
    return ratios


def _yields(lots: Sequence[tuple[Told, dict[str, float]]]) -> list[Yield]:
    columns: dict[str, list[float]] = defaultdict(list)
    for _, ratios in lots:
        for element, ratio in ratios.items():
            columns[element].append(ratio)
    usual = {element: median(values) for element, values in columns.items()}
    return [
        Yield(
            told.event.author,
            told.event_id,
            fmean(ratio - usual[element] for element, ratio in ratios.items()),
            len(ratios),
        )
        for told, ratios in lots
    ]
