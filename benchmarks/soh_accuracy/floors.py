"""How far a learned task's error can fall, and why not further: measured, not argued.

    python -m benchmarks.soh_accuracy.floors [--data DIR] [--only NASA,LMO] [--seed 0]

Every figure is of units that were not fitted to, the units dealt at random into six parts (two,
where there are no more), each told by a model of the others. Beside the estimator as it ships:

- others' methods on all the features, their settings chosen by left-out units within the known
  ones (scikit-learn, extra `bench`): gradient boosting (Friedman, Ann. Statist. 29 (2001) 1189) and
  support vectors (Smola & Schoelkopf, Stat. Comput. 14 (2004) 199). If they end at the same error,
  it is the readings' and not the method's;
- the nearest reading of another unit (Cover, IEEE Trans. Inf. Theory 14 (1968) 50): with ever more
  units its mean difference is at most twice the error that no method can undercut;
- the mean error with each unit's own mean taken away by its truth: what remains when the question
  is only how one unit moves. The rest is how units of equal readings differ;
- capacity tests against the median of five of the same unit: what a test itself is off;
- the error when told what the task hides: the charge put into a pulsed unit since it was empty
  (which a workshop may count: `PulseModel.predict(..., charged=)`), or current, lower end and
  temperature of the discharge that measures a cell (which no charge shows);
- the error of models of a quarter, half and three quarters of the units.

Coverage comes with its exact interval (Clopper & Pearson, Biometrika 26 (1934) 404) over units,
not rows: the ten readings of a unit err together. Simulated packs by kind of session close it.
Half an hour on one core; `make bench` leaves it.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.soh_accuracy.coverage import exact_interval, packs_by_kind
from benchmarks.soh_accuracy.other_methods import boosted, nearest, supported
from benchmarks.soh_accuracy.reference_tasks import Floats, Rows, Task, cell_task, pulse_task
from benchmarks.timing import table
from soh_model.families import together
from soh_model.left_out_fit import fit_left_out

ROOT: Final = Path(__file__).parents[2]
PARTS: Final = 6
FIVE: Final = 5

Told = Callable[[Rows, Rows], Floats]
"""Answers for rows asked, by a model of rows known."""


def tasks(folder: Path) -> dict[str, Callable[[], Task]]:
    """What can be measured, by a short name."""
    cells = partial(cell_task, folder)
    return {
        "NMC58 wide": partial(cells, "calb_nmc58", "NMC", 58.0, (3.65, 4.05), 0.35),
        "NMC58 short": partial(cells, "calb_nmc58", "NMC", 58.0, (3.75, 3.90), 0.6),
        "LCO": partial(cells, "calce_cs2_lco", "LCO", 1.1, (3.80, 4.10), 0.8),
        "NASA": partial(cells, "nasa_pcoe", "NMC", 2.0, (3.85, 4.15), 3.5),
        "LMO": partial(pulse_task, folder, "10Ah LMO", 1.8),
        "NMC21": partial(pulse_task, folder, "21Ah NMC", 1.8),
        "LFP35": partial(pulse_task, folder, "35Ah LFP", 2.8),
        "LFP102": partial(cells, "ess_lfp102", "LFP", 102.0, (3.30, 3.42), 2.0),
    }


def dealt(units: Any, parts: int, seed: int) -> Rows:
    """Which part each row's unit is dealt to, [n]."""
    names = np.random.default_rng(seed).permutation(np.unique(units))
    part = {name: k % parts for k, name in enumerate(names.tolist())}
    return np.array([part[name] for name in units.tolist()])


def crossed(told: Told, part: Rows, *, by_one: bool = False) -> Floats:
    """Answers for every row by a model of the other parts, or of one other alone, [n, 3]."""
    answers = np.full((len(part), 3), np.nan)
    count = int(part.max()) + 1
    for asked in range(count):
        known = part == (asked + 1) % count if by_one else part != asked
        rows = np.flatnonzero(part == asked)
        got = told(np.flatnonzero(known), rows)
        answers[rows] = got if got.ndim > 1 else np.column_stack([got] * 3)
    return answers


def told_the_hidden(task: Task, known: Rows, asked: Rows) -> Floats:
    """Answers of processes that are told what the task hides, [m]."""
    numbers = np.unique(task.unit[known], return_inverse=True)[1]
    answers = []
    for view in task.views:
        whole = np.hstack([view, task.hidden])
        process = fit_left_out(whole[known], task.soh[known], numbers).process
        answers.append(process.predict(whole[asked]))
    return together(answers)[0]


def measure(task: Task, seed: int) -> list[tuple[str, str]]:
    """The figures of one task, each with what it is."""
    units = np.unique(task.unit)
    parts = min(PARTS, len(units))
    part = dealt(task.unit, parts, seed)
    ours = crossed(task.answers, part)
    rows = [("target", f"{task.target}"), ("units", f"{len(units)}")]
    rows += [("mean of the others", _error(task, crossed(partial(_naive, task), part)))]
    if not np.isfinite(ours).any():
        return [*rows, ("this estimator", "refuses"), *_forced(task, part)]
    rows += [("this estimator", _error(task, ours)), *_covered(task, ours)]
    rows += [("a unit's own mean error taken away", _moving(task, ours))]
    for name, method in (("gradient boosting", boosted), ("support vectors", supported)):
        rows.append((name, _error(task, crossed(partial(method, task), part))))
    rows.append(("nearest reading of another unit, half of it", nearest(task)))
    if task.hidden.shape[1]:
        told = crossed(partial(told_the_hidden, task), part)
        rows.append((f"told {task.hidden_is}", _error(task, told)))
    if not task.pulses:
        rows.append(("capacity test against five", _repeated(task)))
    return rows + _curve(task, seed)


def _naive(task: Task, known: Rows, asked: Rows) -> Floats:
    return np.full(len(asked), task.soh[known].mean())


def _error(task: Task, answers: Floats) -> str:
    told = np.isfinite(answers[:, 0])
    share = "" if told.all() else f" ({100 * told.mean():.0f} % told)"
    return f"{100 * np.abs(answers[told, 0] - task.soh[told]).mean():.2f}{share}"


def _moving(task: Task, answers: Floats) -> str:
    """Mean error once each unit's mean error is known."""
    error = pd.Series(100 * (answers[:, 0] - task.soh)).dropna()
    own = error.groupby(task.unit[error.index]).transform("mean")
    return f"{(error - own).abs().mean():.2f}"


def _covered(task: Task, answers: Floats) -> list[tuple[str, str]]:
    """Share inside the interval, over rows; its exact interval, over units; the mean width."""
    told = np.isfinite(answers[:, 0])
    _, low, high = answers[told].T
    inside = (low <= task.soh[told]) & (task.soh[told] <= high)
    by_unit = pd.Series(inside.astype(float)).groupby(task.unit[told]).mean()
    least, most = exact_interval(float(by_unit.sum()), len(by_unit))
    between = f"{100 * least:.0f}-{100 * most:.0f} % by {len(by_unit)} units"
    return [
        ("inside the 95 % interval", f"{100 * inside.mean():.1f} % ({between})"),
        ("its mean width", f"{100 * (high - low).mean():.1f}"),
    ]


def _repeated(task: Task) -> str:
    """Mean difference of a capacity test to the median of the five around it."""
    soh = pd.Series(100 * task.soh)
    around = soh.groupby(task.unit).transform(
        lambda one: one.rolling(FIVE, center=True, min_periods=1).median()
    )
    return f"{(soh - around).abs().mean():.2f}"


def _curve(task: Task, seed: int) -> list[tuple[str, str]]:
    """Mean error by models of a quarter, half and three quarters of the units."""
    curve = []
    for name, parts, by_one in (("1/4", 4, True), ("1/2", 2, False), ("3/4", 4, False)):
        if len(np.unique(task.unit)) >= 2 * parts:
            answers = crossed(task.answers, dealt(task.unit, parts, seed), by_one=by_one)
            curve.append((f"by {name} of the units", _error(task, answers)))
    return curve


def _forced(task: Task, part: Rows) -> list[tuple[str, str]]:
    """What others' methods say where the estimator refuses."""
    methods = (("gradient boosting", boosted), ("support vectors", supported))
    return [
        (f"{name}, not refusing", _error(task, crossed(partial(method, task), part)))
        for name, method in methods
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    place = Path(os.environ.get("PACKTRAIL_REAL_DATA", ROOT.parent / "shared" / "data")) / "soh"
    parser.add_argument("--data", type=Path, default=place)
    parser.add_argument("--only", default="", help="short names, by commas")
    parser.add_argument("--seed", type=int, default=0, help="how the units are dealt")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)
    for name, make in tasks(args.data).items():
        if not args.only or name in args.only.split(","):
            task = make()
            print(f"\n{name}: {task.name}\n", flush=True)
            table(("points of SoH", ""), list(measure(task, args.seed)))
    if not args.only or "packs" in args.only.split(","):
        print("\nsimulated packs\n")
        head = ("session", "answered", "MAE", "inside", "exact 95 % interval of that")
        table(head, packs_by_kind(args.data / "sim_pack"))


if __name__ == "__main__":
    main()
