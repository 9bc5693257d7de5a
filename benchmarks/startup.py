"""How long a person waits for `packtrail --help`, beside a bare interpreter in the same run."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from benchmarks.timing import table

ROUNDS = 15
LINES = {
    "python -c pass": ["-c", "pass"],
    "packtrail --help": ["-m", "packtrail", "--help"],
    "packtrail code read CODE": ["-m", "packtrail", "code", "read", "000PB0100000ABG410000001"],
    "packtrail gateway --help": ["-m", "packtrail", "gateway", "--help"],
    "packtrail bridge --help": ["-m", "packtrail", "bridge", "--help"],
}


def milliseconds(arguments: list[str]) -> float:
    """Wall time of one process, from start to end."""
    begin = time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return (time.monotonic() - begin) * 1000


def main() -> None:
    """Print the median of each line."""
    taken = {name: [milliseconds(line) for line in [line] * ROUNDS] for name, line in LINES.items()}
    bare = median(taken["python -c pass"])
    rows = [(n, f"{median(t):.0f}", f"{median(t) / bare:.1f}") for n, t in taken.items()]
    table(("command", "ms, median", "x bare interpreter"), rows)
