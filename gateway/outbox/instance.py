"""Tells a file that went on being ours from one that was restored or copied.

A restored outbox would give old numbers to new records, and the bridge would take them for
repeats and drop them. So each outbox knows itself by a random mark and a generation that
grows with every opening, and a small file beside it (`outbox.db.mark`) says the same, with the
inode and the hardware. Whatever does not agree starts a new epoch; what the file still holds
keeps its old numbers and drains. A needless new epoch costs nothing, a missed one loses data,
so every doubt starts one.

Detected: a backup put in the place of the file or written over it, unless it was taken while
this very generation was running and overwrote the same inode; a file copied alone, or with
its mark, to another disk or computer; a lost mark; a card moved or cloned to hardware with
another serial number or network address. A restored file whose bridge has already seen
higher numbers is found when the first receipt says so (see `writer`).
Not detected: a snapshot of a virtual machine rolled back between two receipts, and a card
cloned block by block onto hardware that answers with the same serial number and addresses.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from pathlib import Path
from typing import IO

import msgspec

from gateway.errors import GatewayError
from packtrail.errors import reason_of
from packtrail.language import Text
from packtrail.shapes import from_json


class Mark(msgspec.Struct, frozen=True):
    """The content of the file beside the outbox."""

    mark: str
    generation: int
    inode: int
    hardware: str


def lock_outbox(path: Path) -> IO[bytes]:
    """Take the outbox for this process alone.

    Raises:
        GatewayError: another process has it, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = Path(f"{path}.lock").open("ab")  # noqa: SIM115 - held open as long as the outbox
    except OSError as error:
        raise GatewayError(
            Text("cannot be written: {why}", "无法写入：{why}").fill(why=reason_of(error)),
            where=str(path.parent),
            hint=Text("check the folder's owner and free space", "请检查目录属主与剩余空间"),
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise GatewayError(
            Text("another gateway has this outbox open", "该发件箱已被另一个网关进程打开"),
            where=str(path),
            hint=Text("stop it, or give each its own file", "请先停止它，或分别使用不同文件"),
        ) from error
    return file


def recognise(path: Path, connection: sqlite3.Connection) -> str:
    """Compare file and mark, then write both anew; "" or what did not agree."""
    row = connection.execute("SELECT mark, generation FROM instance").fetchone()
    doubt = "created" if row is None else _doubt(path, *row)
    mark = os.urandom(16).hex() if doubt else str(row[0])
    generation = 1 if doubt else int(row[1]) + 1
    connection.execute("INSERT OR REPLACE INTO instance VALUES (1, ?, ?)", (mark, generation))
    _write(path, Mark(mark, generation, path.stat().st_ino, hardware()))
    return doubt


def hardware() -> str:
    """A digest of what stays with the computer and not with its card."""
    files = [Path("/proc/device-tree/serial-number"), Path("/etc/machine-id")]
    files += [device.with_name("address") for device in _ethernet_devices()]
    parts = [file.read_bytes() if file.exists() else b"" for file in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _ethernet_devices() -> list[Path]:
    """Network interfaces that are hardware, not tunnels or bridges."""
    return sorted(Path("/sys/class/net").glob("*/device"))


def _doubt(path: Path, mark: str, generation: int) -> str:
    """What does not agree, or "" when all does."""
    try:
        beside = from_json(_beside(path).read_bytes(), Mark)
    except FileNotFoundError:
        return "mark_missing"
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return "mark_unreadable"
    agrees = {
        "mark": beside.mark == mark,
        "generation": beside.generation == generation,
        "inode": beside.inode == path.stat().st_ino,
        "hardware": beside.hardware == hardware(),
    }
    return next((name for name, same in agrees.items() if not same), "")


def _write(path: Path, mark: Mark) -> None:
    """Replace the mark as a whole and make the folder remember it."""
    fresh = Path(f"{path}.mark.new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(mark))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(_beside(path))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _beside(path: Path) -> Path:
    return Path(f"{path}.mark")
