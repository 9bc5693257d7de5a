"""What a statement of retirement commits to: a line for each record whose bytes went.

The line is compact JSON of gateway, epoch, number, digest (hex), slot, first and last sample (UTC
ns) and samples, in UTF-8 as it is. `TelemetryRetired.removed` is the RFC 6962 root over the
lines in the order of gateway, epoch and number: what stays of a record in the store is thereby
as hard to change as its bytes were.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from packtrail.proof.merkle import grow, leaf_hash, root
from packtrail.topics import RecordAddress


class RetiredRecord(NamedTuple):
    """What stays of a record."""

    address: RecordAddress
    digest: bytes
    slot: str
    from_ns: int
    to_ns: int
    samples: int

    @property
    def line(self) -> bytes:
        """Its leaf."""
        fields = [*self.address, self.digest.hex(), *self[2:]]
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def removed_root(records: Iterable[RetiredRecord]) -> str:
    """The root over records, whatever their order, hex."""
    nodes: dict[tuple[int, int], bytes] = {}
    size = 0
    for record in sorted(records, key=lambda one: one.address):
        for node in grow(size, leaf_hash(record.line), lambda level, at: nodes[level, at]):
            nodes[node.level, node.position] = node.hash
        size += 1
    return root(size, lambda level, at: nodes[level, at]).hex()
