"""Statements of one DBC file to message layouts.

Bytes enter, layouts and diagnostics leave. Each kind of statement has one reading function;
what it cannot match, or what names something unknown, becomes a diagnostic with its line.
"""

from __future__ import annotations

import gc
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from can_decoder.dbc.drafts import Finisher, MessageDraft, SignalDraft
from can_decoder.dbc.statements import Statement, StatementReader
from can_decoder.dbc.text import decode_text
from can_decoder.diagnostic import Diagnostic, Severity
from can_decoder.layout import MessageLayout
from packtrail.language import Text

NOT_SENT = "VECTOR__INDEPENDENT_SIG_MSG"
"""Vector's pseudo-message that holds the signals of no message; its identifier is void."""

LONGEST_SANE_LINE = 2000

_MESSAGE = re.compile(
    r"BO_\s+(0[xX][0-9a-fA-F]{1,8}|\d{1,10})\s+(\S.*?)\s*:\s*(\d{1,6})\s*([^\s;]*)", re.ASCII
)
_SIGNAL = re.compile(
    r"SG_\s+(\S.*?)(?:\s+(M|m\d{0,9}M?))?\s*:\s*(\d{1,6})\s*\|\s*(\d{1,6})\s*@\s*([01])\s*([+-]?)"
    r"\s*\(\s*([^,\s]+)\s*,\s*([^)\s]+)\s*\)"
    r'\s*(?:\[\s*([^|\]\s]*)\s*\|\s*([^\]\s]*)\s*\])?\s*(?:"([^"]*)")?',
)
_COMMENT = re.compile(
    r'CM_\s+(BO_|SG_)\s+(\d{1,10})\s+([^\s"]+)?\s*"(.*)"\s*;?', re.DOTALL | re.ASCII
)
_OTHER_COMMENT = re.compile(r'CM_\s+(?:BU_\s+\S+\s*|EV_\s+\S+\s*)?"')
_VALUES = re.compile(r"VAL_\s+(\d{1,10})\s+([^\s\"]+)\s*(.*)", re.DOTALL)
_PAIR = re.compile(r'(-?\d{1,20})(?:\.0*)?\s*"((?:\\.|[^"\\])*)"')
_TABLE = re.compile(r"VAL_TABLE_\s+(\S+)\s+(.*)", re.DOTALL)
_ATTRIBUTE = re.compile(r'BA_\s+"([^"]*)"\s*(.*)', re.DOTALL)
_ENUM = re.compile(r'BA_DEF_\s+\w*\s*"([^"]*)"\s+ENUM\s+(.*)', re.DOTALL)
_DEFAULT = re.compile(r'BA_DEF_DEF_\s+"([^"]*)"\s+(.*)', re.DOTALL)
_FLOAT = re.compile(r"SIG_VALTYPE_\s+(\d{1,10})\s+(\S+?)\s*:?\s*(\d{1,3})$")
_RANGES = re.compile(
    r"SG_MUL_VAL_\s+(\d{1,10})\s+(\S+)\s+(\S+)\s+(.*?)\s*;?\s*$", re.DOTALL | re.ASCII
)
_RANGE = re.compile(r"(\d{1,20})\s*-\s*(\d{1,20})")


def read_dbc(raw: bytes, file: str) -> tuple[list[MessageLayout], list[Diagnostic]]:
    """Read a whole DBC file.

    Args:
        raw: the file's bytes.
        file: its name, for diagnostics.
    """
    text, _ = decode_text(raw)
    with _no_collection():
        statements = StatementReader(file, text.split("\n"))
        reader = _Reader(file, statements.diagnostics)
        for keyword, words, line in statements:
            reading = _READINGS.get(keyword)
            if reading:
                reading(reader, Statement(keyword, words.rstrip("; \t\n"), line))
        messages = reader.finish()
    return messages, sorted(reader.diagnostics, key=lambda finding: finding.line)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Reading makes objects by the ten thousand and no garbage; to look for it costs a third."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(slots=True)
class _Reader:
    file: str
    diagnostics: list[Diagnostic]
    messages: dict[int, MessageDraft] = field(default_factory=dict)
    current: MessageDraft | None = None
    tables: dict[str, dict[int, str]] = field(default_factory=dict)
    enums: dict[str, list[str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    protocol: str = ""

    def message(self, statement: Statement) -> None:
        match = _MESSAGE.match(statement.text)
        self.current = None
        if not match:
            self.refuse(statement, "message", "报文")
            return
        raw_id, name, size, sender = match.groups()
        draft = MessageDraft(identifier(raw_id), name, int(size), sender, statement.line)
        if name != NOT_SENT:
            self._keep(draft)
        self.current = draft

    def _keep(self, draft: MessageDraft) -> None:
        earlier = self.messages.pop(draft.raw_id, None)
        self.messages[draft.raw_id] = draft
        if earlier:
            self.say(
                draft.line,
                f"{draft.name} has the identifier of {earlier.name} (line {earlier.line}), "
                "which it replaces",
                f"{draft.name} 与第 {earlier.line} 行的 {earlier.name} 标识符相同，后者被取代",
                "warning",
            )

    def signal(self, statement: Statement) -> None:
        text = statement.text
        if len(text) > LONGEST_SANE_LINE:  # long runs of blanks would make matching slow
            text = " ".join(text.split())
        match = _SIGNAL.match(text)
        if not match or self.current is None:
            self.refuse(statement, "signal", "信号")
            return
        name, indicator, start, size, order, sign, scale, offset, low, high, unit = match.groups()
        try:
            factor, shift = number(scale), number(offset)
        except ValueError:
            self.refuse(statement, "signal", "信号")
            return
        if indicator == "m":
            self.say(
                statement.line,
                f"{name} is marked m without a number; taken as the multiplexor M",
                f"{name} 标记为 m 却无数值，按多路复用信号 M 处理",
                "warning",
            )
            indicator = "M"
        self.current.signals.append(
            SignalDraft(
                name,
                indicator or "",
                int(start),
                int(size),
                order == "1",
                sign == "-",
                factor,
                shift,
                lenient(low),
                lenient(high),
                unit or "",
                statement.line,
            )
        )

    def comment(self, statement: Statement) -> None:
        match = _COMMENT.match(statement.text)
        if not match:
            if not _OTHER_COMMENT.match(statement.text):
                self.refuse(statement, "comment", "注释")
            return
        kind, raw_id, name, words = match.groups()
        if kind == "SG_":
            for signal in self._signals(statement, raw_id, name or ""):
                signal.comment = words
        elif draft := self._message(statement, raw_id):
            draft.comment = words

    def values(self, statement: Statement) -> None:
        match = _VALUES.match(statement.text)
        if not match:
            return  # of an environment variable
        raw_id, name, body = match.groups()
        texts = pairs(body)
        if not texts:
            texts = self.tables.get(body.strip(" ;\n"), {})
        for signal in self._signals(statement, raw_id, name):
            signal.texts = texts

    def table(self, statement: Statement) -> None:
        match = _TABLE.match(statement.text)
        if match:
            self.tables[match[1]] = pairs(match[2])

    def floating(self, statement: Statement) -> None:
        match = _FLOAT.match(statement.text)
        if not match:
            self.refuse(statement, "float declaration", "浮点声明")
            return
        for signal in self._signals(statement, match[1], match[2]):
            signal.is_float = match[3] in ("1", "2")

    def ranges(self, statement: Statement) -> None:
        match = _RANGES.match(statement.text)
        found = [(int(low), int(high)) for low, high in _RANGE.findall(match[4])] if match else []
        if not match or not found:
            self.refuse(statement, "multiplexor range", "多路复用范围")
            return
        for signal in self._signals(statement, match[1], match[2]):
            if signal.parent != match[3]:
                signal.ranges.clear()
            signal.parent = match[3]
            signal.ranges.extend(found)

    def enumeration(self, statement: Statement) -> None:
        match = _ENUM.match(statement.text)
        if match:
            self.enums[match[1]] = re.findall(r'"([^"]*)"', match[2])

    def default(self, statement: Statement) -> None:
        match = _DEFAULT.match(statement.text)
        if match:
            self.defaults[match[1]] = match[2].strip('"')

    def attribute(self, statement: Statement) -> None:
        match = _ATTRIBUTE.match(statement.text)
        if not match:
            self.refuse(statement, "attribute", "属性")
            return
        name, rest = match.groups()
        if name == "ProtocolType" and rest.startswith('"'):
            self.protocol = rest.strip('"')
        elif setting := _SETTINGS.get(name):
            setting(self, statement, name, rest)

    def long_message(self, statement: Statement, _name: str, rest: str) -> None:
        parts = rest.split(None, 2)
        if len(parts) == 3 and (draft := self._message(statement, parts[1])):
            draft.long_name = parts[2].strip('"')

    def long_signal(self, statement: Statement, _name: str, rest: str) -> None:
        parts = rest.split(None, 3)
        if len(parts) == 4:
            for signal in self._signals(statement, parts[1], parts[2]):
                signal.long_name = parts[3].strip('"')

    def cycle(self, statement: Statement, _name: str, rest: str) -> None:
        parts = rest.split(None, 2)
        if len(parts) == 3 and (draft := self._message(statement, parts[1])):
            draft.cycle_ms = lenient(parts[2])

    def frame_format(self, statement: Statement, name: str, rest: str) -> None:
        parts = rest.split(None, 2)
        if len(parts) == 3 and (draft := self._message(statement, parts[1])):
            draft.frame_format = self._choice(name, parts[2])

    def spn(self, statement: Statement, _name: str, rest: str) -> None:
        parts = rest.split(None, 3)
        if len(parts) == 4:
            for signal in self._signals(statement, parts[1], parts[2]):
                signal.spn = int(lenient(parts[3]))

    def _choice(self, name: str, value: str) -> str:
        """An enumeration's value may be written as its number or as its text."""
        bare = value.strip('"')
        texts = self.enums.get(name, [])
        if value.startswith('"') or not bare.isdecimal():
            return bare
        place = int(lenient(bare))
        return texts[place] if place < len(texts) else bare

    def _message(self, statement: Statement, raw_id: str) -> MessageDraft | None:
        draft = self.messages.get(identifier(raw_id))
        if draft is None:
            self._unknown(statement, f"message {raw_id}", f"报文 {raw_id}")
        return draft

    def _signals(self, statement: Statement, raw_id: str, name: str) -> list[SignalDraft]:
        draft = self.messages.get(identifier(raw_id))
        found = draft.named(name) if draft else []
        if not found:
            self._unknown(statement, f"signal {name} in {raw_id}", f"{raw_id} 中的信号 {name}")
        return found

    def _unknown(self, statement: Statement, english: str, chinese: str) -> None:
        if english.endswith(" 3221225472"):
            return  # the pseudo-message's
        self.say(
            statement.line,
            f"{statement.keyword} names the unknown {english}; the statement has no effect",
            f"{statement.keyword} 指向未知的{chinese}，该语句不起作用",
            "warning",
        )

    def refuse(self, statement: Statement, english: str, chinese: str) -> None:
        """Report a statement that cannot be read."""
        shown = statement.text.splitlines()[0][:80]
        orphan = statement.keyword == "SG_" and self.current is None
        self.say(
            statement.line,
            f"{shown!r} belongs to no message; dropped"
            if orphan
            else f"{shown!r} is not a readable {english}; dropped",
            f"{shown!r} 不属于任何报文，已丢弃"
            if orphan
            else f"{shown!r} 不是可读的{chinese}，已丢弃",
        )

    def say(self, line: int, english: str, chinese: str, severity: Severity = "error") -> None:
        """Add a diagnostic of this file."""
        self.diagnostics.append(Diagnostic(self.file, line, Text(english, chinese), severity))

    def finish(self) -> list[MessageLayout]:
        """The layouts of all messages, in the order of the file."""
        protocol = self.protocol or self.defaults.get("ProtocolType", "")
        default_format = self.defaults.get("VFrameFormat", "")
        finisher = Finisher(self.file, "J1939" in protocol.upper(), self.diagnostics)
        for draft in self.messages.values():
            draft.frame_format = draft.frame_format or default_format
        return [finisher.finish(draft) for draft in self.messages.values()]


@lru_cache(maxsize=4096)
def number(text: str) -> float:
    """A DBC number; whole numbers stay int, so that integers decode exactly."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def identifier(text: str) -> int:
    """A message's identifier with its flag, decimal or hexadecimal; -1 if it is none."""
    try:
        return int(text, 16 if text[:2] in ("0x", "0X") else 10) if len(text) <= 10 else -1
    except ValueError:
        return -1


@lru_cache(maxsize=4096)
def lenient(text: str | None) -> float:
    """A number of no consequence (a range, a cycle time), 0 where it is unreadable."""
    try:
        value = float((text or "0").strip('"'))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def pairs(body: str) -> dict[int, str]:
    """Value table: raw value -> text."""
    return {int(value): text for value, text in _PAIR.findall(body)}


Reading = Callable[[_Reader, Statement], None]
Setting = Callable[[_Reader, Statement, str, str], None]

_READINGS: Final[Mapping[str, Reading]] = MappingProxyType(
    {
        "BO_": _Reader.message,
        "SG_": _Reader.signal,
        "CM_": _Reader.comment,
        "VAL_": _Reader.values,
        "VAL_TABLE_": _Reader.table,
        "SIG_VALTYPE_": _Reader.floating,
        "SG_MUL_VAL_": _Reader.ranges,
        "BA_": _Reader.attribute,
        "BA_DEF_": _Reader.enumeration,
        "BA_DEF_DEF_": _Reader.default,
    }
)
_SETTINGS: Final[Mapping[str, Setting]] = MappingProxyType(
    {
        "SystemMessageLongSymbol": _Reader.long_message,
        "SystemSignalLongSymbol": _Reader.long_signal,
        "GenMsgCycleTime": _Reader.cycle,
        "VFrameFormat": _Reader.frame_format,
        "SPN": _Reader.spn,
    }
)
