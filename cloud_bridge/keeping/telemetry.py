"""Chunks and kept bytes, looked at one by one: seal, signature, digest, and what columns say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.voices import Voices
from cloud_bridge.keeping.workers import Hand
from cloud_bridge.store import Store
from packtrail.columns import check_columns
from packtrail.errors import CodecError
from packtrail.record import MAX_RECORD_BYTES, Sealed, unseal
from packtrail.topics import RecordAddress

FOREVER: Final = 2**62
SPAN: Final = 500


class ChunkRow(NamedTuple):
    """A row of chunks with the digest that its record was taken under; None for no record.

    `retired` is the leaf of the statement under which its bytes went; `check_retired` asks it.
    """

    gateway: str
    epoch: str
    seq: int
    scheme: str | None
    unit: str | None
    slot: str
    from_ns: int
    to_ns: int
    samples: int
    data: bytes
    digest: bytes | None
    retired: int | None

    @property
    def name(self) -> str:
        """Where it is."""
        return f"{self.gateway}/{self.epoch}/{self.seq}"


def chunk_spans(store: Store) -> Iterator[tuple[int, int]]:
    """Positions from the first up to and without the second, of chunks that are there."""
    first = next(store.stream("first_chunk"))[0]
    while first is not None:
        yield first, first + SPAN
        first = next(store.stream("next_chunk", {"first": first + SPAN}))[0]


def look_at_chunks(span: tuple[int, int], hand: Hand) -> Findings:
    """Faults of the chunks of a span."""
    found = Findings("chunks")
    for content in hand.store.stream("chunks_between", {"first": span[0], "last": span[1]}):
        row = ChunkRow._make(content)
        found.count += 1
        try:
            fault = _fault(row, hand.voices)
        except CodecError as error:
            fault = f"cannot be read: {error}"
        if fault:
            found.fault(f"chunk {row.name}: {fault}")
    return found


def kept_fault(gateway: str, data: bytes, digest: bytes | None, voices: Voices) -> str:
    """What is wrong with bytes that were refused or came under a taken number, or "".

    They may be too long for a record, and their content nothing at all.
    """
    try:
        sealed = unseal(data, len(data))
    except CodecError as error:
        return f"cannot be read: {error}"
    return _seal_fault(sealed, gateway, digest, voices)


def _fault(row: ChunkRow, voices: Voices) -> str:
    if row.digest is None:
        return "no record says that it was stored"
    if row.retired is not None:
        return f"leaf {row.retired} retires it, and its bytes are there" if row.data else ""
    if not row.data:
        return "its bytes are gone, and no statement retires it"
    sealed = unseal(row.data, MAX_RECORD_BYTES)
    fault = _seal_fault(sealed, row.gateway, row.digest, voices)
    if fault:
        return fault
    record = sealed.read()
    if RecordAddress(record.gateway, record.epoch, record.seq) != row[:3]:
        return "sealed for another number"
    unit = (record.unit.scheme, record.unit.id) if record.unit else (None, None)
    span = check_columns(record.body)
    told = (*unit, record.slot, span.from_ns, span.to_ns, span.n)
    return "" if told == row[3:9] else f"its columns say {row[3:9]}, its content {told}"


def _seal_fault(sealed: Sealed, gateway: str, digest: bytes | None, voices: Voices) -> str:
    if hashlib.sha256(sealed.payload).digest() != digest:
        return "not what came under this number"
    voice = voices.of(sealed.key_id, FOREVER)
    if voice is None or voice.party != gateway or not sealed.accepted_by(voice.key):
        return "not signed by its gateway"
    return ""
