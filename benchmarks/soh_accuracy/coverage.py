"""How many truths an interval held, and what that many cases can prove of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.soh_accuracy import adapter


def exact_interval(inside: float, of: int) -> tuple[float, float]:
    """Clopper-Pearson 95 % interval of a share; `inside` may be a sum of shares."""
    from scipy.stats import beta  # noqa: PLC0415 - heavy

    low = 0.0 if inside <= 0 else float(beta.ppf(0.025, inside, of - inside + 1))
    high = 1.0 if inside >= of else float(beta.ppf(0.975, inside + 1, of - inside))
    return low, high


def packs_by_kind(folder: Path) -> list[tuple[object, ...]]:
    """Simulated packs by kind of session: answers, error and coverage with its exact interval."""
    telemetry = dict(list(pd.read_parquet(folder / "telemetry.parquet").groupby("case")))
    cases, truths, ocv = (
        json.loads((folder / name).read_text("utf-8"))
        for name in ("cases_public.json", "truth.json", "ocv.json")
    )
    true = {one["case"]: one["soh_mean"] for one in truths}
    rows: dict[str, list[tuple[float, ...] | None]] = {}
    for case in cases:
        data = telemetry[case["case"]]
        cells = [name for name in data if name[0] == "v" and name[1:].isdigit()]
        session = {name: data[name].to_numpy(float) for name in ("t", "I", "T")}
        session["V"] = data[cells].to_numpy(float) / 1000
        got = adapter.estimate_pack(session, case, ocv[case["ocv"]])
        error = None if got is None else (got["soh"], got["low"], got["high"], true[case["case"]])
        for kind in (case["kind"], "all"):
            rows.setdefault(kind, []).append(error)
    return [_pack_row(kind, rows[kind]) for kind in sorted(rows)]


def _pack_row(kind: str, answers: list[tuple[float, ...] | None]) -> tuple[object, ...]:
    told = np.array([one for one in answers if one is not None])
    inside = int(((told[:, 1] <= told[:, 3]) & (told[:, 3] <= told[:, 2])).sum())
    low, high = exact_interval(inside, len(told))
    error = 100 * np.abs(told[:, 0] - told[:, 3]).mean()
    between = f"{100 * low:.0f}-{100 * high:.0f} %"
    answered = f"{len(told)}/{len(answers)}"
    return kind, answered, f"{error:.1f}", f"{inside}/{len(told)}", between
