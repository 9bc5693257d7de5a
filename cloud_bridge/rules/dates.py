"""From when to when a rule binds: dates as the tables of rules have them."""

from __future__ import annotations

from packtrail.times import NS_PER_S, parse_time


def in_force(from_: str, to: str, t_ns: int) -> bool:
    """Whether a rule in force from the date `from_` up to and with `to` ("" for open) binds `t_ns`.

    Raises:
        CodecError: one of them is no date.
    """
    after = not to or t_ns < parse_time(f"{to}T00:00:00Z") + 86_400 * NS_PER_S
    return parse_time(f"{from_}T00:00:00Z") <= t_ns and after
