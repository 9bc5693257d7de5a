"""What the gateway's tests share: an outbox that closes, a broker that can be killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.outbox import OutboxOptions, SqliteOutbox
from tests.gateway.drafts import GATEWAY, KEY
from tests.services import mosquitto

__all__ = ["mosquitto"]

OpenOutbox = Callable[..., SqliteOutbox]


@pytest.fixture
def open_outbox(tmp_path: Path) -> Iterator[OpenOutbox]:
    """Opens outboxes under the test's folder and closes those left open."""
    opened: list[SqliteOutbox] = []

    def _open(name: str = "outbox.db", **options: float) -> SqliteOutbox:
        quick = {"record_wait_s": 0.02, "lazy_wait_s": 0.02} | options
        box = SqliteOutbox(
            tmp_path / name, gateway=GATEWAY, key=KEY, options=OutboxOptions(**quick)
        )
        opened.append(box)
        return box

    yield _open
    for box in opened:
        box.close()
