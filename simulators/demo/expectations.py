"""What a demonstration has to have shown after so much station time, and whether it did.

A tally enters, one line per expectation leaves. A run that was too short for something expects
nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from packtrail.language import Text
from simulators.demo.observed import PathSeen, Tally


class Expectation(NamedTuple):
    """One thing to be shown.

    Attributes:
        what: for people.
        after_min: station minutes after which it must have been seen.
        seen: how often it was seen.
    """

    what: Text
    after_min: float
    seen: Callable[[Tally], int]


class Finding(NamedTuple):
    """An expectation and what was seen of it.

    Attributes:
        what: for people.
        seen: how often it was seen.
        missed: whether the run was long enough and it was not seen.
    """

    what: Text
    seen: int
    missed: bool


EXPECTATIONS: Final = (
    Expectation(
        Text("packs recognised in slots", "仓位中已识别的电池包"), 2.0, lambda t: len(t.packs)
    ),
    Expectation(Text("swaps in the digital IDs", "数字身份证中的换电记录"), 8.0, lambda t: t.swaps),
    Expectation(
        Text("over-temperature found", "发现过温"),
        20.0,
        lambda t: len(t.incidents.get("over_temperature", ())),
    ),
    Expectation(
        Text("packs of unknown code", "编码未登记的电池包"), 28.0, lambda t: len(t.strangers)
    ),
    Expectation(
        Text("contested labels settled", "已澄清的标签争议"), 28.0, lambda t: len(t.settled)
    ),
    Expectation(
        Text("states of health told, with interval", "已给出的健康状态（含区间）"),
        75.0,
        lambda t: len(t.told),
    ),
    Expectation(
        Text('estimates that said "cannot tell"', "回答“无法判断”的估计"),
        1e9,
        lambda t: t.not_told,
    ),
)


def judge_run(tally: Tally, station_min: float) -> list[Finding]:
    """What was seen and what was missed in a run of `station_min` station minutes."""
    return [
        Finding(e.what, e.seen(tally), station_min >= e.after_min and not e.seen(tally))
        for e in EXPECTATIONS
    ]


def judge_truth(tally: Tally, truth: Mapping[str, float]) -> Finding:
    """How often the simulator's truth lies inside the interval that was told.

    Args:
        tally: what was seen.
        truth: code -> true state of health, fraction.
    """
    inside = sum(
        told.low <= truth[code] <= told.high for code, told in tally.told.items() if code in truth
    )
    what = Text(
        f"of {len(tally.told)} intervals hold the simulator's true state of health",
        f"共 {len(tally.told)} 个区间，包含模拟器真值",
    )
    return Finding(what, inside, missed=False)


def judge_path(path: PathSeen) -> Finding:
    """Whether every record that the gateway sealed is stored."""
    what = Text(
        f"of {path.sealed} records sealed, stored by the bridge",
        f"共封存 {path.sealed} 条记录，云桥已存",
    )
    return Finding(what, path.through, not path.complete)
