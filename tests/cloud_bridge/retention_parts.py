"""A store with telemetry over many days, its roots in the ledger, and a bridge that retires."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cloud_bridge.ingest.judge import judge
from cloud_bridge.keeping.days import Days
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.authority import Authority, TrustReader
from cloud_bridge.ledger.days import DAY_NS, day_of
from cloud_bridge.metrics import Metrics
from cloud_bridge.projections import Follower
from cloud_bridge.retention.policy import Policy, read_policy
from cloud_bridge.retention.retiring import Report, Retention
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Arrival, Fact, Store
from packtrail.event import (
    Body,
    ConditionCommitted,
    IncidentRecorded,
    KeyRegistered,
    TelemetryRetired,
    UnitDestroyed,
    UnitRef,
)
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.cloud_bridge.test_keeping import Kept

TODAY = day_of(parts.T0)
"""The first day that telemetry is of."""
FLOOR = """
name = "yard/1"
[[keep]]
id = "floor"
en = "ten days"
zh = "十日"
when = "always"
days = 10
from = "2020-01-01"
"""


def rule(name: str, when: str, **more: Any) -> str:
    """A further rule of a table."""
    lines = {"id": name, "en": name, "zh": name, "when": when, "from": "2020-01-01"} | more
    text = [f"{key} = {_toml(value)}" for key, value in lines.items()]
    return "\n".join(["[[keep]]", *text, ""])


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@dataclass
class Yard:
    """A bridge over a store, at a moment that the test sets."""

    store: Store
    folder: Path
    now_ns: int = (TODAY + 400) * DAY_NS
    gateway: parts.PlayedGateway = field(default_factory=parts.PlayedGateway)
    counter: int = 0

    def __post_init__(self) -> None:
        self.authority = Authority(self.store, parts.AUTHORITY, "bridge-1", ORIGIN, self.clock)
        self.authority.publish_trust(
            [
                KeyRegistered(parts.AUTHORITY.public.text, ORIGIN, "system"),
                KeyRegistered(parts.STATION.public.text, "station-1", "gateway"),
                KeyRegistered(parts.MAKER.public.text, "maker-1", "maker"),
                KeyRegistered(parts.STRANGER.public.text, "fire-1", "fire_service"),
            ]
        )
        days = Days(self.store, parts.AUTHORITY, ORIGIN, 0.0, self.clock)
        self._follower = Follower(days, self.store, Metrics(), now=self.clock)

    def clock(self) -> int:
        return self.now_ns

    def receive(self, *messages: tuple[str, bytes], at_ns: int = parts.T0) -> None:
        trust = TrustReader(self.store, parts.AUTHORITY.public)()
        found = [judge(*message, trust, self.now_ns) for message in messages]
        assert all(isinstance(one, Arrival) for one in found), found
        self.store.commit(found, [], at_ns)

    def fill(self, days: Sequence[int], hours: int = 3, unit: UnitRef = parts.PACK) -> None:
        """Telemetry of ten samples in each of so many hours of each day."""
        messages = []
        for day in days:
            for hour in range(hours):
                t_ns = (TODAY + day) * DAY_NS + hour * parts.HOUR
                messages.append(self.gateway.telemetry(parts.samples(10, t_ns), unit=unit))
        self.receive(*messages)

    def close_days(self) -> None:
        """State the root of each day that something came of."""
        while self._follower.step():
            pass
        self.authority.seal()

    def fact(self, body: Body, **about: Any) -> Fact:
        """By whoever may state it: the station, the workshop or the maker."""
        self.counter += 1
        author, key = "maker-1", parts.MAKER
        if isinstance(body, ConditionCommitted | IncidentRecorded):
            author, key = "station-1", parts.STATION
        if isinstance(body, UnitDestroyed):
            author, key = "fire-1", parts.STRANGER
        more = {"author": author, "stream": "erp", "counter": self.counter, **about}
        return parts.fact(body, key=key, **more)

    def say(self, body: Body, **about: Any) -> Fact:
        """State a fact."""
        fact = self.fact(body, **about)
        self.store.append([fact], self.now_ns)
        return fact

    def policy(self, *rules: str) -> Policy:
        file = self.folder / "retention.toml"
        file.write_text(FLOOR + "\n".join(rules), "utf-8")
        return read_policy(file)

    def retain(self, *rules: str, apply: bool = True, **more: Any) -> Report:
        author = more.pop("author", ORIGIN)
        policy = more.pop("policy", None) or self.policy(*rules)
        made = Retention(
            self.store, parts.AUTHORITY, author, policy, now=more.pop("now", self.clock), **more
        )
        report = made.run(apply=apply)
        self.authority.seal()
        return report

    def left(self, unit: UnitRef = parts.PACK) -> dict[int, int]:
        """Day, counted from the first -> chunks that still have their bytes."""
        found: dict[int, int] = {}
        for one in self.store.chunks_of(unit, 0, 2**62, 10**6):
            day = day_of(one.chunk.to_ns) - TODAY
            found[day] = found.get(day, 0) + 1
        return found

    def retired(self, unit: UnitRef = parts.PACK) -> list[TelemetryRetired]:
        bodies = [entry.event.body for entry in self.store.entries_of(unit)]
        return [body for body in bodies if isinstance(body, TelemetryRetired)]


@pytest.fixture
def yard(place: Kept, tmp_path: Path) -> Iterator[Yard]:
    """On either database."""
    store = place.open()
    yield Yard(store, tmp_path)
    store.close()


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Yard]:
    """On SQLite alone, where the database is not what is asked about."""
    store = Kept(StoreSettings(path=tmp_path / "bridge.sqlite")).open()
    yield Yard(store, tmp_path)
    store.close()


def faults(yard: Yard) -> dict[str, tuple[str, ...]]:
    """What a verification finds, by check."""
    with_own = verify_whole(yard.store, ORIGIN, parts.AUTHORITY.public, 1)
    return {check.name: check.faults for check in with_own if check.faults}


def at_day(day: int, hour: float = 0.0) -> int:
    """UTC ns of a moment, days after the first day that telemetry is of."""
    return (TODAY + day) * DAY_NS + round(hour * parts.HOUR)
