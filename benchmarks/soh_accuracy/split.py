"""Divide reference data between two folders, whole units only.

    python benchmarks/soh_accuracy/split.py --data DIR --out DIR [--other-way]

`--data` has one folder per data set; `--out` receives `dev/` and `held/` with the same layout.
Every second cell, unit or pack goes to `held`, counted within its kind (the chamber
temperature or pack type that its name begins with), so that both sides hold every kind. No row
of a unit is ever on both sides. `--other-way` changes the sides over.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

SETS = ("calb_nmc58", "calce_cs2_lco", "ess_lfp102", "nasa_pcoe")


def held_units(names: list[str]) -> set[str]:
    """Every second name within its kind, the part before the last underscore or slash.

    Names that are alone in their kind are taken together.
    """
    kinds: dict[str, list[str]] = {}
    for name in sorted(names):
        kinds.setdefault(name.replace("/", "_").rsplit("_", 1)[0], []).append(name)
    alone = [name for members in kinds.values() if len(members) == 1 for name in members]
    groups = [members for members in kinds.values() if len(members) > 1] + [alone]
    return {name for members in groups for name in members[1::2]}


def split_table(data: Path, out: Path, files: list[str], key: str, *, other_way: bool) -> None:
    """Divide the Parquet files of one set by the column `key`."""
    tables = {file: pd.read_parquet(data / file) for file in files}
    held = held_units([str(name) for name in tables[files[0]][key].unique()])
    for file, table in tables.items():
        for side in ("dev", "held"):
            mine = table[key].astype(str).isin(held) == ((side == "held") != other_way)
            target = out / side / data.name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            part = table[mine].copy()
            if isinstance(part[key].dtype, pd.CategoricalDtype):
                part[key] = part[key].cat.remove_unused_categories()
            part.to_parquet(target)


def split_packs(data: Path, out: Path, *, other_way: bool) -> None:
    """Divide the simulated packs, every second block of three so that each has all types."""
    cases: list[dict[str, Any]] = json.loads((data / "cases_public.json").read_text())
    truth: list[dict[str, Any]] = json.loads((data / "truth.json").read_text())
    telemetry = pd.read_parquet(data / "telemetry.parquet")
    for side in ("dev", "held"):
        wanted = 1 if (side == "held") != other_way else 0
        mine = {c["case"] for k, c in enumerate(cases) if (k // 3) % 2 == wanted}
        target = out / side / data.name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(data / "ocv.json", target)
        for file, rows in (("cases_public.json", cases), ("truth.json", truth)):
            (target / file).write_text(json.dumps([r for r in rows if r["case"] in mine]))
        telemetry[telemetry.case.isin(mine)].to_parquet(target / "telemetry.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--other-way", action="store_true")
    args = parser.parse_args()
    for name in SETS:
        files = ["timeseries.parquet", "truth.parquet"]
        split_table(args.data / name, args.out, files, "cell", other_way=args.other_way)
    pulse = args.data / "retired_pulse"
    split_table(pulse, args.out, ["pulse.parquet"], "cell", other_way=args.other_way)
    split_packs(args.data / "sim_pack", args.out, other_way=args.other_way)


if __name__ == "__main__":
    main()
