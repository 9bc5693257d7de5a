"""Logs that python-can and asammdf read, turned into batches.

A broken file gives what stood before the damage, and a diagnostic.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import can

from can_decoder.frames import LONGEST_ROW, FrameBatch
from can_decoder.logs.candump import LONGEST_ID, batch_of
from can_decoder.logs.source import Source, packing

ROWS = 50_000
LARGEST_CHANNEL = 255


def read_with_python_can(source: Source, suffix: str) -> Iterator[FrameBatch]:
    """Batches of any file that python-can reads, by its suffix."""
    with _plain_file(source, suffix) as path:
        messages = _messages(source, path)
        while rows := list(islice(messages, ROWS)):
            yield batch_of(
                [m.arbitration_id & LONGEST_ID for m in rows],
                [m.is_extended_id for m in rows],
                [_nanoseconds(m.timestamp) for m in rows],
                [bytes(m.data)[:LONGEST_ROW] for m in rows],
                [_channel(m.channel) for m in rows],
            )


def _messages(source: Source, path: Path) -> Iterator[can.Message]:
    """Data frames; damage of any kind ends the file."""
    try:
        with can.LogReader(path) as reader:
            for message in reader:
                if message.is_remote_frame or message.is_error_frame:
                    source.skipped += 1
                else:
                    yield message
    except Exception as error:  # noqa: BLE001 — python-can's readers raise whatever they meet
        source.say(
            f"the file is damaged or of no known kind: {error!r}; what stood before was read",
            f"文件损坏或类型未知：{error!r}；此前的内容已读出",
        )


def _channel(channel: object) -> int:
    """A bus number; names and nonsense count as bus 0."""
    return channel if isinstance(channel, int) and 0 <= channel <= LARGEST_CHANNEL else 0


def _nanoseconds(seconds: float) -> int:
    """Nanoseconds of a time stamp; 0 for one that is none."""
    return round(seconds * 1e9) if math.isfinite(seconds) else 0


@contextmanager
def _plain_file(source: Source, suffix: str) -> Iterator[Path]:
    """The file itself, or an unpacked copy that is deleted afterwards."""
    if not packing(source.path) and source.path.suffix.lower() == suffix:
        yield source.path
        return
    with tempfile.TemporaryDirectory(prefix="packtrail-") as folder:
        copy = Path(folder) / f"log{suffix}"
        with copy.open("wb") as target:
            for chunk in source.chunks():
                target.write(chunk)
        yield copy
