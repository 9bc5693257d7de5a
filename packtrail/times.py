"""Time as it travels: integer nanoseconds UTC in records, RFC 3339 text in signed JSON.

Canonical JSON holds integers below 2**53 only, which nanoseconds exceed; hence the text.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache

from packtrail.errors import CodecError

NS_PER_S = 1_000_000_000
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


class ClockQuality(StrEnum):
    """How far a time can be believed."""

    SYNCED = "synced"
    """The system says that it follows a time server or GNSS."""
    FREE = "free"
    """Runs on its own since it was last set; may be minutes off."""
    UNSET = "unset"
    """Shows a time before the software was built: never set."""
    RECORDED = "recorded"
    """Taken from a recording, not from a clock."""


def format_time(t_ns: int) -> str:
    """RFC 3339 with nanoseconds, always UTC: `2026-04-01T00:00:00.000000000Z`."""
    seconds, nanoseconds = divmod(t_ns, NS_PER_S)
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{nanoseconds:09d}Z"


def parse_time(text: str) -> int:
    """UTC nanoseconds of an RFC 3339 time that ends in Z.

    Raises:
        CodecError: reason `time`, for any other form or an impossible date.
    """
    match = _RFC3339.fullmatch(text)
    if not match:
        raise CodecError("time", f"{text!r} is not like 2026-04-01T00:00:00Z")
    day, hour, minute, second, fraction = match.groups()
    if hour > "23" or minute > "59" or second > "59":
        raise CodecError("time", f"{text!r}: no such time of day")
    try:
        seconds = _midnight(day) + int(hour) * 3600 + int(minute) * 60 + int(second)
    except ValueError as error:
        raise CodecError("time", f"{text!r}: {error}") from error
    return seconds * NS_PER_S + (int(fraction.ljust(9, "0")) if fraction else 0)


@lru_cache(2048)
def _midnight(day: str) -> int:
    """UTC seconds at which a day begins; facts of one story share their days."""
    return (date.fromisoformat(day).toordinal() - _EPOCH_DAY) * 86_400
