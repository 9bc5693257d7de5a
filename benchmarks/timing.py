"""Medians of processor time over interleaved rounds: what a shared machine can tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median


def processor_us(
    contenders: Mapping[str, Callable[[], object]], *, repeat: int, rounds: int = 7
) -> dict[str, float]:
    """Microseconds of processor time per call, the median over `rounds`.

    Args:
        contenders: name -> function; all take part in every round, one after the other.
        repeat: calls per round.
        rounds: how many rounds; the first is thrown away.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, call in contenders.items():
            begin = time.process_time_ns()
            for _ in range(repeat):
                call()
            taken[name].append((time.process_time_ns() - begin) / 1000 / repeat)
    return {name: median(times[1:]) for name, times in taken.items()}


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
