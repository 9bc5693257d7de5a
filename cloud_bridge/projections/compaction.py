"""Small files of the lake become large ones, in one step that nobody can see the middle of.

A folder is built anew beside the old one (what stays is linked, not copied), made durable, and the
two change places by `renameat2(RENAME_EXCHANGE)` (Linux 3.15 and later). Whoever lists the folder
sees it as it was or as it is, each row once. The old one stays hidden for a while, so that a list
that somebody is reading stays whole; a file that was on it and is joined now is not found, which is
an error to begin anew after, never a row too many or too few. (`pyarrow.dataset` passes over files
that go while it lists a folder itself: give it the list.) After kill -9 either folder may be left
over; a later call removes it. Where the file system knows no such exchange small files stay as
they are.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from cloud_bridge.projections.tables import write_table, write_whole

AT_FDCWD: Final = -100
RENAME_EXCHANGE: Final = 2
UNKNOWN: Final = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


class Tiers(NamedTuple):
    """When files of facts are joined, so that few rows are written often.

    Attributes:
        few: this many files of less than `small` rows in a row become one.
        small: rows.
        large: rows; a file of so many is not touched again.
        grace_s: how long a folder that was replaced stays, seconds.
    """

    few: int = 20
    small: int = 5_000
    large: int = 50_000
    grace_s: float = 60.0


class Piece(NamedTuple):
    """A file by the positions or leaves that its name says it covers."""

    first: int
    last: int
    file: Path

    @property
    def rows(self) -> int:
        """At most so many: leaves have no gap."""
        return self.last - self.first + 1


def compact_day(folder: Path) -> None:
    """Make one file of a day's files; what was attributed later stays beside it."""
    pieces = _pieces(folder)
    if len(pieces) > 1:
        _rebuild(folder, [pieces], "t_ns")


def compact_facts(folder: Path, tiers: Tiers) -> None:
    """Join runs of small files of facts."""
    if not folder.exists():
        return
    runs = _runs(_pieces(folder), tiers)
    if runs:
        _rebuild(folder, runs, "leaf")


def drop(folder: Path) -> None:
    """Remove a partition; who is reading its list may finish that."""
    _put_away(folder, folder)


def clean(parent: Path, grace_s: float) -> None:
    """Remove what was replaced longer ago, and what a kill left over.

    Args:
        parent: of the folders that were replaced.
        grace_s: how long they stay, seconds.
    """
    for left in parent.glob(".*.old.*"):
        # A clock that was set back shall not keep it for ever.
        if abs(time.time() - left.stat().st_mtime) >= grace_s:
            shutil.rmtree(left)
    for left in parent.glob(".*.next"):
        shutil.rmtree(left)


def _pieces(folder: Path) -> list[Piece]:
    """Files in order, without those that another one covers (left by compaction of old)."""
    found = []
    for file in folder.glob("[0-9]*.parquet"):
        first, last = (int(part) for part in file.stem.split("-"))
        found.append(Piece(first, last, file))
    found.sort(key=lambda one: (one.first, -one.last))
    kept: list[Piece] = []
    for one in found:
        if kept and one.last <= kept[-1].last:
            one.file.unlink()
        else:
            kept.append(one)
    return kept


def _runs(pieces: Sequence[Piece], tiers: Tiers) -> list[list[Piece]]:
    """Which files become one each."""
    runs = []
    for wanted in (lambda n: n < tiers.small, lambda n: tiers.small <= n < tiers.large):
        for run in _alike(pieces, wanted, tiers.large):
            full = sum(one.rows for one in run) >= tiers.large
            if len(run) > 1 and (full or (len(run) >= tiers.few and run[0].rows < tiers.small)):
                runs.append(run)
    return runs


def _alike(pieces: Sequence[Piece], wanted: Callable[[int], bool], most: int) -> list[list[Piece]]:
    """Neighbours of one tier, each run up to `most` rows."""
    runs: list[list[Piece]] = [[]]
    for one in pieces:
        if not wanted(one.rows):
            runs.append([])
            continue
        if sum(before.rows for before in runs[-1]) >= most:
            runs.append([])
        runs[-1].append(one)
    return [run for run in runs if run]


def _rebuild(folder: Path, runs: Sequence[Sequence[Piece]], order: str) -> None:
    """The folder with each run in one file, all at once."""
    beside = _beside(folder)
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    joined = {piece.file for run in runs for piece in run}
    for file in folder.iterdir():
        if file not in joined and file.suffix == ".parquet":
            _take_along(file, beside / file.name)
    for run in runs:
        write_table(
            beside / f"{run[0].first:012}-{max(one.last for one in run):012}.parquet",
            _joined(run, order),
        )
    _sync(beside)
    if _exchange(beside, folder):
        _put_away(beside, folder)
        _sync(folder.parent)
    else:
        shutil.rmtree(beside)


def _put_away(gone: Path, folder: Path) -> None:
    """Hide what stood at `folder` until nobody reads its list any more."""
    os.utime(gone)
    gone.rename(folder.with_name(f".{folder.name}.old.{time.time_ns()}"))


def _take_along(file: Path, to: Path) -> None:
    try:
        os.link(file, to)
    except OSError:  # a file system without links
        write_whole(to, file.read_bytes())


def _joined(run: Sequence[Piece], order: str) -> pa.Table:
    tables = [parquet.read_table(one.file, partitioning=None) for one in run]
    return pa.concat_tables(tables, promote_options="permissive").sort_by(order)


def _beside(folder: Path) -> Path:
    """Hidden from who looks for partitions; `pyarrow.dataset` passes over it as well."""
    return folder.with_name(f".{folder.name}.next")


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where that is not known here."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if rename(AT_FDCWD, paths[0], AT_FDCWD, paths[1], RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), str(other))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
