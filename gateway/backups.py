"""`packtrail gateway backup | restore`: settings, keys, certificates and outbox in one file.

A tar file that its owner alone may read, for it holds the private key. The outbox is copied by
SQLite itself, so a running gateway may be backed up. A restored outbox begins a new numbering
space: what the file still holds keeps its numbers and is sent, the bridge drops what it has.
"""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.outbox.instance import lock_outbox
from gateway.settings import GatewaySettings
from packtrail.language import Text
from packtrail.settings import load

OUTBOX: Final = "outbox.db"
MOST_BYTES: Final = 8 * 1024**3


def backup(settings_file: Path, target: Path) -> Iterator[Text]:
    """Save everything that makes a gateway; one line for each part.

    Raises:
        GatewayError: the target exists.
    """
    settings = load(GatewaySettings, settings_file)
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise GatewayError(
            Text("the file exists and is left as it is", "文件已存在，保持不变"),
            where=str(target),
            hint=Text("choose another name", "请换一个文件名"),
        ) from error
    with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, path in _parts(settings_file, settings).items():
            if name == OUTBOX:
                _add_outbox(archive, path)
            else:
                archive.add(path, name)
            yield Text(f"saved {path}", f"已保存 {path}")


def restore(settings_file: Path, source: Path) -> Iterator[Text]:
    """Put a backup back to where its settings say; one line for each part.

    Raises:
        GatewayError: the gateway runs, something is there already, or it is no backup.
    """
    try:
        with tarfile.open(source, "r:gz") as archive:
            yield from _unpack(archive, settings_file)
    except (tarfile.TarError, KeyError, EOFError, OSError) as error:
        raise GatewayError(
            Text(f"cannot be restored: {error}", f"无法恢复：{error}"),
            where=str(source),
            hint=Text("give a file of `packtrail gateway backup`", "请提供 backup 生成的文件"),
        ) from error


def _parts(settings_file: Path, settings: GatewaySettings) -> dict[str, Path]:
    """Name in the archive -> file, of those that exist."""
    parts = {"gateway.toml": settings_file, "gateway.key": settings.key.file}
    parts["gateway.remote.json"] = settings_file.with_suffix(".remote.json")
    if settings.certificate_paths:
        paths = settings.certificate_paths
        parts |= {"tls.key": paths.key, "tls.pem": paths.certificate, "ca.pem": paths.ca}
    parts[OUTBOX] = settings.outbox.file
    return {name: path for name, path in parts.items() if path.exists()}


def _add_outbox(archive: tarfile.TarFile, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        copy = Path(folder, OUTBOX)
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(copy)) as saved,
        ):
            live.backup(saved)
        archive.add(copy, OUTBOX)


def _unpack(archive: tarfile.TarFile, settings_file: Path) -> Iterator[Text]:
    if settings_file.exists():
        raise GatewayError(
            Text("settings are there already and are left as they are", "配置已存在，保持不变"),
            where=str(settings_file),
            hint=Text("restore into an empty folder", "请恢复到空目录"),
        )
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    _put(archive, "gateway.toml", settings_file, 0o644)
    settings = load(GatewaySettings, settings_file)
    yield Text(f"restored {settings_file}", f"已恢复 {settings_file}")
    with lock_outbox(settings.outbox.file):
        targets = {"gateway.key": settings.key.file, OUTBOX: settings.outbox.file}
        targets["gateway.remote.json"] = settings_file.with_suffix(".remote.json")
        if settings.certificate_paths:
            paths = settings.certificate_paths
            targets |= {"tls.key": paths.key, "tls.pem": paths.certificate, "ca.pem": paths.ca}
        names = archive.getnames()
        for name, path in targets.items():
            if name in names:
                _put(archive, name, path, 0o644 if name.endswith(".pem") else 0o600)
                yield Text(f"restored {path}", f"已恢复 {path}")


def _put(archive: tarfile.TarFile, name: str, path: Path, mode: int) -> None:
    """One member to one place of ours, whatever path or link it claims to be."""
    member = archive.getmember(name)
    content = archive.extractfile(member)
    if content is None or not member.isfile() or member.size > MOST_BYTES:
        raise tarfile.TarError(f"{name} is no plain file")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        while block := content.read(io.DEFAULT_BUFFER_SIZE):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
