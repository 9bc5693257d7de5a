"""Every sentence that a person reads stands in both languages, side by side.

A `Text` cannot be made without its Chinese half, so the type checker finds what is missing.
"""

from __future__ import annotations

import os
from typing import NamedTuple

LANGUAGES = ("en", "zh")


class Text(NamedTuple):
    """One sentence in English and in Simplified Chinese; both may hold `{fields}`."""

    en: str
    zh: str

    def say(self, language: str | None = None, **fields: object) -> str:
        """The sentence in `language`, or in that of the locale."""
        sentence = self.zh if (language or locale_language()) == "zh" else self.en
        return sentence.format(**fields) if fields else sentence

    def fill(self, **fields: object) -> Text:
        """Both sentences with their `{fields}` filled in, each in its own language."""
        return Text(
            self.en.format(**{name: _half(value, 0) for name, value in fields.items()}),
            self.zh.format(**{name: _half(value, 1) for name, value in fields.items()}),
        )


def _half(value: object, index: int) -> object:
    return value[index] if isinstance(value, Text) else value


def locale_language() -> str:
    """`zh` or `en`, by the order of POSIX: LANGUAGE, LC_ALL, LC_MESSAGES, LANG."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def accepted_language(header: str) -> str:
    """Which of our languages an HTTP `Accept-Language` header prefers (RFC 9110, 12.5.4)."""
    weights: dict[str, float] = {}
    for part in header.split(","):
        tag, _, weight = part.partition(";")
        language = tag.strip().lower()[:2]
        if language in LANGUAGES:
            weights.setdefault(language, _weight(weight))
    wanted = max(weights, key=lambda language: weights[language], default="en")
    return wanted if weights.get(wanted) else "en"


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
