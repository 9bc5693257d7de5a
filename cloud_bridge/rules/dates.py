"""From when to when a rule binds, and when a deadline runs out: days of the law's own calendar.

A table of rules names its clock as a fixed distance from UTC: China has had no summer time since
1991, and a day of Chinese law ends at 16:00 UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from packtrail.errors import CodecError
from packtrail.times import NS_PER_S, parse_time

DAY_S: Final = 86_400
CHINA: Final = "+08:00"
FOREVER: Final = 2**63 - 1
_OFFSET = re.compile(r"([+-])(\d\d):([0-5]\d)", re.ASCII)


@lru_cache(256)
def offset_s(text: str) -> int:
    """Seconds east of UTC of `+08:00`, at most 14 hours.

    Raises:
        CodecError: reason `offset`, for any other form.
    """
    match = _OFFSET.fullmatch(text)
    seconds = int(match[2]) * 3600 + int(match[3]) * 60 if match else DAY_S
    if not match or seconds > 14 * 3600:
        raise CodecError("offset", f"{text!r} is not like +08:00")
    return seconds if match[1] == "+" else -seconds


@lru_cache(1024)
def span(from_: str, to: str, utc_offset: str = "+00:00") -> tuple[int, int]:
    """First UTC ns of the date `from_`, and the first after the date `to` ("" for open).

    Raises:
        CodecError: one of them is no date.
    """
    shift = offset_s(utc_offset) * NS_PER_S
    first = parse_time(f"{from_}T00:00:00Z") - shift
    end = parse_time(f"{to}T00:00:00Z") + DAY_S * NS_PER_S - shift if to else FOREVER
    return first, end


def in_force(from_: str, to: str, t_ns: int, utc_offset: str = "+00:00") -> bool:
    """Whether a rule in force from the date `from_` up to and with `to` ("" for open) binds `t_ns`.

    Raises:
        CodecError: one of them is no date.
    """
    first, end = span(from_, to, utc_offset)
    return first <= t_ns < end


def deadline_ns(t_ns: int, days: int, utc_offset: str, *, working: bool = False) -> int:
    """Last second, UTC ns, of the day on which `days` run out; the event's own day is not one.

    Args:
        t_ns: when the event ended, UTC.
        days: how many.
        utc_offset: whose days.
        working: Monday to Friday only.
    """
    shift = offset_s(utc_offset)
    day = (t_ns // NS_PER_S + shift) // DAY_S
    day = _working_day(day, days) if working else day + days
    return (day * DAY_S + DAY_S - 1 - shift) * NS_PER_S


def _working_day(day: int, days: int) -> int:
    """The day, counted from 1970-01-01 (a Thursday), on which so many working days are over."""
    while days:
        day += 1
        days -= (day + 3) % 7 < 5
    return day


def day_of(t_ns: int, utc_offset: str) -> str:
    """The date of a moment under a clock, as `2026-04-01`."""
    local = datetime.fromtimestamp(t_ns // NS_PER_S, UTC) + timedelta(seconds=offset_s(utc_offset))
    return local.strftime("%Y-%m-%d")
