"""What came since an earlier verification: the newer lines in full, the older by their head alone.

Whoever kept the head of a verification that found nothing knows what every line before it was.
That the stored tree still gives that head shows that no history was put in its place. It does not
show that the older lines, chunks and indexes are still as they were then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from cloud_bridge.errors import BridgeError, StoreError
from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.ledger import LedgerCheck
from cloud_bridge.keeping.stories import check_stories
from cloud_bridge.keeping.tree import BEYOND
from cloud_bridge.keeping.whole import LEDGER, LINES, STORIES, STORY, Verified, Watch, unwatched
from cloud_bridge.keeping.workers import Hand, Workers, working
from cloud_bridge.store import Store
from packtrail.errors import CodecError
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.proof.checkpoint import Checkpoint, open_checkpoint
from packtrail.proof.merkle import root
from packtrail.proof.pack import Check
from packtrail.proof.stories import bucket_of, key_of
from packtrail.signing import VerifyKey

_NO_HEAD = Text("no signed head of this ledger: {why}", "不是本账本的已签名检查点：{why}")
_KEPT = Text("`verify --keep FILE` writes one", "可用 verify --keep 文件 生成")


def verify_since(
    store: Store,
    origin: str,
    authority: VerifyKey,
    note: str,
    jobs: int = 0,
    watch: Watch = unwatched,
) -> Verified:
    """Every check on the lines that the head in `note` does not cover.

    Args:
        store: of one bridge or many.
        origin: names the log in its heads.
        authority: the pinned key.
        note: the head of a verification that found nothing.
        jobs: see `verify_store`.
        watch: see `verify_store`.

    Raises:
        BridgeError: it is no head of this ledger.
    """
    try:
        head = open_checkpoint(note, origin, authority)
    except CodecError as error:
        raise BridgeError(_NO_HEAD.fill(why=str(error)), where="--since", hint=_KEPT) from error
    with working(store, origin, authority, jobs or os.cpu_count() or 1) as workers:
        earlier = _earlier(workers.own.store, head)
        if earlier.faults:
            return Verified([earlier])
        found = _check_newer(workers, head.size, watch)
        return Verified([earlier, *found], workers.own.store.checkpoint())


def _earlier(store: Store, head: Checkpoint) -> Check:
    found = Findings("earlier", 1)
    try:
        size = store.size()
        if head.size > size:
            found.fault(f"a head of {head.size} lines, the ledger has {size}")
        elif root(head.size, store.node) != head.root:
            found.fault(f"the first {head.size} lines are not those that were verified")
    except StoreError as error:
        if error.retryable:
            raise
        found.fault(str(error))
    return found.check()


def _check_newer(workers: Workers, since: int, watch: Watch) -> list[Check]:
    store = workers.own.store
    ledger = LedgerCheck(workers, since)
    with watch(LEDGER, max(store.size() - ledger.first, 0), LINES) as told:
        ledger.read(told)
    touched = set(_touched(workers.own, ledger.first))
    with watch(STORIES, len(touched), STORY) as told:
        stories = check_stories(workers, told, touched)
    return [*ledger.checks(), stories, ledger.now.check()]


def _touched(hand: Hand, first: int) -> Iterator[int]:
    """Parts of the map in which there are packs that newer lines speak of."""
    between = {"first": first, "last": BEYOND}
    for _, scheme, name in hand.store.stream("listed_between", between):
        yield bucket_of(key_of(UnitRef(scheme, name)))
