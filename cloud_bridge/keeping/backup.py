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
from typing import BinaryIO, Final

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


def backup(store: Store, target: Path) -> Text:
    """Write a backup of this moment to `target`; what exists is not overwritten.

    Raises:
        PacktrailError: `target` is there or cannot be written, or the store does not answer.
    """
    if target.exists():
        raise BridgeError(
            Text("the file is there already", "文件已存在"),
            where=str(target),
            hint=Text("name another one", "请换一个文件名"),
        )
    part = target.with_name(f".{target.name}.part")
    try:
        with store.reading(), _private(part) as file:
            tables = store.tables()
            head = Head(KIND, store.version(), time.time_ns(), tables)
            counts = write_dump(file, head, (store.dump(table) for table in tables))
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
        size = target.stat().st_size
    except OSError as error:
        raise os_fault(error, target) from error
    finally:
        part.unlink(missing_ok=True)
    found = dict(zip((table.name for table in tables), counts, strict=True))
    facts, chunks = found.get("ledger", 0), found.get("chunk", 0)
    return Text(
        f"{target}: {facts} facts, {chunks} chunks, {sum(counts)} rows, {size} bytes; "
        "keep the bridge's key apart from it",
        f"{target}：{facts} 条事实、{chunks} 个数据块、共 {sum(counts)} 行、{size} 字节；"
        "请将云桥密钥另行保管",
    )


def restore(settings: StoreSettings, source: Path) -> Text:
    """Put a backup into the empty place that the settings name.

    Raises:
        PacktrailError: the place is not empty, or the backup cannot be used.
    """
    head, rows = _examine(source)
    place = settings
    if settings.path is not None:
        _expect_none(settings.path)
        part = settings.path.with_name(settings.path.name + PART)
        _remove(part)  # of a restoration that was killed
        place = settings.model_copy(update={"path": part})
    _fill(place, head, source)
    if settings.path is not None and place.path is not None:
        place.path.rename(settings.path)
    return Text(
        f"{rows} rows are back; `packtrail bridge verify` checks every one of them",
        f"已恢复 {rows} 行；可用 packtrail bridge verify 逐行核验",
    )


def _examine(source: Path) -> tuple[Head, int]:
    """Read the whole file once; its head, and how many rows it holds."""
    with _opened(source) as dump:
        if dump.head.version > len(migrations("sqlite")):
            raise newer_version(str(source))
        return dump.head, sum(len(rows) for _, rows in dump.blocks())


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
        if store.version() != head.version or _shape(store.tables()) != _shape(head.tables):
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
