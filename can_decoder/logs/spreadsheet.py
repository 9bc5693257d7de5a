"""CSV exports of Chinese CAN analysers, as people save them from a spreadsheet.

A header names the columns, in Chinese or English, in UTF-8 or GBK. Spreadsheets eat leading
zeros (a lone byte `00` prints as `0`), and time may be `mm:ss.s` that starts again each hour.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from can_decoder.frames import FrameBatch
from can_decoder.logs.candump import batch_of
from can_decoder.logs.source import Source

NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "id": (
            "帧id",
            "id",
            "can id",
            "canid",
            "frame id",
            "frameid",
            "arbitration_id",
            "帧id(hex)",
        ),
        "time": ("时间标识", "时间", "时间戳", "time", "timestamp", "系统时间", "time(s)"),
        "data": ("数据(hex)", "数据", "data", "data(hex)", "帧数据", "数据(h)"),
        "length": ("长度", "dlc", "len", "length", "数据长度"),
        "kind": ("类型", "帧格式", "帧类型", "type", "format"),
    }
)
LATEST_S = 9.2e9
HOUR_NS = 3_600_000_000_000
LONGEST_STANDARD_ID = 0x7FF
_HEX = re.compile(r"[0-9A-Fa-f]{1,2}")


class _Frame(NamedTuple):
    frame_id: int
    extended: bool
    t_ns: int
    payload: bytes


def columns_of(head: bytes) -> dict[str, int] | None:
    """Places of the columns by the header line, or None if it is no such file."""
    try:
        line = head.split(b"\n")[0].decode(_encoding(head))
    except UnicodeDecodeError:
        return None
    cells = [cell.strip().strip("\ufeff").lower() for cell in _cells(line)]
    found = {
        key: next((cells.index(name) for name in names if name in cells), -1)
        for key, names in NAMES.items()
    }
    return found if found["id"] >= 0 and found["data"] >= 0 else None


def _cells(line: str) -> list[str]:
    """Cells of one line; a line that is no CSV is one cell."""
    try:
        return next(csv.reader([line.rstrip("\r")]), [])
    except csv.Error:
        return [line]


def read_spreadsheet(source: Source) -> Iterator[FrameBatch]:
    """Batches of a CSV export."""
    head = source.head()
    places = columns_of(head) or {}
    reader = _RowReader(source, places)
    encoding = _encoding(head)
    first = True
    for chunk in source.lines():
        rows = [_cells(line) for line in chunk.decode(encoding, "replace").split("\n")]
        batch = reader.read(rows[1:] if first else rows)
        first = False
        if len(batch):
            yield batch


@dataclass(slots=True)
class _RowReader:
    source: Source
    places: Mapping[str, int]
    line: int = 1
    hours_ns: int = 0
    last_ns: int = 0
    refused: int = 0

    def read(self, rows: Sequence[list[str]]) -> FrameBatch:
        frames = []
        for row in rows:
            self.line += 1
            try:
                frames.append(self._frame(row))
            except (ValueError, IndexError):
                self._refuse(row)
        return batch_of(
            [frame.frame_id for frame in frames],
            [frame.extended for frame in frames],
            [frame.t_ns for frame in frames],
            [frame.payload for frame in frames],
            [0] * len(frames),
        )

    def _frame(self, row: list[str]) -> _Frame:
        frame_id = int(row[self.places["id"]].strip(), 16)
        kind = row[self.places["kind"]] if self.places["kind"] >= 0 else ""
        extended = "扩展" in kind or "ext" in kind.lower() or frame_id > LONGEST_STANDARD_ID
        payload = self._payload(row)
        t_ns = self._time(row[self.places["time"]]) if self.places["time"] >= 0 else 0
        return _Frame(frame_id & 0x1FFF_FFFF, extended, t_ns, payload)

    def _payload(self, row: list[str]) -> bytes:
        text = row[self.places["data"]].strip().removeprefix("0x")
        parts = text.split() if " " in text else re.findall("..?", text)
        if not all(_HEX.fullmatch(part) for part in parts) or len(parts) > 64:
            raise ValueError(text)
        payload = bytes(int(part, 16) for part in parts)
        stated = row[self.places["length"]].strip() if self.places["length"] >= 0 else ""
        if stated.isdigit() and len(payload) > int(stated):
            payload = payload[: int(stated)]
        return payload

    def _time(self, text: str) -> int:
        """Nanoseconds of `s.f`, `mm:ss.f` or `hh:mm:ss.f`; `mm:ss` goes on over the hour."""
        parts = text.strip().split(":")
        seconds = 0.0
        for part in parts:
            seconds = seconds * 60 + float(part or 0)
        if not 0 <= seconds < LATEST_S:
            raise ValueError(text)
        t_ns = round(seconds * 1e9)
        if len(parts) == 2:
            if t_ns + HOUR_NS // 2 < self.last_ns:
                self.hours_ns += HOUR_NS
            self.last_ns = t_ns
            t_ns += self.hours_ns
        return t_ns

    def _refuse(self, row: list[str]) -> None:
        if not any(cell.strip() for cell in row):
            return
        self.refused += 1
        self.source.skipped += 1
        if self.refused == 1:
            shown = ",".join(row)[:60]
            self.source.say(
                f"{shown!r} is no frame; it and others like it are left out",
                f"{shown!r} 不是报文行，此类行已略过",
                "warning",
                self.line,
            )


def _encoding(head: bytes) -> str:
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"
