"""Messages of GB/T 32960.3 as samples and identity: what live feeds and captures have in common."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from can_decoder.gbt32960.frame import Command, Encryption, Message
from can_decoder.gbt32960.login import Login, read_login
from can_decoder.gbt32960.report import Report, read_report, sample_of
from can_decoder.gbt32960.units import Part
from packtrail.codes import PackCode
from packtrail.errors import CodeError
from packtrail.planes import MAX_WIDTH
from packtrail.quantities import QUANTITIES
from packtrail.sample import Floats, Sample
from packtrail.times import NS_PER_S

REPORTS: Final = (Command.REALTIME, Command.RESENT)
LATEST_NS: Final = 4_102_444_800 * NS_PER_S
"""2100: a report from later is of no clock."""

Values = Mapping[str, float | Floats]


def sample_from(message: Message) -> Sample | None:
    """The sample of a report, without what no sensor can mean; None for anything else."""
    if message.command not in REPORTS or message.encryption is not Encryption.NONE:
        return None
    return plausible(sample_of(read_report(message)))


def plausible(sample: Sample) -> Sample | None:
    """A sample without what no sensor can mean; None where nothing is left, or no time."""
    if not 0 < sample.t_ns < LATEST_NS:
        return None
    values: dict[str, float | Floats] = {}
    for name, value in sample.values.items():
        bounds = QUANTITIES[name]
        if isinstance(value, np.ndarray):
            possible = np.where((value >= bounds.low) & (value <= bounds.high), value, np.nan)
            if len(value) <= MAX_WIDTH and np.isfinite(possible).any():
                values[name] = possible
        elif not math.isnan(value) and bounds.low <= value <= bounds.high:
            values[name] = float(value)
    return Sample(sample.t_ns, values, dict.fromkeys(values, 0.0)) if values else None


def samples_by_subsystem(report: Report) -> dict[int, Sample]:
    """What each subsystem or pack said of itself, by its number; charge current is positive."""
    found: dict[int, dict[str, float | Floats]] = defaultdict(dict)
    for number, parts in _parts(report, "cells").items():
        found[number]["pack_voltage_v"] = parts[0].voltage_v
        found[number]["pack_current_a"] = 0.0 - parts[0].current_a
        found[number]["cell_voltage_v"] = _joined(parts)
    for number, parts in _parts(report, "probes").items():
        found[number]["temperature_c"] = np.concatenate([part.values for part in parts])
    return {number: Sample(report.t_ns or 0, found[number]) for number in sorted(found)}


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


def _parts(report: Report, kind: str) -> dict[int, list[Part]]:
    found: dict[int, list[Part]] = defaultdict(list)
    for unit in report.units:
        for part in unit.parts if unit.kind == kind else ():
            found[part.number].append(part)
    return found


def _joined(parts: Iterable[Part]) -> Floats:
    """Cells of all parts of a subsystem at their places, NaN between."""
    own = list(parts)
    array = np.full(max(part.first + len(part.values) for part in own), np.nan)
    for part in own:
        array[part.first : part.first + len(part.values)] = part.values
    return array
