"""A chunk with its place in its day: what `packtrail id prove --sample` writes."""

from __future__ import annotations

import base64
from typing import Final

from cloud_bridge.errors import BridgeError
from cloud_bridge.ledger.days import DAY_NS, SampleProof, day_of, name_of, path_of
from cloud_bridge.store import Store, StoredChunk
from packtrail.event import TelemetryCommitted
from packtrail.language import Text
from packtrail.proof.pack import PackProof

_OPEN: Final = Text("the day is not closed yet", "该日尚未封存")
_LATER: Final = Text("try again an hour after its end", "请在当日结束一小时后再试")
_LATE: Final = Text("the chunk came after the newest root of its day", "数据块晚于当日最新的根")


def sample_proof(store: Store, chunk: StoredChunk, pack: PackProof) -> SampleProof:
    """The proof of one chunk by the newest root of its day that stands in `pack`.

    Raises:
        BridgeError: no root of the day is in the signed tree yet, or the chunk came after it.
    """
    day = day_of(chunk.chunk.to_ns)
    found = [fact for fact in pack.facts if _is_of(fact.signed.read().body, day)]
    where = f"{pack.unit} {name_of(day)}"
    if not found:
        raise BridgeError(_OPEN, where=where, hint=_LATER, retryable=True)
    newest = store.entry(found[-1].signed.event_id)
    stated_ns = newest.recorded_ns if newest else 0
    there = store.day_records(pack.unit, day * DAY_NS, (day + 1) * DAY_NS)
    records = [one for one in there if one.recorded_ns <= stated_ns]
    places = [one.address for one in records]
    if chunk.address not in places:
        raise BridgeError(_LATE, where=where, hint=_LATER, retryable=True)
    index = places.index(chunk.address)
    return SampleProof(
        day=name_of(day),
        record=base64.b64encode(chunk.data).decode(),
        index=index,
        path=path_of(records, index),
        pack=pack,
    )


def _is_of(body: object, day: int) -> bool:
    return isinstance(body, TelemetryCommitted) and body.day == name_of(day)
