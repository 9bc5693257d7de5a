"""Drafts: what is known of messages and signals while a DBC file is still being read.

DBC scatters a signal over the file: place first, then comments, attributes, value tables,
float kinds and multiplexor ranges. Drafts collect them; `finish` makes the frozen layouts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from can_decoder.diagnostic import Diagnostic, Severity
from can_decoder.layout import MessageLayout, SignalLayout
from packtrail.language import Text

EXTENDED_FLAG = 0x8000_0000
LONGEST_STANDARD_ID = 0x7FF
LONGEST_EXTENDED_ID = 0x1FFF_FFFF
FLOAT_SIZES = (16, 32, 64)

Ranges = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class SignalDraft:
    """One SG_ line and what later statements say about it."""

    name: str
    indicator: str  # "", "M", "m3" or "m3M"
    start: int
    size: int
    little_endian: bool
    signed: bool
    scale: float
    offset: float
    minimum: float
    maximum: float
    unit: str
    line: int
    long_name: str = ""
    comment: str = ""
    texts: dict[int, str] = field(default_factory=dict)
    is_float: bool = False
    spn: int = 0
    parent: str = ""
    ranges: list[tuple[int, int]] = field(default_factory=list)

    @property
    def switch_value(self) -> int | None:
        """The value that `mN` names."""
        digits = self.indicator.strip("mM")
        return int(digits) if digits else None


@dataclass(slots=True)
class MessageDraft:
    """One BO_ line, its signals, and what later statements say about it."""

    raw_id: int
    name: str
    size: int
    sender: str
    line: int
    signals: list[SignalDraft] = field(default_factory=list)
    long_name: str = ""
    comment: str = ""
    cycle_ms: float = 0.0
    frame_format: str = ""

    def named(self, name: str) -> list[SignalDraft]:
        """The signals with that (short) name; several where multiplexing reuses it."""
        return [signal for signal in self.signals if signal.name == name]


@dataclass(slots=True)
class Finisher:
    """Turns the drafts of one file into layouts, and says what it had to decide."""

    file: str
    j1939: bool
    diagnostics: list[Diagnostic]

    def finish(self, draft: MessageDraft) -> MessageLayout:
        """The frozen layout of one message."""
        switches = self._switches(draft)
        signals = tuple(self._signal(draft, signal, switches) for signal in draft.signals)
        frame_id, extended = self._identifier(draft)
        return MessageLayout(
            name=draft.long_name or draft.name,
            frame_id=frame_id,
            extended=extended,
            size=draft.size,
            signals=signals,
            j1939=extended and self._is_j1939(draft),
            cycle_ms=draft.cycle_ms,
            sender="" if draft.sender == "Vector__XXX" else draft.sender,
            comment=draft.comment,
            file=self.file,
            line=draft.line,
        )

    def _is_j1939(self, draft: MessageDraft) -> bool:
        if draft.frame_format:
            return draft.frame_format == "J1939PG"
        return self.j1939 or any(signal.spn for signal in draft.signals)

    def _identifier(self, draft: MessageDraft) -> tuple[int, bool]:
        extended = bool(draft.raw_id & EXTENDED_FLAG)
        bare = draft.raw_id & ~EXTENDED_FLAG
        if not extended and bare > LONGEST_STANDARD_ID:
            self._warn(
                draft.line,
                f"identifier 0x{bare:X} needs 29 bits but lacks the extended flag; now extended",
                f"标识符 0x{bare:X} 超过 11 位却没有扩展帧标志，按扩展帧处理",
            )
            extended = True
        if bare > LONGEST_EXTENDED_ID:
            self._warn(
                draft.line,
                f"identifier 0x{draft.raw_id:X} has more than 29 bits; the upper ones are ignored",
                f"标识符 0x{draft.raw_id:X} 超过 29 位，忽略高位",
            )
        return bare & LONGEST_EXTENDED_ID, extended

    def _switches(self, draft: MessageDraft) -> dict[str, str]:
        """Short name of each multiplexor -> its final name; "" -> the root of plain `mN`."""
        named = {signal.parent for signal in draft.signals if signal.parent}
        switches = {
            signal.name: signal.long_name or signal.name
            for signal in draft.signals
            if signal.indicator.endswith("M") or signal.name in named
        }
        roots = [signal for signal in draft.signals if signal.indicator == "M"]
        if roots:
            switches[""] = roots[0].long_name or roots[0].name
        if len({root.name for root in roots}) > 1 and any(
            signal.switch_value is not None and not signal.parent for signal in draft.signals
        ):
            self._warn(
                draft.line,
                f"{draft.name} has several multiplexors; {roots[0].name} is taken for signals "
                "that name none",
                f"{draft.name} 有多个多路复用信号；未指明者归于 {roots[0].name}",
            )
        return switches

    def _signal(
        self, draft: MessageDraft, signal: SignalDraft, switches: dict[str, str]
    ) -> SignalLayout:
        parent, ranges = self._dependence(signal, switches)
        self._judge(draft, signal)
        return SignalLayout(
            name=signal.long_name or signal.name,
            start=signal.start,
            size=signal.size,
            little_endian=signal.little_endian,
            signed=signal.signed,
            is_float=signal.is_float and signal.size in FLOAT_SIZES,
            scale=signal.scale,
            offset=signal.offset,
            minimum=signal.minimum,
            maximum=signal.maximum,
            unit=signal.unit,
            texts=signal.texts,
            is_multiplexor=signal.name in switches,
            parent=parent,
            ranges=ranges,
            spn=signal.spn,
            comment=signal.comment,
            line=signal.line,
        )

    def _dependence(self, signal: SignalDraft, switches: dict[str, str]) -> tuple[str, Ranges]:
        """The multiplexor of a signal and the values at which it is present."""
        if signal.parent:
            if signal.parent in switches:
                return switches[signal.parent], tuple(signal.ranges)
        elif signal.switch_value is None:
            return "", ()
        elif "" in switches:
            return switches[""], ((signal.switch_value, signal.switch_value),)
        self._error(
            signal.line,
            f"{signal.name} depends on a multiplexor that the message does not have; "
            "it is never present",
            f"{signal.name} 依赖的多路复用信号在报文中不存在，该信号永不出现",
        )
        return signal.parent or "?", tuple(signal.ranges)

    def _judge(self, draft: MessageDraft, signal: SignalDraft) -> None:
        if signal.is_float and signal.size not in FLOAT_SIZES:
            self._warn(
                signal.line,
                f"{signal.name} is declared floating with {signal.size} bits; read as an integer",
                f"{signal.name} 声明为 {signal.size} 位浮点数，按整数读取",
            )
        if not signal.size:
            self._error(
                signal.line,
                f"{signal.name} has no bits; it is never present",
                f"{signal.name} 的位数为 0，该信号永不出现",
            )
        elif _last_byte(signal) >= draft.size > 0:
            self._warn(
                signal.line,
                f"{signal.name} lies past the {draft.size} bytes of {draft.name}; "
                "present in longer frames only",
                f"{signal.name} 超出 {draft.name} 的 {draft.size} 字节，仅在更长的帧中出现",
            )

    def _warn(self, line: int, english: str, chinese: str) -> None:
        self._say(line, english, chinese, "warning")

    def _error(self, line: int, english: str, chinese: str) -> None:
        self._say(line, english, chinese, "error")

    def _say(self, line: int, english: str, chinese: str, severity: Severity) -> None:
        self.diagnostics.append(Diagnostic(self.file, line, Text(english, chinese), severity))


def _last_byte(signal: SignalDraft) -> int:
    if signal.little_endian:
        return (signal.start + signal.size - 1) // 8
    return (signal.start // 8 * 8 + 7 - signal.start % 8 + signal.size - 1) // 8
