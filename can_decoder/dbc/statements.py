"""DBC text to statements, isolated from each other.

Each statement leaves with its keyword, its text and its line. Statements may run over lines
(comments do); one that never ends is closed where the next one plainly begins, so that a
forgotten quote or semicolon costs one statement and not the rest of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from can_decoder.diagnostic import Diagnostic
from packtrail.language import Text

_LINE_KEYWORDS = frozenset({"VERSION", "NS_", "BS_", "BU_", "BO_", "SG_"})
_CLOSED_KEYWORDS = frozenset(
    {
        "CM_",
        "BA_",
        "BA_DEF_",
        "BA_DEF_DEF_",
        "BA_REL_",
        "BA_DEF_REL_",
        "BA_DEF_DEF_REL_",
        "BA_SGTYPE_",
        "BA_DEF_SGTYPE_",
        "VAL_",
        "VAL_TABLE_",
        "SIG_VALTYPE_",
        "SIGTYPE_VALTYPE_",
        "SG_MUL_VAL_",
        "SIG_GROUP_",
        "SIG_TYPE_REF_",
        "SGTYPE_",
        "SGTYPE_VAL_",
        "BO_TX_BU_",
        "EV_",
        "EV_DATA_",
        "ENVVAR_DATA_",
        "CAT_",
        "CAT_DEF_",
        "FILTER",
        "BU_SG_REL_",
        "BU_EV_REL_",
        "BU_BO_REL_",
    }
)
KEYWORDS = _LINE_KEYWORDS | _CLOSED_KEYWORDS

_WORD = re.compile(r"[A-Za-z_]+")
_PLAIN_START = re.compile(
    r"BO_\s+\d+\s+\S+\s*:\s*\d|SG_\s+\S+.*:\s*\d+\s*\|\s*\d+\s*@|BU_\s*:"
    r'|CM_\s+(?:"|(?:SG_|BO_|BU_|EV_)\s)|BA_\s+"|BA_(?:DEF_){1,2}\s+(?:"|\w+_\s+")'
    r"|(?:VAL_|SIG_VALTYPE_|SG_MUL_VAL_|BO_TX_BU_|SIG_GROUP_)\s+\d+\s|VAL_TABLE_\s+\w+\s+-?\d"
)
_ONE_CLOSED = re.compile(r'(?:[^";]|"[^"]*")*(?:;|$)')
_ONE_SIGNAL = re.compile(r'(?:[^"]|"[^"]*")*?(?=\sSG_\s|$)')


class Statement(NamedTuple):
    """One statement: its keyword, its text (keyword included) and its first line."""

    keyword: str
    text: str
    line: int


@dataclass(slots=True)
class StatementReader:
    """Walks the lines of one file; findings collect in `diagnostics`.

    Args:
        file: name for the diagnostics.
        lines: the file's lines.
    """

    file: str
    lines: list[str]
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def __iter__(self) -> Iterator[Statement]:
        lines = self.lines
        at = 0
        while at < len(lines):
            line = lines[at].strip()
            first = at + 1
            at += 1
            if not line or line.startswith("//"):
                continue
            word = _WORD.match(line)
            keyword = word.group() if word else ""
            if keyword in ("SG_", "BO_"):
                yield from _signals_of(line, first)
            elif keyword == "NS_":
                at = self._after_symbols(at)
            elif keyword in _CLOSED_KEYWORDS:
                if not _is_closed(line):
                    line, at = self._until_closed(line, at)
                yield from self._split(line, first)
            elif keyword == "BU_":
                at = self._after_nodes(at)
            elif keyword not in _LINE_KEYWORDS and line.strip("; "):
                self._report(first, f"{line[:60]!r} is no DBC statement and was left out", line)

    def _report(self, line: int, reason: str, text: str) -> None:
        shown = text[:60]
        chinese = f"{shown!r} 不是 DBC 语句，已略过"
        self.diagnostics.append(Diagnostic(self.file, line, Text(reason, chinese)))

    def _after_symbols(self, at: int) -> int:
        """NS_ lists bare keywords, one a line: step over them."""
        while at < len(self.lines) and re.fullmatch(r"\s*\w*\s*", self.lines[at]):
            at += 1
        return at

    def _after_nodes(self, at: int) -> int:
        """BU_ may go on over lines that begin with no keyword."""
        while at < len(self.lines):
            word = _WORD.match(self.lines[at].strip())
            if not self.lines[at].strip() or (word and word.group() in KEYWORDS):
                return at
            at += 1
        return at

    def _until_closed(self, text: str, at: int) -> tuple[str, int]:
        """Join lines until the statement ends, or until another one plainly begins."""
        parts = [text]
        quotes = _quotes(text)
        first = at
        while at < len(self.lines):
            line = self.lines[at].rstrip()
            if _PLAIN_START.match(line.lstrip()):
                break
            parts.append(line)
            quotes += _quotes(line)
            at += 1
            if line.endswith('";') or (line.endswith(";") and quotes % 2 == 0):
                return "\n".join(parts), at
        return self._unclosed(parts, quotes, first, at)

    def _unclosed(self, parts: list[str], quotes: int, first: int, at: int) -> tuple[str, int]:
        if quotes % 2:
            where = Text("a quote is never closed", "引号未闭合")
        else:
            where = Text("the closing semicolon is missing", "缺少结尾的分号")
        self.diagnostics.append(Diagnostic(self.file, first, where, "warning"))
        return "\n".join(parts).rstrip() + ('";' if quotes % 2 else ";"), at

    def _split(self, text: str, first: int) -> Iterator[Statement]:
        """Statements that share a line; most lines hold one."""
        if text.count(";") == 1 or _quotes(text) % 2:
            yield Statement(_keyword(text), text, first)
            return
        for part in _ONE_CLOSED.findall(text):
            bare = part.strip()
            if _keyword(bare) in KEYWORDS:
                yield Statement(_keyword(bare), bare, first)
            elif bare.strip("; ") and not bare.startswith("//"):
                self._report(first, f"{bare[:60]!r} is no DBC statement and was left out", bare)


def _is_closed(line: str) -> bool:
    """Whether a statement ends on its first line (a comment behind it may follow)."""
    if line.endswith('";'):
        return True
    quotes = _quotes(line)
    if line.endswith(";"):
        return quotes % 2 == 0
    return ";" in line and quotes % 2 == 0 and _ends_before_remark(line)


def _ends_before_remark(line: str) -> bool:
    bare = re.sub(r'"[^"]*"', "", line)
    return bool(re.search(r";\s*(//.*)?$", bare))


def _quotes(text: str) -> int:
    return text.count('"') - text.count('\\"')


def _keyword(text: str) -> str:
    word = _WORD.match(text)
    return word.group() if word else ""


def _signals_of(line: str, first: int) -> Iterator[Statement]:
    """BO_ and SG_ statements; some writers put several on a line."""
    if " SG_ " not in line and "\tSG_" not in line:
        yield Statement(line[:3], line, first)
        return
    for part in _ONE_SIGNAL.findall(line):
        bare = part.strip()
        if bare:
            yield Statement(bare[:3], bare, first)
