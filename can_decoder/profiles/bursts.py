"""Bursts: which frames of a burst a tracker has to look at.

Of a message that states everything anew with each frame, only the last frame of a burst can
still matter: the state holds the latest value, and a burst is a few hundredths of a second.
Counters, checksums and transports need every frame; a multiplexed message needs the last one
of each page, and a shorter frame does not make up for a longer one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from can_decoder.frames import FrameBatch, IdFilter
from can_decoder.plan import NO_PARENT, Plan

EVERY: Final = "every"
"""Every frame of this message matters."""
UNWANTED: Final = "unwanted"
"""No frame of this message matters."""


class Pages(Protocol):
    """Tells frames of one message apart that state different things."""

    def __call__(self, payload: bytes, /) -> object:
        """The same for two payloads if the later makes up for the earlier."""
        ...


OneFrame = tuple[int, int, bool, bytes]
"""Time, identifier, whether it has 29 bits, payload: as `feed` takes them."""
Need = Pages | str | None
"""`EVERY`, `UNWANTED`, how to tell pages apart, or None: the last frame makes up for all."""


class Rows:
    """The rows of a burst, sorted into those to feed and those that later ones make up for.

    Args:
        keys: identifier of each row.
        payloads: bytes of each row.
        need: which rows of an identifier matter.
        is_whole: whether a payload updates all that its page can; else it makes up for nothing.

    Attributes:
        wanted: to be fed, in order.
        superseded: number of frames that later ones make up for.
        unwanted: number of frames that nobody needs.
    """

    def __init__(
        self,
        keys: list[int],
        payloads: list[bytes],
        need: Callable[[int], Need],
        is_whole: Callable[[int, bytes], bool],
    ) -> None:
        self.wanted: list[int] = []
        self.superseded = 0
        self.unwanted = 0
        self._payloads, self._is_whole = payloads, is_whole
        rows: dict[int, list[int]] = {}
        for row, key in enumerate(keys):
            rows.setdefault(key, []).append(row)
        for key, found in rows.items():
            self._sort_in(key, found, need(key))
        self.wanted.sort()

    def _sort_in(self, key: int, rows: list[int], need: Need) -> None:
        if need is UNWANTED:
            self.unwanted += len(rows)
        elif need is EVERY or len(rows) == 1:
            self.wanted += rows
        else:
            tell_apart: Pages = len if need is None or isinstance(need, str) else need
            pages: dict[object, list[int]] = {}
            for row in rows:
                pages.setdefault(tell_apart(self._payloads[row]), []).append(row)
            for page in pages.values():
                self._keep_last(key, page)

    def _keep_last(self, key: int, rows: list[int]) -> None:
        if len(rows) > 1 and self._is_whole(key, self._payloads[rows[-1]]):
            self.superseded += len(rows) - 1
            rows = rows[-1:]
        self.wanted += rows


def pages_of(plan: Plan) -> Pages | None:
    """How to tell the pages of a multiplexed message apart; None when it has none."""
    switches = {field.parent for field in plan.fields} - {NO_PARENT}
    if not switches:
        return None
    fields = [plan.fields[index] for index in sorted(switches)]

    def page(payload: bytes) -> object:
        size = len(payload)
        return size, *(field.bits(payload) for field in fields if field.last < size)

    return page


def columns_of(batch: FrameBatch) -> list[OneFrame]:
    """Frames one by one, as `feed` takes them."""
    return list(
        zip(
            batch.t_ns.tolist(),
            batch.ids.tolist(),
            batch.extended.tolist(),
            batch.payloads(),
            strict=True,
        )
    )


def group_filter(pgn: int) -> IdFilter:
    """All frames of a J1939 parameter group, whoever sends them and to whom (J1939-21, 5.3)."""
    peer_to_peer = (pgn >> 8 & 0xFF) < 240
    return IdFilter(pgn << 8, 0x03FF_0000 if peer_to_peer else 0x03FF_FF00, extended=True)
