"""Numbers on a command line, refused where they cannot serve, before anything starts."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from packtrail.language import Text


def number_between(low: float, high: float) -> Callable[[str], float]:
    """An argparse type: a number from `low` to `high`."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            what = Text(
                "{text!r} is no number from {low:g} to {high:g}",
                "{text!r} 不在 {low:g} 至 {high:g} 之间",
            )
            raise argparse.ArgumentTypeError(what.say(text=text, low=low, high=high))
        return number

    return parse


def whole_between(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: a whole number from `low` to `high`."""
    parse_number = number_between(low, high)

    def parse(text: str) -> int:
        number = parse_number(text)
        if number != int(number):
            what = Text("{text!r} is no whole number", "{text!r} 不是整数")
            raise argparse.ArgumentTypeError(what.say(text=text))
        return int(number)

    return parse
