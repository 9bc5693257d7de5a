"""Opens the outbox's file and brings its schema up to date.

Enters a path, leaves a connection in WAL mode with synchronous FULL: a commit that returned
survives power loss. Versions stand in `user_version`; each numbered SQL file is one step and
one transaction. A file of a newer packtrail is refused; a damaged one is set aside with its
content, because a gateway that cannot record is worse than one that starts an empty outbox.
"""

from __future__ import annotations

import sqlite3
from importlib import resources
from pathlib import Path

from gateway.errors import GatewayError
from packtrail import logs
from packtrail.language import Text

_BUSY_TIMEOUT_S = 10.0


def open_file(path: Path, now_ns: int) -> sqlite3.Connection:
    """Open or make the outbox's file.

    Raises:
        GatewayError: the folder cannot be written, or a newer packtrail made the file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _open_sound(path)
    except sqlite3.DatabaseError as error:
        if not path.exists() or isinstance(error, sqlite3.OperationalError):
            raise _unusable(path, error) from error
        _set_aside(path, now_ns, str(error))
        return _open_sound(path)
    except OSError as error:
        raise _unusable(path, error) from error


def connect(path: Path) -> sqlite3.Connection:
    """A connection that commits only when told, shared between threads under a lock."""
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -2000")
    return connection


def steps() -> list[tuple[int, str]]:
    """The numbered SQL files: (version that the file leads to, its text)."""
    folder = resources.files("gateway.outbox").joinpath("sql")
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [(int(name[:3]), folder.joinpath(name).read_text("utf-8")) for name in files]


def _open_sound(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA journal_size_limit = 4194304")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    newest = steps()[-1][0]
    if version > newest:
        raise GatewayError(
            Text(
                f"a newer packtrail made this outbox (version {version}, known {newest})",
                f"该发件箱由更新版本的 packtrail 创建（版本 {version}，已知 {newest}）",
            ),
            where=str(path),
            hint=Text("install that packtrail again", "请重新安装该版本"),
        )
    for number, script in steps():
        if number > version:
            connection.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")


def _set_aside(path: Path, now_ns: int, why: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        file = Path(f"{path}{suffix}")
        if file.exists():
            file.rename(f"{path}.damaged-{now_ns}{suffix}")
    logs.get("gateway.outbox").error("outbox_damaged", path=str(path), why=why)


def _unusable(path: Path, error: Exception) -> GatewayError:
    return GatewayError(
        Text(f"the outbox cannot be opened: {error}", f"无法打开发件箱：{error}"),
        where=str(path),
        hint=Text("check the folder's owner and free space", "请检查目录属主与剩余空间"),
    )
