"""Fixtures of the bridge's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cloud_bridge.api.context import Context
from cloud_bridge.ingest.judge import judge
from cloud_bridge.ingest.presence import Presence
from cloud_bridge.ledger.authority import Authority, TrustReader
from cloud_bridge.metrics import Metrics
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.service import Health
from cloud_bridge.store import Arrival, SqliteStore
from cloud_bridge.view import Packs, Stations
from cloud_bridge.web import application, guarded
from packtrail.event import KeyRegistered, SignedEvent
from packtrail.language import Text
from tests.cloud_bridge import parts
from tests.cloud_bridge.appraising import shop
from tests.databases import postgres
from tests.services import mosquitto

__all__ = ["desk", "mosquitto", "postgres", "shop"]

ORIGIN = "bridge.example/ledger"
NOW = parts.T0 + 12 * parts.HOUR


@dataclass
class Desk:
    """A bridge without broker: records go straight to the judge, answers come by HTTP."""

    store: SqliteStore
    authority: Authority
    context: Context
    presence: Presence
    client: TestClient
    faults: list[Text]

    def receive(self, *messages: tuple[str, bytes]) -> None:
        """Judge and commit messages as the intake would."""
        trust = self.context.trust()
        arrivals = [judge(topic, data, trust, NOW) for topic, data in messages]
        assert all(isinstance(one, Arrival) for one in arrivals), arrivals
        self.store.commit(arrivals, [], NOW)
        self.authority.seal()

    def submit(self, *events: SignedEvent) -> Any:
        """POST signed events; the answer."""
        body = [{"event": e.event, "key_id": e.key_id, "signature": e.signature} for e in events]
        answer = self.client.post("/api/v1/events", json=body)
        self.authority.seal()
        return answer

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Station and maker trusted, nothing received yet."""
    store = SqliteStore(tmp_path / "bridge.sqlite", vault=KeyVault(parts.AUTHORITY))
    now: Callable[[], int] = lambda: NOW  # noqa: E731 - a clock that stands still
    trust = TrustReader(store, parts.AUTHORITY.public)
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN, now)
    authority.publish_trust(
        [
            KeyRegistered(parts.STATION.public.text, "station-1", "gateway", sites=("north",)),
            KeyRegistered(parts.MAKER.public.text, "maker-1", "maker"),
        ]
    )
    authority.seal()
    faults: list[Text] = []
    presence = Presence()
    context = Context(
        store=store,
        packs=(packs := Packs(store)),
        stations=Stations(store, packs, trust, presence, now),
        trust=trust,
        metrics=Metrics(),
        health=lambda: Health(tuple(faults)),
        origin=ORIGIN,
        log_key=parts.AUTHORITY.public,
        seal=authority.seal,
        now=now,
    )
    app = guarded(application(context), ("testserver",))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Desk(store, authority, context, presence, client, faults)
    store.close()
