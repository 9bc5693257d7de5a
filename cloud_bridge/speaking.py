"""A party speaks from the terminal: its facts are numbered, signed with its key and recorded.

Nothing is taken on trust: each event is judged as if it had come over the wire.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cloud_bridge.ingest.judge import judge_event
from cloud_bridge.ledger.authority import TrustReader
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import Fact, Refused, Store
from packtrail.event import Body, Event, SignedEvent, UnitRef, sign_event
from packtrail.language import Text
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality, format_time

STREAM: Final = "desk"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says it.

    Attributes:
        party: as on the trust list.
        key: its key.
        stream: counter space of what it says here.
    """

    party: str
    key: SigningKey
    stream: str = STREAM

    def sign(
        self,
        store: Store,
        bodies: Iterable[tuple[UnitRef | None, Body]],
        now_ns: int | None = None,
    ) -> list[SignedEvent]:
        """Signed events of now, numbered on from what the store has of this party."""
        moment = time.time_ns() if now_ns is None else now_ns
        counter = store.next_counter(self.party, self.stream)
        return [
            sign_event(self._event(unit, body, counter + number, moment), self.key)
            for number, (unit, body) in enumerate(bodies)
        ]

    def _event(self, unit: UnitRef | None, body: Body, counter: int, moment: int) -> Event:
        return Event(
            unit=unit,
            occurred_from=format_time(moment),
            occurred_to=format_time(moment),
            clock=ClockQuality.SYNCED,
            author=self.party,
            stream=self.stream,
            counter=counter,
            body=body,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of events.

    Attributes:
        recorded: new ones.
        known: recorded before.
        refused: reason and detail of each that was not taken.
    """

    recorded: int
    known: int
    refused: tuple[str, ...]

    def say(self) -> str:
        """A line, and one for each that was refused."""
        told = Text(
            "{n} events recorded, {known} known before, {refused} refused",
            "已记录事件 {n} 个，已有 {known} 个，拒绝 {refused} 个",
        )
        head = told.say(n=self.recorded, known=self.known, refused=len(self.refused))
        return "\n".join([head, *(f"  ! {one}" for one in self.refused)])


def submit(
    store: Store, settings: BridgeSettings, events: Sequence[SignedEvent], now_ns: int | None = None
) -> Outcome:
    """Judge and record events in the store of `settings`."""
    moment = time.time_ns() if now_ns is None else now_ns
    trust = TrustReader(store, SigningKey.load(settings.key_file).public)()
    refuse = settings.privacy.refuse_clear
    judged = [judge_event(event, trust, moment, refuse_clear=refuse) for event in events]
    facts = [one for one in judged if isinstance(one, Fact)]
    refused = tuple(f"{one.reason}: {one.detail}" for one in judged if isinstance(one, Refused))
    leaves = store.append(facts, moment)
    new = sum(leaf is not None for leaf in leaves)
    return Outcome(new, len(facts) - new, refused)
