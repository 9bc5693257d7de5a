"""Score every unit by models of all the others, fold by fold, and pool the rows.

    python benchmarks/soh_accuracy/folds.py --data DIR --scorer score_soh.py [--folds 6]

Half of the units is half of the evidence: this is what most of them teach. Each task's rows of
all folds count alike, so a pooled mean error is that of one long list.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from split import split

from packtrail.language import Text
from packtrail.progress import watched

ADAPTER = Path(__file__).with_name("adapter.py")
POOLED = ("MAE", "cov", "width")


def scored(data: Path, scorer: Path, fold: int, folds: int, only: str) -> list[dict[str, Any]]:
    """The scorer's rows of one fold."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        split(data, out, fold, folds)
        sides = ["--dev", str(out / "dev"), "--held", str(out / "held")]
        asked = ["--only", only, "--json", str(out / "rows.json")]
        command = [sys.executable, str(scorer), str(ADAPTER), *sides, *asked]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows: list[dict[str, Any]] = json.loads((out / "rows.json").read_text())
    return rows


def pooled(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One task's rows of all folds as one, weighed by the answers in each."""
    asked = sum(row["n"] for row in rows)
    told = [(row["n"] * row["told"], row) for row in rows if "MAE" in row]
    answers = sum(count for count, _ in told)
    if not answers:
        return {"task": rows[0]["task"], "n": asked, "told": 0.0}
    means = {name: sum(c * row[name] for c, row in told) / answers for name in POOLED}
    worst = max(row["max"] for _, row in told)
    figures = {"told": answers / asked, **means, "max": worst}
    return {"task": rows[0]["task"], "n": asked} | {k: round(v, 3) for k, v in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--scorer", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--only", default="calb_nmc58,nasa_pcoe,pulse")
    args = parser.parse_args()
    tasks: dict[str, list[dict[str, Any]]] = {}
    with watched(Text("folds", "折"), args.folds, Text("fold", "折")) as advance:
        for fold in range(args.folds):
            for row in scored(args.data, args.scorer, fold, args.folds, args.only):
                tasks.setdefault(row["task"], []).append(row)
            advance(1)
    for rows in tasks.values():
        print(json.dumps(pooled(rows)))


if __name__ == "__main__":
    main()
