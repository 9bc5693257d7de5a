"""Makes a pack's proof from a store; `packtrail.proof.pack` says what it is and checks it.

What it stands on is read at one moment: the signed head, which lines are the pack's, and its part
of the map of stories. Lines and complete nodes never change, so they are read page by page after
that: a story of any length leaves in pieces, and costs the memory of one page.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from cloud_bridge.errors import BridgeError
from cloud_bridge.ledger.key_lines import key_lines
from packtrail.errors import CodecError
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.proof.checkpoint import Checkpoint, open_checkpoint
from packtrail.proof.entry import Entry
from packtrail.proof.pack import PackProof, Proven
from packtrail.proof.paths import inclusion_paths
from packtrail.proof.stories import Completeness, root_in
from packtrail.shapes import from_json
from packtrail.signing import VerifyKey

if TYPE_CHECKING:
    from cloud_bridge.store import Store

FORMAT: Final = 1
PAGE: Final = 1_000
"""Facts of one piece."""

Path = TypeVar("Path", bytes, tuple[str, ...])


@dataclass(frozen=True, slots=True)
class Ground:
    """What a proof stands on, all of one moment.

    Attributes:
        unit: whose proof.
        note: the newest signed head.
        head: what it says.
        leaves: every line of the unit, rising; those from `head.size` on are too new.
        complete: the unit's part of the map of stories, where the head commits to it.
    """

    unit: UnitRef
    note: str
    head: Checkpoint
    leaves: tuple[int, ...]
    complete: Completeness | None

    @property
    def proven(self) -> tuple[int, ...]:
        """The lines that the head covers."""
        return tuple(leaf for leaf in self.leaves if leaf < self.head.size)

    @property
    def newer(self) -> int:
        """How many lines are too new for the head."""
        return len(self.leaves) - len(self.proven)

    @property
    def tag(self) -> str:
        """The same for the same proof: it follows from the head and from what is listed."""
        said = (FORMAT, str(self.unit), self.note, self.leaves)
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:32]


def ground_of(store: Store, unit: UnitRef, origin: str, log_key: VerifyKey) -> Ground:
    """What a proof of `unit` stands on now.

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
        leaves, complete = tuple(store.leaves_of(unit)), None
        if root_in(head.extension) is not None:
            size, complete = store.completeness(unit)
            if size != head.size:
                raise BridgeError(
                    "many facts are new; a head that covers them comes",
                    hint="try again",
                    retryable=True,
                )
    return Ground(unit, note, head, leaves, complete)


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
    ground = ground_of(store, unit, origin, log_key)
    pages = _pages(store, ground, _texts, ())
    facts = tuple(_proven(one, paths) for page, paths in pages for one in page)
    signers = {*(one.signed.key_id for one in facts), *also}
    keys, paths = _keys(store, ground, signers, _texts, ())
    return PackProof(
        unit=unit,
        origin=origin,
        checkpoint=ground.note,
        facts=facts,
        keys=tuple(_proven(one, paths) for one in keys),
        newer=ground.newer,
        complete=ground.complete,
    )


def proof_pieces(store: Store, ground: Ground) -> Iterator[bytes]:
    """`prove` as JSON in pieces of a page each; lines go out as they stand in the ledger.

    Raises:
        CodecError: a line was damaged after it was recorded.
    """
    begin = (FORMAT, ground.unit, ground.head.origin, ground.note)
    yield b'{"format":%b,"unit":%b,"origin":%b,"checkpoint":%b,"facts":[' % tuple(
        map(msgspec.json.encode, begin)
    )
    signers: set[str] = set()
    between = b""
    for page, paths in _pages(store, ground, _json, b""):
        signers.update(map(_signer, page))
        yield between + b",".join(_written(one, paths) for one in page)
        between = b","
    keys, paths = _keys(store, ground, signers, _json, b"")
    end = (ground.newer, ground.complete)
    yield b'],"keys":[%b],"newer":%b,"complete":%b}' % (
        b",".join(_written(one, paths) for one in keys),
        *map(msgspec.json.encode, end),
    )


def _pages(
    store: Store, ground: Ground, step: Callable[[bytes], Path], end: Path
) -> Iterator[tuple[Sequence[Entry], Mapping[int, Path]]]:
    """The facts under the head with their paths, a page at a time."""
    proven = iter(ground.proven)
    while leaves := tuple(itertools.islice(proven, PAGE)):
        paths = inclusion_paths(leaves, ground.head.size, store.nodes, step, end)
        yield store.entries_at(leaves), paths


def _keys(
    store: Store, ground: Ground, signers: Iterable[str], step: Callable[[bytes], Path], end: Path
) -> tuple[Sequence[Entry], Mapping[int, Path]]:
    """The key lines under the head that bear on who has signed."""
    size = ground.head.size
    keys = [one for one in key_lines(store).about(signers) if one.leaf < size]
    return keys, inclusion_paths((one.leaf for one in keys), size, store.nodes, step, end)


def _proven(entry: Entry, paths: Mapping[int, tuple[str, ...]]) -> Proven:
    return Proven(entry.leaf, entry.signed, paths[entry.leaf])


def _written(entry: Entry, paths: Mapping[int, bytes]) -> bytes:
    """`Proven` as JSON; a path is its steps, each with a comma after it."""
    return b'{"leaf":%d,"signed":%b,"path":[%b]}' % (
        entry.leaf,
        entry.data,
        paths[entry.leaf][:-1],
    )


def _texts(step: bytes) -> tuple[str, ...]:
    return (base64.b64encode(step).decode(),)


def _json(step: bytes) -> bytes:
    return b'"%b",' % base64.b64encode(step)


class _Signer(msgspec.Struct, frozen=True):
    """Who has signed a line, without reading what."""

    key_id: str


def _signer(entry: Entry) -> str:
    try:
        entry.data.decode()  # what is skipped below is not looked at
        return from_json(entry.data, _Signer).key_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("json", f"ledger line {entry.leaf}: {error}") from error
