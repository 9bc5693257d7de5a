"""candump text to batches: the log form, and the form that candump prints on a terminal.

    (1613.000125) can0 1DB#0102030405060708          log, `##f` before CAN FD data
    (1613.000125)  can0  1DB   [8]  01 02 03 ...     terminal, time stamp optional

Eight hex digits make a 29-bit identifier. Remote and error frames are counted as skipped;
lines of neither form are reported, the first of them by its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from can_decoder.frames import FrameBatch
from can_decoder.logs import compiled
from can_decoder.logs.lines import LineColumns, read_lines
from can_decoder.logs.source import Source

ERROR_FLAG = 0x2000_0000
LONGEST_ID = 0x1FFF_FFFF
LATEST_NS = 9_200_000_000 * 1_000_000_000
"""The year 2261; beyond, nanoseconds do not fit 64 bits."""
_LOG = re.compile(
    rb"\s*\((\d+)(?:\.(\d+))?\)\s+(\S+)\s+([0-9A-Fa-f]+)#(#[0-9A-Fa-f])?([0-9A-Fa-f.]*)(\S*)"
)
_TERMINAL = re.compile(
    rb"\s*(?:\((\d+)(?:\.(\d+))?\)\s+)?(\S+)(?:\s+[RT]X\s+\S+\s\S)?\s+([0-9A-Fa-f]{3,8})\s+"
    rb"\[(\d+)\]((?:\s+[0-9A-Fa-f]{2}\b)*)(\s+remote request)?"
)


def read_candump(source: Source) -> Iterator[FrameBatch]:
    """Batches of a candump log, one per chunk of the file."""
    reader = _LineReader(source)
    for chunk in source.lines():
        batch = reader.read(chunk)
        if len(batch):
            yield batch


@dataclass(slots=True)
class _LineReader:
    source: Source
    channels: dict[bytes, int] = field(default_factory=dict)
    line: int = 0
    refused: int = 0

    def read(self, chunk: bytes) -> FrameBatch:
        """Regular lines as a table, the others one by one, all in their order."""
        fast = compiled.is_worth_it(self.source.size)
        read = compiled.read_lines if fast else read_lines
        columns, begins, ends = read(np.frombuffer(chunk, np.uint8), self.channels)
        first = self.line
        odd = np.flatnonzero(~columns.done)
        rows = _Rows()
        taken = []
        for place, begin, end in zip(
            odd.tolist(), begins[odd].tolist(), ends[odd].tolist(), strict=True
        ):
            self.line = first + place + 1
            before = len(rows.ids)
            line = chunk[begin:end]
            if not self._log(line, rows) and not self._terminal(line, rows) and line.strip():
                self._refuse(line)
            if len(rows.ids) > before:
                taken.append(place)
        self.line = first + len(begins)
        return _merged(columns, np.array(taken, np.int64), rows)

    def _log(self, line: bytes, rows: _Rows) -> bool:
        match = _LOG.match(line)
        if not match:
            return False
        seconds, fraction, channel, digits, flags, data, rest = match.groups()
        if (rest and not flags) or len(data.replace(b".", b"")) % 2:
            if rest[:1] in b"Rr" and not data:
                self.source.skipped += 1
                return True
            return False
        payload = bytes.fromhex(data.replace(b".", b"").decode())
        t_ns = nanoseconds(seconds, fraction)
        return self._add(rows, t_ns, channel, digits, payload)

    def _terminal(self, line: bytes, rows: _Rows) -> bool:
        match = _TERMINAL.match(line)
        if not match:
            return False
        seconds, fraction, channel, digits, count, data, remote = match.groups()
        if remote:
            self.source.skipped += 1
            return True
        payload = bytes.fromhex(data.decode())
        if int(count) != len(payload):
            return False
        t_ns = nanoseconds(seconds or b"0", fraction)
        return self._add(rows, t_ns, channel, digits, payload)

    def _add(self, rows: _Rows, t_ns: int, channel: bytes, digits: bytes, payload: bytes) -> bool:
        frame_id = int(digits, 16)
        if len(payload) > 64 or len(digits) > 8 or t_ns >= LATEST_NS:
            return False
        if frame_id > LONGEST_ID:
            self.source.skipped += 1
            return True
        rows.t_ns.append(t_ns)
        rows.ids.append(frame_id)
        rows.extended.append(len(digits) > 3)
        rows.payloads.append(payload)
        rows.channel.append(self.channels.setdefault(channel, min(len(self.channels), 255)))
        return True

    def _refuse(self, line: bytes) -> None:
        self.refused += 1
        self.source.skipped += 1
        if self.refused == 1:
            shown = line[:60].decode("latin-1")
            self.source.say(
                f"{shown!r} is no candump line; it and others like it are left out",
                f"{shown!r} 不是 candump 行，此类行已略过",
                "warning",
                self.line,
            )


def _merged(columns: LineColumns, places: NDArray[np.int64], rows: _Rows) -> FrameBatch:
    """The regular lines with the others in between."""
    others = rows.batch()
    if len(others):
        width = others.data.shape[1]
        columns.data = np.pad(columns.data, ((0, 0), (0, width - columns.data.shape[1])))
        columns.ids[places], columns.extended[places] = others.ids, others.extended
        columns.t_ns[places], columns.channel[places] = others.t_ns, others.channel
        columns.data[places], columns.length[places] = others.data, others.length
        columns.done[places] = True
    batch = FrameBatch(
        columns.ids,
        columns.extended,
        columns.t_ns,
        columns.data,
        columns.length,
        columns.channel,
    )
    return batch if columns.done.all() else batch.select(columns.done)


@dataclass(slots=True)
class _Rows:
    ids: list[int] = field(default_factory=list)
    extended: list[bool] = field(default_factory=list)
    t_ns: list[int] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    channel: list[int] = field(default_factory=list)

    def batch(self) -> FrameBatch:
        return batch_of(self.ids, self.extended, self.t_ns, self.payloads, self.channel)


def nanoseconds(seconds: bytes, fraction: bytes | None) -> int:
    """Nanoseconds of decimal seconds, exactly; too many digits mean a time after `LATEST_NS`."""
    if len(seconds) > 20:
        return LATEST_NS
    return int(seconds) * 1_000_000_000 + int((fraction or b"")[:9].ljust(9, b"0"))


def batch_of(
    ids: list[int],
    extended: list[bool],
    t_ns: list[int],
    payloads: list[bytes],
    channel: list[int],
) -> FrameBatch:
    """A batch of frames that came one by one."""
    if not ids:
        return FrameBatch.empty()
    length = np.array([len(payload) for payload in payloads], np.uint8)
    width = max(8, int(length.max()))
    data = np.frombuffer(b"".join(p.ljust(width, b"\0") for p in payloads), np.uint8)
    return FrameBatch.from_arrays(
        np.array(ids, np.uint32),
        np.array(extended, np.bool_),
        np.array([min(max(t, -LATEST_NS), LATEST_NS) for t in t_ns], np.int64),
        data.reshape(-1, width),
        length,
        np.array(channel, np.uint8),
    )
