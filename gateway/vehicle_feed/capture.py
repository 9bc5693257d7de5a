"""Captured messages of GB/T 32960.3 as samples and identity: what feed and file have in common."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from can_decoder.gbt32960 import (
    Command,
    Encryption,
    Login,
    Message,
    read_login,
    read_report,
    sample_of,
)
from can_decoder.gbt32960.frame import from_hex
from gateway.vehicle_feed.framer import Framer
from packtrail.codes import PackCode
from packtrail.errors import CodeError
from packtrail.quantities import QUANTITIES
from packtrail.sample import Floats, Sample
from packtrail.times import NS_PER_S

REPORTS: Final = (Command.REALTIME, Command.RESENT)
LATEST_NS: Final = 4_102_444_800 * NS_PER_S
"""2100: a report from later is of no clock."""


def sample_from(message: Message) -> Sample | None:
    """The sample of a report, without what no sensor can mean; None for anything else."""
    if message.command not in REPORTS or message.encryption is not Encryption.NONE:
        return None
    report = read_report(message)
    if report.t_ns is None or not 0 < report.t_ns < LATEST_NS:
        return None
    values: dict[str, float | Floats] = {}
    for name, value in sample_of(report).values.items():
        bounds = QUANTITIES[name]
        if isinstance(value, np.ndarray):
            possible = np.where((value >= bounds.low) & (value <= bounds.high), value, np.nan)
            if np.isfinite(possible).any():
                values[name] = possible
        elif not math.isnan(value) and bounds.low <= value <= bounds.high:
            values[name] = float(value)
    return Sample(report.t_ns, values, dict.fromkeys(values, 0.0)) if values else None


def login_from(message: Message) -> Login | None:
    """What a vehicle says of itself when it comes online; None for anything else."""
    if message.command is not Command.LOGIN or message.encryption is not Encryption.NONE:
        return None
    return read_login(message)


def pack_codes(login: Login) -> list[str]:
    """Those of its codes that are pack codes of GB/T 34014; makers send their own serials, too."""
    found = []
    for text in login.pack_codes:
        try:
            found.append(PackCode.parse(text).text)
        except CodeError:
            continue
    return found


def capture_samples(path: Path) -> Iterator[Sample]:
    """Samples of a capture: bytes as they went over the line, or hex text.

    Raises:
        OSError: the file cannot be read.
    """
    return samples_of(Framer().feed(capture_bytes(path)))


def capture_bytes(path: Path) -> bytes:
    """A capture's bytes, whether it is binary or hex text."""
    raw = path.read_bytes()
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        return raw
    return raw if text.lstrip().startswith(("##", "$$")) else from_hex(text)


def samples_of(messages: Iterable[Message]) -> Iterator[Sample]:
    """The samples of the reports among these messages."""
    return (sample for sample in map(sample_from, messages) if sample is not None)
