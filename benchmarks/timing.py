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
    return {name: median(times) for name, times in _taken(contenders, repeat, rounds).items()}


def compared(
    contenders: Mapping[str, Callable[[], object]], peer: str, *, repeat: int = 1, rounds: int = 7
) -> dict[str, tuple[float, float]]:
    """Microseconds per call, and how many times faster than `peer`: medians over `rounds`.

    The ratio is formed within each round, so that a machine that is slow for a while slows
    both sides of it.

    Args:
        contenders: name -> function; all take part in every round, one after the other.
        peer: the name that the others are measured against.
        repeat: calls per round.
        rounds: how many rounds; the first is thrown away.
    """
    taken = _taken(contenders, repeat, rounds)
    return {
        name: (
            median(times),
            median(theirs / ours for theirs, ours in zip(taken[peer], times, strict=True)),
        )
        for name, times in taken.items()
    }


def _taken(
    contenders: Mapping[str, Callable[[], object]], repeat: int, rounds: int
) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, call in contenders.items():
            begin = time.process_time_ns()
            for _ in range(repeat):
                call()
            taken[name].append((time.process_time_ns() - begin) / 1000 / repeat)
    return {name: times[1:] for name, times in taken.items()}


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
