"""Bursts: which frames of a burst a tracker has to look at.

Of a message that states everything anew with each frame, only the last frame of a burst can
still matter: the state holds the latest value, and a burst is a fraction of a second. Counters
and checksums are verified on every frame; a multiplexed message needs the last frame of each
page; a shorter frame does not make up for a longer one; one that holds an invalid value makes
up for none.
"""

from __future__ import annotations

from collections.abc import Callable

from can_decoder.frames import FrameBatch, IdFilter
from can_decoder.plan import NO_PARENT, Plan

OneFrame = tuple[int, int, bool, bytes]
"""Time, identifier, whether it has 29 bits, payload: as `feed` takes them."""
Pages = Callable[[bytes], object]
"""The same for two payloads of a message if the later can make up for the earlier."""


def rows_of(keys: list[int]) -> dict[int, list[int]]:
    """Rows of each identifier, in order."""
    rows: dict[int, list[int]] = {}
    for row, key in enumerate(keys):
        if key in rows:
            rows[key].append(row)
        else:
            rows[key] = [row]
    return rows


def pages_of(plan: Plan) -> Pages:
    """How to tell the pages of a message apart: by length, and by its multiplexors."""
    switches = sorted({field.parent for field in plan.fields} - {NO_PARENT})
    fields = [plan.fields[index] for index in switches]
    if not fields:
        return len
    if len(fields) > 1:
        return lambda data: (len(data), *(f.bits(data) for f in fields if f.last < len(data)))
    (only,) = fields
    first, end, shift, mask = only.first, only.last + 1, only.shift, (1 << only.size) - 1
    order, read = only.order, int.from_bytes
    return lambda data: (len(data), read(data[first:end], order) >> shift & mask)


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
