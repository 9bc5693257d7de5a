"""From settings to a store: which database, and what to say when its driver is not there."""

from __future__ import annotations

import os
from typing import Any

from cloud_bridge.errors import BridgeError, StoreError
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store.contract import Store
from cloud_bridge.store.linking import Vault
from cloud_bridge.store.sqlite import SqliteStore
from packtrail.language import Text
from packtrail.settings import secret


def open_store(
    settings: StoreSettings, version: int | None = None, vault: Vault | None = None
) -> Store:
    """The store that the settings name, made if it is not there yet.

    Args:
        settings: which.
        version: make it of an older version, see `SqliteStore`.
        vault: seals and opens what facts commit to.

    Raises:
        StoreError: see `SqliteStore` and `PostgresStore`.
        BridgeError: the driver for PostgreSQL is not installed.
        PacktrailError: the variable that holds the password is not set.
    """
    keep = settings.keep_strangers
    if settings.path is not None:
        return SqliteStore(settings.path, keep_strangers=keep, version=version, vault=vault)
    try:
        from cloud_bridge.store.postgres import PostgresStore  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BridgeError(
            Text("the driver for PostgreSQL is not installed", "未安装 PostgreSQL 驱动"),
            where="store.postgres",
            hint=Text("pip install 'packtrail[postgres]'", "pip install 'packtrail[postgres]'"),
        ) from error
    password = secret(settings.password_env) if settings.password_env else ""
    more: dict[str, Any] = {"keep_strangers": keep, "version": version, "vault": vault}
    return PostgresStore(settings.postgres, password=password, **more)


def open_existing(settings: StoreSettings, vault: Vault | None = None) -> Store:
    """The store that a bridge has made before.

    Raises:
        StoreError: there is none; else see `open_store`.
    """
    if settings.path is not None and not settings.path.exists():
        raise StoreError(
            Text("no store yet", "数据库尚不存在"),
            where=str(settings.path),
            hint=Text("start `packtrail bridge run` once", "请先运行 packtrail bridge run"),
        )
    return open_store(settings, vault=vault)


def try_store(settings: StoreSettings) -> None:
    """Open a store that is there; where there is none yet, only see that it can be made.

    Raises:
        PacktrailError: it cannot be used.
    """
    path = settings.path
    if path is None or path.exists():
        open_store(settings).close()
    elif not os.access(path.parent, os.W_OK | os.X_OK):
        raise BridgeError(
            Text("the folder is missing or may not be written", "目录不存在或不可写"),
            where=str(path.parent),
            hint=Text("make it, or correct store.path", "请创建目录或更正 store.path"),
        )
