"""The Parquet lake: telemetry by pack and day, and every fact; what fleets are computed from.

    telemetry/pack=CODE/day=2026-04-01/000000000001-000000000200.parquet   one row a sample
    facts/000000000000-000000000499.parquet                                one row a ledger line

Columns of telemetry: `t_ns`, then quantities by name; per-cell quantities are lists. A file is
named by the positions (or leaves) that it covers, written beside and renamed, so a reader never
sees half of one. The files of a day become one when the day is over, small files of facts large
ones (see `compaction`); what was told late to be another pack's stands beside them in
`attributed-…` files. Nothing is double after a kill: a note says what a portion writes, and what
was written in vain is removed first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa

from cloud_bridge.projections.compaction import (
    Tiers,
    clean,
    compact_day,
    compact_facts,
    drop,
)
from cloud_bridge.projections.contract import Portion, TargetError
from cloud_bridge.projections.tables import (
    DAY_NS,
    by_day,
    day_of,
    facts_table,
    telemetry_table,
    unfinished,
    write_table,
    write_whole,
)
from cloud_bridge.store import Cursor
from packtrail.errors import reason_of
from packtrail.language import Text

NOTE: Final = "_writing.json"
TIERS: Final = Tiers()


class Lake:
    """See `Projection`.

    Args:
        folder: where; made if it is not there.
        now: UTC nanoseconds, decides which days are over.
        keep_days: telemetry of days that ended longer ago is dropped; None keeps all.
        tiers: when files of facts are joined.
    """

    name = "lake"
    settle_s = 0.0
    reads_samples = True

    def __init__(
        self,
        folder: Path,
        now: Callable[[], int] = time.time_ns,
        keep_days: int | None = None,
        tiers: Tiers = TIERS,
    ) -> None:
        self._folder = folder
        self._now = now
        self._keep_days = keep_days
        self._tiers = tiers

    def take(self, portion: Portion) -> None:
        """See `Projection.take`."""
        with self._written():
            self._take(portion)

    def tidy(self) -> None:
        """See `Projection.tidy`: small files become large ones, and what is too old goes."""
        with self._written():
            # The cursor has moved behind all that was written.
            (self._folder / NOTE).unlink(missing_ok=True)
            for parent in (self._folder, *self._folder.glob("telemetry/pack=*")):
                clean(parent, self._tiers.grace_s)
            self._tidy_days()
            compact_facts(self._folder / "facts", self._tiers)

    def _tidy_days(self) -> None:
        today = day_of(self._now())
        oldest = "" if self._keep_days is None else self._oldest(self._keep_days)
        for folder in sorted(self._folder.glob("telemetry/pack=*/day=*")):
            if folder.name < f"day={oldest}":
                drop(folder)
            elif folder.name < f"day={today}":
                compact_day(folder)

    def _oldest(self, days: int) -> str:
        """The oldest day that is kept."""
        return day_of(max(0, self._now() - days * DAY_NS))

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TargetError(
                Text("cannot be written: {why}", "无法写入：{why}").fill(why=reason_of(error)),
                where=str(self._folder),
                hint=Text("check the disk, its space and rights", "请检查磁盘、空间与权限"),
                retryable=True,
            ) from error

    def forget(self) -> None:
        """See `Projection.forget`."""
        for pattern in ("telemetry/pack=*/day=*/*.parquet", "facts/*.parquet", NOTE):
            for file in self._folder.glob(pattern):
                file.unlink()

    def close(self) -> None:
        """See `Projection.close`."""

    def _take(self, portion: Portion) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._undo(portion.begin)
        tables = dict(self._tables(portion))
        files = [str(path.relative_to(self._folder)) for path in tables]
        note = {"chunk": portion.end.chunk, "leaf": portion.end.leaf, "files": files}
        write_whole(self._folder / NOTE, json.dumps(note).encode())
        for path, table in tables.items():
            write_table(path, table)

    def _undo(self, begin: Cursor) -> None:
        """Remove what was written of a portion that did not move the cursor; it comes again."""
        file = self._folder / NOTE
        if not file.exists():
            return
        note = json.loads(file.read_bytes())
        if (note["chunk"], note["leaf"]) != (begin.chunk, begin.leaf):
            for name in note["files"]:
                (self._folder / name).unlink(missing_ok=True)
        for name in note["files"]:
            unfinished(self._folder / name).unlink(missing_ok=True)

    def _tables(self, portion: Portion) -> Iterator[tuple[Path, pa.Table]]:
        name = f"{portion.begin.chunk + 1:012}-{portion.end.chunk:012}.parquet"
        for (pack, day), batches in by_day(portion.chunks).items():
            folder = self._folder / "telemetry" / f"pack={pack}" / f"day={day}"
            yield folder / name, telemetry_table(batches)
        # Named by the statements: chunks that were carried long ago may be among them.
        name = f"attributed-{portion.begin.chunk + 1:012}-{portion.begin.leaf + 1:012}.parquet"
        for (pack, day), batches in by_day(portion.attributed).items():
            folder = self._folder / "telemetry" / f"pack={pack}" / f"day={day}"
            yield folder / name, telemetry_table(batches)
        if portion.entries:
            name = f"{portion.begin.leaf + 1:012}-{portion.end.leaf:012}.parquet"
            yield self._folder / "facts" / name, facts_table(portion.entries)
