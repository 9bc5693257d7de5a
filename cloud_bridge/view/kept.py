"""What is made of a pack's story again and again, kept for as long as the story stays the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar, cast

MOST: Final = 1_000

Made = TypeVar("Made")


class Same:
    """Equal to another only where both hold one and the same object."""

    __slots__ = ("it",)

    def __init__(self, it: object) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.it is self.it

    def __hash__(self) -> int:
        return id(self.it)


class Kept:
    """Keeps what was made last under each key. Safe to call from any thread.

    Args:
        most: so many are kept, those that nobody asked for the longest go first.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._made: OrderedDict[Hashable, tuple[object, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Hashable, stamp: object, make: Callable[[], Made]) -> Made:
        """What `make` gives, or what it gave when it was asked under an equal stamp.

        Args:
            key: what it is.
            stamp: everything that it depends on.
            make: makes it.
        """
        with self._lock:
            known = self._made.get(key)
            if known is not None and known[0] == stamp:
                self._made.move_to_end(key)
                return cast("Made", known[1])
        made = make()
        with self._lock:
            self._made[key] = stamp, made
            self._made.move_to_end(key)
            if len(self._made) > self._most:
                self._made.popitem(last=False)
        return made
