"""The databases that every contract is tried on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud_bridge.store import Store
from tests.contracts.stores import Database, Postgresql, Sqlite
from tests.databases import mortal_postgres, postgres, victoria

__all__ = ["mortal_postgres", "postgres", "victoria"]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path) -> Database:
    """An empty database that this contract has to hold on; a new kind joins here."""
    if request.param == "sqlite":
        return Sqlite(tmp_path)
    return Postgresql(request.getfixturevalue("postgres").database())


@pytest.fixture
def store(database) -> Iterator[Store]:
    made = database.open()
    yield made
    made.close()
