"""Lines of one type as what they say; those that cannot be read are told as lines, not here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from cloud_bridge.store import Entry, Store
from packtrail.errors import PacktrailError
from packtrail.event import Event, EventBody

PAGE = 500

Body = TypeVar("Body", bound=EventBody)
Stated = tuple[Entry, Event, Body]


def stated(store: Store, kind: type[Body]) -> Iterator[Stated[Body]]:
    """Lines that are listed as of this type, rising; call it inside `reading`."""
    after = -1
    while page := store.entries_of_type(kind.__name__, after, PAGE):
        yield from bodies(page, kind)
        after = page[-1].leaf


def bodies(entries: Iterable[Entry], kind: type[Body]) -> Iterator[Stated[Body]]:
    """Of some lines those that can be read and are of this type."""
    for entry in entries:
        try:
            event = entry.event
        except PacktrailError:
            continue
        if isinstance(event.body, kind):
            yield entry, event, event.body
