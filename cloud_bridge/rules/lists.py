"""Lists of open duties as the store keeps them: which one readers see, which one is being made.

A list belongs to one table of rules. Another table, or a rebuild, begins a list beside the one
that readers see; it takes its place when it has seen every line, and the old one is cleared away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from cloud_bridge.store import Store

CLEARED: Final = 5_000
"""So many rows of an old list go in one transaction; meanwhile nobody else writes."""


class DutyList(NamedTuple):
    """One list.

    Attributes:
        list: its number, rising.
        rules: digest of its table.
        leaf: the newest line that it has seen, -1 for none.
        horizon: how many lines there were when it was begun.
        whole: whether it had ever seen all.
    """

    list: int
    rules: str
    leaf: int
    horizon: int
    whole: int


def lists_of(store: Store) -> list[DutyList]:
    """Every list, the oldest first."""
    return [DutyList(*row) for row in store.stream("duty_lists")]


def shown(lists: Sequence[DutyList], digest: str) -> DutyList | None:
    """The list that readers see while the table `digest` is in force.

    A whole one under that table, the newest; while there is none, a whole one under the table
    before; else what there is of the one under way.
    """
    whole = [one for one in lists if one.whole]
    own = [one for one in whole if one.rules == digest]
    begun = [one for one in lists if one.rules == digest]
    found = own or whole or begun
    return found[-1] if found else None


def live(lists: Sequence[DutyList], digest: str) -> list[DutyList]:
    """Lists to be taken forward: what readers see, and the newest under the table in force."""
    newest = [one for one in lists if one.rules == digest][-1:]
    seen = shown(lists, digest)
    return newest + [one for one in (seen,) if one is not None and one not in newest]


def begin(store: Store, digest: str) -> None:
    """A further list under a table; where two bridges begin one at once, there is one."""
    number = max((one.list for one in lists_of(store)), default=0) + 1
    row = {"list": number, "rules": digest, "horizon": store.size()}
    store.run_statements([("insert_duty_list", [row])])


def clear(store: Store, lists: Sequence[DutyList], digest: str) -> bool:
    """Take a piece of what nobody needs any more away; whether there is nothing left of it."""
    kept = live(lists, digest)
    gone = [one for one in lists if one not in kept]
    if not gone:
        return True
    row = {"list": gone[0].list}
    if gone[0].rules:
        # First, so that nobody takes it up again when half of it is gone.
        store.run_statements([("abandon_duty_list", [row])])
    elif list(store.stream("any_duty", row)):
        store.run_statements([("clear_duty", [{**row, "limit": CLEARED}])])
    else:
        names = ("drop_duty_list", "clear_duty_day", "clear_duty_waiting")
        store.run_statements([(name, [row]) for name in names])
    return False
