"""The arithmetic of receipts: how far numbers go without a hole, and what lies beyond it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cloud_bridge.store.rows import Run
from packtrail.receipt import MAX_AHEAD


def reach(run: Run, gateway: str, epoch: str, through: int) -> tuple[int, tuple[int, ...]]:
    """How far numbers go without a hole from `through` on, and the lowest beyond the hole.

    Read in pages: a gateway may have any number of records waiting behind a hole.
    """
    key = {"gateway": gateway, "epoch": epoch, "limit": MAX_AHEAD}
    while True:
        page = [row[0] for row in run("numbers_above", {**key, "through": through})]
        joined = contiguous(through, page)
        if joined < through + MAX_AHEAD:
            ahead = [seq for seq in page if seq > joined]
            return joined, tuple(ahead)
        through = joined


def named_ahead(through: int, touched: Iterable[int], waiting: Iterable[int]) -> tuple[int, ...]:
    """What a receipt names beyond `through`: first what it answers, then the lowest.

    Behind a hole that nothing will ever close (a bridge that was restored from a backup) the
    lowest numbers alone would leave everything later without an answer for ever.
    """
    answered = sorted(seq for seq in touched if seq > through)[:MAX_AHEAD]
    others = [seq for seq in waiting if seq not in answered]
    return tuple(sorted(answered + others[: MAX_AHEAD - len(answered)]))


def contiguous(through: int, above: Iterable[int]) -> int:
    """The end of the sequence without a hole that starts at `through`."""
    for seq in above:
        if seq != through + 1:
            break
        through = seq
    return through


def beyond(through: int, touched: Collection[int]) -> list[int]:
    """The numbers above `through`, rising."""
    return sorted(seq for seq in touched if seq > through)
