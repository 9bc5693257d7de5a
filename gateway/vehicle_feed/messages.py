"""Messages of GB/T 32960.3 as samples and identity: what a feed and a capture have in common."""

from __future__ import annotations

import math
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
