"""The audit: what only the keeper of the store can check, from the first leaf to the last.

Rebuilds the tree from the events themselves and compares it with every signed checkpoint, so
that a changed, removed, added or reordered line anywhere is found, and looks for facts of a
pack that its index hides.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloud_bridge.store import Entry, Store
from packtrail.errors import CodecError
from packtrail.event import TelemetryRetired, UnitRef, subjects, units_named
from packtrail.proof.checkpoint import open_checkpoint
from packtrail.proof.merkle import grow, leaf_hash, root
from packtrail.proof.pack import Check, check_numbers
from packtrail.proof.trust import TrustList
from packtrail.record import MAX_RECORD_BYTES, unseal
from packtrail.signing import VerifyKey

ALL_TIME = (0, 2**63 - 1)
CHUNKS = 1_000_000


def audit(store: Store, unit: UnitRef, origin: str, authority: VerifyKey) -> list[Check]:
    """Every check on `unit` and on the ledger around it."""
    with store.reading():
        tree = _check_tree(store, origin, authority)
        if tree.faults:
            # Lines that were changed may not even be readable: nothing further can be said.
            return [tree]
        return [
            tree,
            _check_complete(store, unit),
            _check_conflicts(store, unit),
            _check_telemetry(store, unit, authority),
            *_check_retired(store, unit),
            _check_records(store),
        ]


def _check_tree(store: Store, origin: str, authority: VerifyKey) -> Check:
    heads: dict[int, bytes] = {}
    faults: list[str] = []
    for note in store.checkpoints():
        try:
            head = open_checkpoint(note, origin, authority)
            heads[head.size] = head.root
        except CodecError as error:
            faults.append(str(error))
    nodes: dict[tuple[int, int], bytes] = {}
    size = 0
    for size, entry in enumerate(_entries(store), start=1):
        hashed = leaf_hash(entry.data)
        if entry.leaf != size - 1 or hashed != store.node(0, entry.leaf):
            faults.append(f"leaf {entry.leaf} was changed")
        elif entry.event_id != entry.true_id:
            faults.append(f"leaf {entry.leaf} is listed under another id")
        for node in grow(size - 1, hashed, lambda level, position: nodes[level, position]):
            nodes[node.level, node.position] = node.hash
        signed = heads.pop(size, None)
        if signed and signed != root(size, lambda level, position: nodes[level, position]):
            faults.append(f"the first {size} lines do not give the root that was signed")
    faults += [f"a checkpoint of {lost} lines, the ledger has {size}" for lost in heads if lost]
    return Check("tree", size, tuple(faults))


def _check_complete(store: Store, unit: UnitRef) -> Check:
    listed = {entry.leaf for entry in store.entries_of(unit)}
    named = _named(store, unit)
    faults = [f"leaf {leaf} names the pack and is not listed" for leaf in sorted(named - listed)]
    faults += [f"leaf {leaf} is listed and does not name it" for leaf in sorted(listed - named)]
    return Check("complete", len(named), tuple(faults))


def _check_conflicts(store: Store, unit: UnitRef) -> Check:
    """Like `check_numbers`, with the other contents that speak of other packs."""
    found = {}
    for entry in store.entries_of(unit):
        event = entry.event
        for one in store.conflicting(event.author, event.stream, event.counter):
            found[one.leaf] = one.signed
    return check_numbers(found.values())


def _check_telemetry(store: Store, unit: UnitRef, authority: VerifyKey) -> Check:
    trust = TrustList(authority).extended(store.key_entries())
    faults = []
    chunks = store.chunks_of(unit, *ALL_TIME, CHUNKS)
    for chunk in chunks:
        sealed = unseal(chunk.data, MAX_RECORD_BYTES)
        voice = trust.voices.get(sealed.key_id)
        if voice is None or not sealed.accepted_by(voice.key):
            faults.append(f"{chunk.address.gateway} {chunk.address.epoch} {chunk.address.seq}")
    return Check("telemetry", len(chunks), tuple(faults))


def _check_retired(store: Store, unit: UnitRef) -> list[Check]:
    """Chunks without their bytes: each names a statement about the unit. None where there is none.

    Whether the statement speaks of just these chunks is what `packtrail bridge verify` checks.
    """
    emptied = store.emptied_of(unit, *ALL_TIME, CHUNKS)
    if not emptied:
        return []
    stated = _retirements(store, unit)
    faults = [
        f"{one.address.gateway} {one.address.epoch} {one.address.seq}: its bytes are gone"
        for one in emptied
        if one.retired not in stated
    ]
    return [Check("retired", len(emptied), tuple(faults))]


def _retirements(store: Store, unit: UnitRef) -> frozenset[int]:
    """Leaves of the statements that let go of a unit's telemetry."""
    found = store.entries_of(unit)
    return frozenset(one.leaf for one in found if isinstance(one.event.body, TelemetryRetired))


def _check_records(store: Store) -> Check:
    found = store.equivocations()
    faults = [
        f"{one.address.gateway} {one.address.epoch} number {one.address.seq}" for one in found
    ]
    return Check("records", store.counts().chunks, tuple(faults))


def _named(store: Store, unit: UnitRef) -> set[int]:
    """Leaves that name `unit`, or speak of one that does, however many steps away."""
    leaves, ids, statements = set(), set(), []
    for entry in _entries(store):
        event = entry.event
        if unit in units_named(event):
            leaves.add(entry.leaf)
            ids.add(entry.event_id)
        targets = {name for kind, name in subjects(event) if kind == "event"}
        if targets:
            statements.append((entry, targets))
    while more := [one for one, targets in statements if one.leaf not in leaves and targets & ids]:
        leaves |= {one.leaf for one in more}
        ids |= {one.event_id for one in more}
    return leaves


def _entries(store: Store) -> Iterator[Entry]:
    after = -1
    while page := store.entries(after):
        yield from page
        after = page[-1].leaf
