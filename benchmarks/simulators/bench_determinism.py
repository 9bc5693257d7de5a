"""Same seed, same bytes: two runs, then another numpy in an environment of its own.

The second environment is made in a temporary folder with the oldest numpy that packtrail takes,
from the package index, and without numba: so compiled and plain loops are compared as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.timing import table

OTHER_NUMPY = "numpy==1.26.4"
ROOT = Path(__file__).resolve().parents[2]


def digests(python: str) -> dict[str, Any]:
    """What `digests` prints under an interpreter."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [python, "-m", "benchmarks.simulators.digests"],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env=environment,
        timeout=600,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def other_python(folder: Path) -> str:
    """An interpreter with another numpy."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    subprocess.run([*install, OTHER_NUMPY, str(ROOT)], check=True, timeout=600)
    return python


def main() -> None:
    """Print digests and whether they agree.

    Raises:
        SystemExit: two of them differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        runs = [digests(sys.executable) for _ in range(2)]
        runs.append(digests(other_python(Path(folder, "other"))))
    rows: list[tuple[object, ...]] = [
        (f"numpy {run['numpy']}", *(digest[:16] for digest in run["made"].values())) for run in runs
    ]
    table(("run", *runs[0]["made"]), rows)
    if len({run["numpy"] for run in runs}) != 2:
        raise SystemExit("both environments have the same numpy")
    differ = [name for name in runs[0]["made"] if len({run["made"][name] for run in runs}) > 1]
    if differ:
        raise SystemExit(f"digests differ: {', '.join(differ)}")
    print("\nall equal")
