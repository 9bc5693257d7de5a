"""One fact as the fold reads it, and the order in which facts are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from packtrail.event import Event, SignedEvent


@dataclass(frozen=True, slots=True)
class Told:
    """An event with its id, when the ledger recorded it, and in which role its author spoke.

    `recorded_ns` selects what was known at a moment; the fold itself never looks at it, else
    a late arrival would change the state's bytes. Nor at `leaf`, its line in the ledger.
    """

    event_id: str
    event: Event
    recorded_ns: int = 0
    role: str = ""
    leaf: int = -1
    _order: tuple[int, int, str, str, int, str] | None = field(
        default=None, init=False, compare=False, repr=False
    )

    @classmethod
    def of(cls, signed: SignedEvent, recorded_ns: int = 0, role: str = "") -> Self:
        """The typed fact of a signed event."""
        return cls(signed.event_id, signed.read(), recorded_ns, role)

    @property
    def order(self) -> tuple[int, int, str, str, int, str]:
        """When it occurred, then the author's own counter, then the event id."""
        if self._order is not None:
            return self._order
        event = self.event
        order = (
            event.from_ns,
            event.to_ns,
            event.author,
            event.stream,
            event.counter,
            self.event_id,
        )
        # A kept story is sorted anew with each fact that is added to it.
        object.__setattr__(self, "_order", order)
        return order

    @property
    def end_ns(self) -> int:
        """When it was over at the latest, UTC ns."""
        return self.order[1]


def in_order(facts: Iterable[Told]) -> list[Told]:
    """Each fact once, in the one order that every bridge reads them in."""
    once = {told.event_id: told for told in facts}
    return sorted(once.values(), key=lambda told: told.order)
