"""Backup and restoration: online into one file, and back into an empty place only.

The backup is of one moment, taken while the bridge runs. Restoring reads the file twice: the
first time to its end, so that a damaged one is refused before anything is written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from cloud_bridge.errors import BridgeError
from cloud_bridge.keeping.dump import KIND, Dump, Head, write_dump
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Store
from cloud_bridge.store.opening import open_store
from cloud_bridge.store.sqlite import newer_version
from cloud_bridge.store.statements import migrations
from cloud_bridge.store.tables import Table
from packtrail.errors import os_fault
from packtrail.language import Text

PART: Final = ".restoring"
KEYS: Final = "subject_key"
"""The table that opens commitments: a subject is forgotten when no copy of its row is left."""


def backup(store: Store, target: Path, keys: Path | None = None) -> Text:
    """Write a backup of this moment to `target`; what exists is not overwritten.

    Args:
        store: of what.
        target: everything but the keys of subjects goes here.
        keys: they go here, to be kept for a shorter time; None for nowhere.

    Raises:
        PacktrailError: a file is there or cannot be written, or the store does not answer.
    """
    for file in (target, keys):
        if file is not None and file.exists():
            raise BridgeError(_THERE, where=str(file), hint=_ANOTHER)
    with store.reading():
        tables = store.tables()
        apart = [table for table in tables if table.name == KEYS]
        found = _write(store, target, [table for table in tables if table.name != KEYS])
        kept = _write(store, keys, apart)[KEYS] if keys and apart else 0
    facts, chunks = found.get("ledger", 0), found.get("chunk", 0)
    rows, size = sum(found.values()), target.stat().st_size
    without = Text("without the keys that open vehicles' numbers", "不含可开启车号的密钥")
    there = Text(f"{kept} keys that open vehicles' numbers: {keys}", f"{kept} 个车号密钥：{keys}")
    said = there if keys else without
    return Text(
        f"{target}: {facts} facts, {chunks} chunks, {rows} rows, {size} bytes; "
        f"{said.en}; keep the bridge's key apart from it",
        f"{target}：{facts} 条事实、{chunks} 个数据块、共 {rows} 行、{size} 字节；"
        f"{said.zh}；请将云桥密钥另行保管",
    )


def _write(store: Store, target: Path, tables: Sequence[Table]) -> dict[str, int]:
    """Some tables into one file; how many rows each had. Called inside `reading`."""
    part = target.with_name(f".{target.name}.part")
    try:
        with _private(part) as file:
            head = Head(KIND, store.version(), time.time_ns(), tuple(tables))
            counts = write_dump(file, head, (store.dump(table) for table in tables))
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    except OSError as error:
        raise os_fault(error, target) from error
    finally:
        part.unlink(missing_ok=True)
    return dict(zip((table.name for table in tables), counts, strict=True))


def restore(
    settings: StoreSettings, source: Path, keys: Path | None = None, *, without_keys: bool = False
) -> Text:
    """Put a backup into the empty place that the settings name.

    Args:
        settings: where.
        source: what `backup` wrote.
        keys: its keys; those of subjects that were forgotten by then are left out.
        without_keys: whether subjects whose keys are not there may be closed for good: each that
            is reported again is then somebody new, and its history is in two.

    Raises:
        PacktrailError: the place is not empty, a backup cannot be used, or keys are not there.
    """
    head, rows, alive = _examine(source)
    closed = alive - _opened_by(keys) if keys is not None else alive
    if closed and not without_keys:
        what = _INCOMPLETE if keys is not None else _WITHOUT
        raise BridgeError(what.fill(n=len(closed)), where=str(keys or source), hint=_GIVE_KEYS)
    place = settings
    if settings.path is not None:
        _expect_none(settings.path)
        part = settings.path.with_name(settings.path.name + PART)
        _remove(part)  # of a restoration that was killed
        place = settings.model_copy(update={"path": part})
    try:
        _fill(place, head, source)
        back = _fill_keys(place, keys) if keys else 0
    except BaseException:
        if place.path is not None:
            _remove(place.path)
        raise
    if settings.path is not None and place.path is not None:
        place.path.rename(settings.path)
    shut = _SHUT.fill(n=len(closed)) if closed else Text("", "")
    return Text(
        f"{rows} rows and {back} keys are back{shut.en}; "
        "`packtrail bridge verify` checks every one of them",
        f"已恢复 {rows} 行与 {back} 个密钥{shut.zh}；可用 packtrail bridge verify 逐行核验",
    )


def _opened_by(source: Path) -> set[str]:
    """Subjects whose keys a file holds; all of it is read.

    Raises:
        BridgeError: it holds something else.
    """
    with _opened(source) as dump:
        if [table.name for table in dump.head.tables] != [KEYS]:
            raise BridgeError(_NO_KEYS, where=str(source), hint=_WRITES_KEYS)
        return {
            row[table.columns.index("subject")] for table, rows in dump.blocks() for row in rows
        }


def _fill_keys(settings: StoreSettings, source: Path) -> int:
    """Keys of the subjects that are there and were not forgotten; how many."""
    store = open_store(settings)
    try:
        with store.reading():
            subjects = next(table for table in store.tables() if table.name == "subject")
            there = {row[subjects.columns.index("id")] for row in store.dump(subjects)}
        with _opened(source) as dump:
            store.fill(
                (table, [row for row in rows if row[table.columns.index("subject")] in there])
                for table, rows in dump.blocks()
            )
        store.drop_forgotten()
        with store.reading():
            kept = next(table for table in store.tables() if table.name == KEYS)
            return sum(1 for _ in store.dump(kept))
    finally:
        store.close()


def _examine(source: Path) -> tuple[Head, int, set[str]]:
    """Read the whole file once; its head, how many rows it holds, and subjects not forgotten."""
    with _opened(source) as dump:
        if dump.head.version > len(migrations("sqlite")):
            raise newer_version(str(source))
        alive = set[str]()

        def note(table: Table, rows: list[list[Any]]) -> None:
            name, gone = (table.columns.index(one) for one in ("id", "forgotten_ns"))
            alive.update(row[name] for row in rows if not row[gone])

        return dump.head, dump.check("subject", note), alive


def _fill(settings: StoreSettings, head: Head, source: Path) -> None:
    store = open_store(settings, head.version)
    try:
        _expect_empty(store, head)
        with _opened(source) as dump:
            store.fill(dump.blocks())
    finally:
        store.close()
    # Forward to the schema of today, as a start of the bridge would.
    open_store(settings).close()


def _expect_empty(store: Store, head: Head) -> None:
    with store.reading():
        tables = [table for table in store.tables() if table.name != KEYS]
        if store.version() != head.version or _shape(tables) != _shape(head.tables):
            raise _taken("store", Text("of another version", "版本不一致"))
        for table in head.tables:
            if next(store.dump(table), None) is not None:
                raise _taken("store", Text(f"{table.name} has rows", f"{table.name} 已有数据"))


def _shape(tables: Sequence[Table]) -> dict[str, set[str]]:
    """Columns stand in another order in another database."""
    return {table.name: set(table.columns) for table in tables}


def _expect_none(path: Path) -> None:
    if path.exists():
        raise _taken(str(path), Text("there is a store already", "数据库已存在"))


def _taken(where: str, what: Text) -> BridgeError:
    hint = Text("restore into an empty place only", "只能恢复到空的位置")
    return BridgeError(what, where=where, hint=hint)


def _remove(path: Path) -> None:
    for more in ("", "-wal", "-shm"):
        path.with_name(path.name + more).unlink(missing_ok=True)


@contextmanager
def _opened(source: Path) -> Iterator[Dump]:
    try:
        file = source.open("rb")
    except OSError as error:
        raise os_fault(error, source) from error
    with file:
        yield Dump(file, str(source))


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner may read: it holds what the store holds."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file


_THERE: Final = Text("the file is there already", "文件已存在")
_ANOTHER: Final = Text("name another one", "请换一个文件名")
_NO_KEYS: Final = Text("holds no keys of subjects", "不含主体密钥")
_WRITES_KEYS: Final = Text("`backup --keys FILE` writes one", "可用 backup --keys 生成")
_WITHOUT: Final = Text(
    "{n} vehicles or owners are known by commitments that nothing opens without their keys: each "
    "that is reported again becomes somebody new, and its history is in two for good",
    "有 {n} 个车辆或所有人仅以承诺值记载，没有密钥便无法开启："
    "再次上报时将成为新主体，其历史永久分为两段",
)
_INCOMPLETE: Final = Text(
    "holds no key of {n} vehicles or owners of the backup: each that is reported again becomes "
    "somebody new, and its history is in two for good",
    "缺少备份中 {n} 个车辆或所有人的密钥：再次上报时将成为新主体，其历史永久分为两段",
)
_GIVE_KEYS: Final = Text(
    "give the file that `backup --keys` wrote with this backup: --keys FILE; only if it is lost "
    "for good, say --without-keys",
    "请用 --keys 给出与该备份同时由 backup --keys 写出的文件；仅在确已丢失时使用 --without-keys",
)
_SHUT: Final = Text(
    ", {n} vehicles or owners stay closed and begin anew when they are reported again",
    "，{n} 个车辆或所有人保持关闭，再次上报时将成为新主体",
)
