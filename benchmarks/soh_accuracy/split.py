"""Divide reference data between two folders, whole units only.

    python benchmarks/soh_accuracy/split.py --data DIR --out DIR [--fold 1 --folds 2]

`--data` has one folder per data set; `--out` receives `dev/` and `held/` with the same layout.
Every second cell, unit or pack goes to `held` (every N-th with `--folds N`, from the one that
`--fold` names), counted within its kind (the chamber temperature or pack type that its name
begins with), so that both sides hold every kind. No row of a unit is ever on both sides.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

SETS = ("calb_nmc58", "calce_cs2_lco", "ess_lfp102", "nasa_pcoe")


def held_units(names: list[str], fold: int = 1, folds: int = 2) -> set[str]:
    """Every second (N-th) name within its kind, the part before the last underscore or slash.

    Names that are alone in their kind are taken together.
    """
    kinds: dict[str, list[str]] = {}
    for name in sorted(names):
        kinds.setdefault(name.replace("/", "_").rsplit("_", 1)[0], []).append(name)
    alone = [name for members in kinds.values() if len(members) == 1 for name in members]
    groups = [members for members in kinds.values() if len(members) > 1] + [alone]
    return {name for members in groups for name in members[fold::folds]}


def split_table(data: Path, out: Path, files: list[str], key: str, fold: int, folds: int) -> None:
    """Divide the Parquet files of one set by the column `key`."""
    tables = {file: pd.read_parquet(data / file) for file in files}
    names = [str(name) for name in tables[files[0]][key].unique()]
    held = held_units(names, fold, folds)
    for file, table in tables.items():
        for side in ("dev", "held"):
            mine = table[key].astype(str).isin(held) == (side == "held")
            target = out / side / data.name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            part = table[mine].copy()
            if isinstance(part[key].dtype, pd.CategoricalDtype):
                part[key] = part[key].cat.remove_unused_categories()
            part.to_parquet(target)


def split_packs(data: Path, out: Path, fold: int, folds: int) -> None:
    """Divide the simulated packs, every second (N-th) block of three so that each has all types."""
    cases: list[dict[str, Any]] = json.loads((data / "cases_public.json").read_text())
    truth: list[dict[str, Any]] = json.loads((data / "truth.json").read_text())
    telemetry = pd.read_parquet(data / "telemetry.parquet")
    for side in ("dev", "held"):
        held = side == "held"
        mine = {c["case"] for k, c in enumerate(cases) if ((k // 3) % folds == fold) == held}
        target = out / side / data.name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(data / "ocv.json", target)
        for file, rows in (("cases_public.json", cases), ("truth.json", truth)):
            (target / file).write_text(json.dumps([r for r in rows if r["case"] in mine]))
        telemetry[telemetry.case.isin(mine)].to_parquet(target / "telemetry.parquet")


def split(data: Path, out: Path, fold: int, folds: int) -> None:
    """Write `dev/` and `held/` of one fold, all sets."""
    for name in SETS:
        files = ["timeseries.parquet", "truth.parquet"]
        split_table(data / name, out, files, "cell", fold, folds)
    split_table(data / "retired_pulse", out, ["pulse.parquet"], "cell", fold, folds)
    split_packs(data / "sim_pack", out, fold, folds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, default=1)
    parser.add_argument("--folds", type=int, default=2)
    args = parser.parse_args()
    split(args.data, args.out, args.fold, args.folds)


if __name__ == "__main__":
    main()
