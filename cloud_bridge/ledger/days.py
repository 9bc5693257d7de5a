"""One day of a unit's telemetry as a Merkle tree, and a chunk of it that proves itself.

The leaves are the digests (SHA-256) of the day's signed records as `record` keeps them, in the
order of gateway, epoch and number: so a root can be checked, and any copy of a chunk be proven,
when the bytes themselves are long gone here. The root stands in the ledger as
`TelemetryCommitted`. A record belongs to the UTC day of its last sample.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from cloud_bridge.store.values import DayRecord
from packtrail.errors import CodecError
from packtrail.event import KeyRegistered, TelemetryCommitted
from packtrail.proof.merkle import (
    Node,
    grow,
    inclusion_proof,
    leaf_hash,
    root,
    verify_inclusion,
)
from packtrail.proof.pack import Check, PackProof, check_proof
from packtrail.record import MAX_RECORD_BYTES, unseal
from packtrail.signing import VerifyKey
from packtrail.times import NS_PER_S

DAY_NS: Final = 86_400 * NS_PER_S


class SampleProof(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk with its place in its day, and the story of the pack that holds the day's root.

    Attributes:
        format: 1.
        day: UTC date.
        record: the sealed bytes of the chunk, base64.
        index: its place among the day's records.
        path: audit path from its digest to the day's root, base64.
        pack: the proof that `TelemetryCommitted` stands in the ledger.
    """

    format: int = 1
    day: str
    record: str
    index: int
    path: tuple[str, ...]
    pack: PackProof


def day_of(t_ns: int) -> int:
    """The number of the UTC day since 1970-01-01."""
    return t_ns // DAY_NS


def name_of(day: int) -> str:
    """Its ISO date."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def number_of(name: str) -> int:
    """The number of an ISO date.

    Raises:
        ValueError: it is none.
    """
    return day_of(int(datetime.fromisoformat(name).replace(tzinfo=UTC).timestamp()) * NS_PER_S)


def told_day(name: str) -> int:
    """The number of the date that a statement names, -1 for none: a key of ours names one."""
    try:
        return number_of(name)
    except ValueError:
        return -1


def committed(day: int, records: Sequence[DayRecord], revision: int) -> TelemetryCommitted:
    """What the bridge states of a day."""
    return TelemetryCommitted(
        day=name_of(day),
        root=_Tree(records).root.hex(),
        records=len(records),
        samples=sum(one.samples for one in records),
        revision=revision,
    )


def path_of(records: Sequence[DayRecord], index: int) -> tuple[str, ...]:
    """The audit path of one record."""
    tree = _Tree(records)
    steps = inclusion_proof(index, len(records), tree.node)
    return tuple(base64.b64encode(step).decode() for step in steps)


def check_sample(proof: SampleProof, authority: VerifyKey) -> list[Check]:
    """Check a chunk against the one key that has to be known beforehand: its day, then its pack."""
    return [
        *check_proof(proof.pack, authority),
        Check("day", 1, _faults(_not_of_the_day(proof))),
        Check("sealed", 1, _faults(_not_sealed(proof))),
    ]


class _Tree:
    def __init__(self, records: Sequence[DayRecord]) -> None:
        self._nodes: dict[tuple[int, int], bytes] = {}
        for size, record in enumerate(records):
            self._add(grow(size, leaf_hash(record.digest), self.node))
        self.root = root(len(records), self.node)

    def node(self, level: int, position: int) -> bytes:
        return self._nodes[level, position]

    def _add(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            self._nodes[node.level, node.position] = node.hash


def _faults(why: str) -> tuple[str, ...]:
    return (why,) if why else ()


def _not_of_the_day(proof: SampleProof) -> str:
    """Why no standing root of the day leads to the chunk, or ""."""
    try:
        sealed = unseal(base64.b64decode(proof.record, validate=True), MAX_RECORD_BYTES)
        path = [base64.b64decode(step, validate=True) for step in proof.path]
    except (binascii.Error, CodecError) as error:
        return f"cannot be read: {error}"
    hashed = leaf_hash(hashlib.sha256(sealed.payload).digest())
    told = [
        body
        for fact in proof.pack.facts
        if isinstance(body := fact.signed.read().body, TelemetryCommitted) and body.day == proof.day
    ]
    if not told:
        return f"no root of {proof.day} stands in the story"
    newest = max(told, key=lambda body: body.revision)
    found = verify_inclusion(proof.index, newest.records, hashed, path, bytes.fromhex(newest.root))
    return "" if found else f"not among the records of {proof.day}"


def _not_sealed(proof: SampleProof) -> str:
    """Why the chunk is not what its gateway sealed for this pack, or ""."""
    try:
        sealed = unseal(base64.b64decode(proof.record, validate=True), MAX_RECORD_BYTES)
        record = sealed.read()
    except (binascii.Error, CodecError) as error:
        return f"cannot be read: {error}"
    bodies = [key.signed.read().body for key in proof.pack.keys]
    keys = [
        VerifyKey.from_text(body.public_key)
        for body in bodies
        if isinstance(body, KeyRegistered) and body.party == record.gateway
    ]
    if not any(sealed.accepted_by(key) for key in keys):
        return f"not signed by {record.gateway}"
    return "" if record.unit == proof.pack.unit else f"sealed for {record.unit}"
