"""The open duties of a running bridge: the ledger is read once, then only what was added."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.fold import Told
from cloud_bridge.rules.duties import Duty, duties
from cloud_bridge.rules.table import DutyRule, read_rules
from cloud_bridge.store import Store
from cloud_bridge.view.stories import told_of, with_roles
from packtrail.event import KeyRegistered
from packtrail.times import NS_PER_S

FRESH_NS: Final = 60 * NS_PER_S
"""Without new facts, a list this old is still told: deadlines end with a day."""


@dataclass(slots=True)
class DutyBook:
    """Keeps what one store says about duties. Safe to call from any thread."""

    rules: tuple[DutyRule, ...] = field(default_factory=read_rules)
    _facts: list[Told] = field(default_factory=list)
    _found: list[Duty] = field(default_factory=list)
    _of: tuple[int, int] = (-1, -1)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, store: Store, now_ns: int, *, overdue: bool = False) -> list[Duty]:
        """Duties still to be done, the earliest due first; `overdue` leaves only the late."""
        with self._lock:
            of = (store.size(), now_ns // FRESH_NS)
            if of != self._of:
                self._read(store)
                self._found, self._of = self._judge(store, now_ns), of
            found = self._found
        return [one for one in found if one.overdue or not overdue]

    def _read(self, store: Store) -> None:
        after = self._facts[-1].leaf if self._facts else -1
        while page := store.entries(after):
            self._facts += [told_of(entry) for entry in page]
            after = page[-1].leaf

    def _judge(self, store: Store, now_ns: int) -> list[Duty]:
        bodies = [entry.event.body for entry in store.key_entries()]
        roles = {body.party: body.role for body in bodies if isinstance(body, KeyRegistered)}
        found = duties(with_roles(store, self._facts), self.rules, now_ns, roles)
        return [one for one in found if not one.done]
