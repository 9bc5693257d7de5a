"""Makes a pack's proof from a store; `packtrail.proof.pack` says what it is and checks it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from cloud_bridge.errors import BridgeError
from cloud_bridge.ledger.key_lines import key_lines
from packtrail.errors import CodecError
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.proof.checkpoint import Checkpoint, open_checkpoint
from packtrail.proof.entry import Entry
from packtrail.proof.merkle import ReadNode, inclusion_proof
from packtrail.proof.pack import PackProof, Proven
from packtrail.proof.stories import root_in
from packtrail.signing import VerifyKey

if TYPE_CHECKING:
    from cloud_bridge.store import Store


def prove(
    store: Store, unit: UnitRef, origin: str, log_key: VerifyKey, also: Iterable[str] = ()
) -> PackProof:
    """The proof of `unit` up to the newest checkpoint.

    Args:
        store: where.
        unit: whose.
        origin: names the log.
        log_key: the log's.
        also: ids of keys that signed something beside the facts; their lines come along.

    Raises:
        BridgeError: there is no checkpoint yet, or it is not this log's.
    """
    with store.reading():
        note = store.checkpoint()
        if note is None:
            raise BridgeError("no checkpoint yet", hint="start the bridge once", retryable=True)
        try:
            head = open_checkpoint(note, origin, log_key)
        except CodecError as error:
            raise BridgeError(
                Text("the newest checkpoint is not valid", "最新检查点无效"), where=str(error)
            ) from error
        entries, complete = store.entries_of(unit), None
        if root_in(head.extension) is not None:
            size, complete = store.completeness(unit)
            if size != head.size:
                raise BridgeError(
                    "many facts are new; a head that covers them comes",
                    hint="try again",
                    retryable=True,
                )
        nodes = _remembered(store.node)
        facts = _proven(nodes, entries, head)
        signers = {*(one.signed.key_id for one in facts), *also}
        return PackProof(
            unit=unit,
            origin=origin,
            checkpoint=note,
            facts=facts,
            keys=_proven(nodes, key_lines(store).about(signers), head),
            newer=len(entries) - len(facts),
            complete=complete,
        )


def _remembered(read: ReadNode) -> ReadNode:
    """Nodes read once: the paths of one story share most of theirs."""
    return cache(read)


def _proven(read: ReadNode, entries: Sequence[Entry], head: Checkpoint) -> tuple[Proven, ...]:
    return tuple(
        Proven(
            entry.leaf,
            entry.signed,
            tuple(
                base64.b64encode(step).decode()
                for step in inclusion_proof(entry.leaf, head.size, read)
            ),
        )
        for entry in entries
        if entry.leaf < head.size
    )
