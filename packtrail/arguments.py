"""What stands on a command line: a parser that speaks both languages, and checked values.

A value that cannot serve is refused before anything starts, in one line with the way to the help.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final, NoReturn

from packtrail.errors import PacktrailError
from packtrail.language import Text


def number_between(low: float, high: float) -> Callable[[str], float]:
    """An argparse type: a number from `low` to `high`."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            told = Text(
                "{text!r} is no number from {low:.12g} to {high:.12g}",
                "{text!r} 不在 {low:.12g} 至 {high:.12g} 之间",
            )
            raise argparse.ArgumentTypeError(told.say(text=text, low=low, high=high))
        return number

    return parse


def whole_between(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: a whole number from `low` to `high`."""
    parse_number = number_between(low, high)

    def parse(text: str) -> int:
        number = parse_number(text)
        if number != int(number):
            told = Text("{text!r} is no whole number", "{text!r} 不是整数")
            raise argparse.ArgumentTypeError(told.say(text=text))
        return int(number)

    return parse


def explained(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, name: str, told: Text, **more: Any
) -> None:
    """Add an argument whose help is in the reader's language.

    Args:
        parser: or a group of it.
        name: such as `--spec`, or of a positional one.
        told: its help; a per cent sign is written twice.
        **more: as for `argparse`.
    """
    parser.add_argument(name, help=told.say(), **more)


def day(text: str) -> date:
    """An argparse type: a date as ISO 8601 writes it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        told = Text("{text!r} is no date like 2026-04-01", "{text!r} 不是 2026-04-01 形式的日期")
        raise argparse.ArgumentTypeError(told.say(text=text)) from None


def see(line: str) -> Text:
    """The way to the help."""
    return Text(f"see `{line}`", f"参见 `{line}`")


class Parser(argparse.ArgumentParser):
    """An argument parser that speaks the language of the locale."""

    def __init__(self, *, prog: str, description: str) -> None:
        super().__init__(
            prog=prog, description=description, add_help=False, formatter_class=_Formatter
        )
        self._positionals.title = Text("arguments", "参数").say()
        self._optionals.title = Text("options", "选项").say()
        self.add_argument(
            "-h",
            "--help",
            action="help",
            help=Text("show this help and exit", "显示本帮助并退出").say(),
        )

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2 and a line that points to the help."""
        raise PacktrailError(
            Text(message, _in_chinese(message)),
            where=self.prog.removeprefix("packtrail "),
            hint=see(f"{self.prog} --help"),
        )


class _Formatter(argparse.HelpFormatter):
    """Help whose fixed words are in the language of the locale."""

    def add_usage(
        self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None
    ) -> None:
        """Begin the usage line with our word for it."""
        words = Text("usage: ", "用法：").say()
        super().add_usage(usage, actions, groups, words if prefix is None else prefix)


_CHINESE: Final = (
    (r"^the following arguments are required: (.*)", r"缺少参数：\1"),
    (r"^one of the arguments (.*) is required", r"需给出其中之一：\1"),
    (r"^unrecognized arguments: (.*)", r"无法识别的参数：\1"),
    (r"^argument (\S+): ", r"参数 \1："),
    (r"expected one argument", "需要一个值"),
    (r"expected at least one argument", "至少需要一个值"),
    (r"not allowed with argument (\S+)", r"不能与 \1 同用"),
    (r"ambiguous option: (\S+) could match (.*)", r"选项 \1 不明确，可能是 \2"),
    (r"invalid choice: (.*) \(choose from (.*)\)", r"\1 不可选，可选：\2"),
    (r"invalid \w+ value: (.*)", r"\1 不是有效的值"),
)
"""argparse's sentences, which know one language, and ours for them."""


def _in_chinese(message: str) -> str:
    for english, chinese in _CHINESE:
        message = re.sub(english, chinese, message)
    return message
