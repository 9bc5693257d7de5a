"""The desk: BatterySwap messages become signed lines of the ledger, each once.

A station sends a message again until it hears an answer, with the same request id. The newest fact
about a slot holds the message that it came from; one that comes again is answered and not stated
again. Looking and stating are one: so nothing is doubled, neither by a bridge that died between its
commit and its answer, nor by one that still writes what its station tells another one by now.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import NamedTuple

from cloud_bridge.feeds.stations import Station
from cloud_bridge.feeds.swaps import Said, mark_of, place_of, said_of
from cloud_bridge.feeds.voices import voice_of
from cloud_bridge.ingest.judge import judge_event
from cloud_bridge.store import Fact, Refused, Store
from packtrail.event import Body, Event, PlaceRef, SignedEvent, UnitRef, sign_event
from packtrail.ocpp import BatterySwap
from packtrail.personal import conceal
from packtrail.proof.trust import TrustList
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality, format_time


class Told(NamedTuple):
    """What became of a message: facts that are in the ledger now, and batteries told before."""

    facts: int = 0
    repeats: int = 0
    refused: tuple[str, ...] = ()


class SwapDesk:
    """Takes the messages of one station, one after the other.

    Args:
        station: whose.
        key: the bridge's.
        store: where facts end.
        trust: the trust list of this moment.
        now: UTC nanoseconds.
    """

    def __init__(
        self,
        station: Station,
        key: SigningKey,
        store: Store,
        trust: Callable[[], TrustList],
        now: Callable[[], int],
    ) -> None:
        self._station, self._store, self._trust, self._now = station, store, trust, now
        self._key = voice_of(key, station.party)
        # Of this connection: two bridges that hear a station in turn never use a number twice.
        self._stream = secrets.token_hex(8)
        self._counter = 0
        self._lock = threading.Lock()

    def take(self, swap: BatterySwap) -> Told:
        """State what is new in a message; all of it, or with a fault of the store none.

        Raises:
            StoreError: nothing of it happened.
        """
        with self._lock:
            while True:
                told = self._try(swap)
                if told is not None:
                    return told

    def _try(self, swap: BatterySwap) -> Told | None:
        """None where another bridge stated something of this station meanwhile."""
        t_ns, (marks, newest) = self._now(), self._marks()
        said: list[Said] = []
        repeats = 0
        for battery in swap.battery_data:
            if marks.get(place_of(self._station.site, battery)) == mark_of(swap, battery):
                repeats += 1
            else:
                said += said_of(swap, battery, self._station.site, t_ns)
        told = self._append(said, newest, t_ns)
        return told and told._replace(repeats=repeats)

    def _append(self, said: list[Said], newest: int, t_ns: int) -> Told | None:
        trust = self._trust()
        judged = [self._judged(one, t_ns, trust) for one in said]
        refused = tuple(one.detail or one.reason for one in judged if isinstance(one, Refused))
        facts = [one for one in judged if isinstance(one, Fact)]
        if refused or not facts:
            return Told(refused=refused)
        done = self._store.append_after(facts, self._station.party, newest, t_ns)
        return None if done is None else Told(len(facts))

    def _judged(self, one: Said, t_ns: int, trust: TrustList) -> Fact | Refused:
        unit, body = one
        body, openings = conceal(body)
        signed = self._signed(unit, body, t_ns)
        return judge_event(signed, trust, t_ns, openings, refuse_clear=True)

    def _signed(self, unit: UnitRef | None, body: Body, t_ns: int) -> SignedEvent:
        self._counter += 1
        moment = format_time(t_ns)
        event = Event(
            unit=unit,
            occurred_from=moment,
            occurred_to=moment,
            clock=ClockQuality.SYNCED,
            author=self._station.party,
            stream=self._stream,
            counter=self._counter,
            body=body,
        )
        return sign_event(event, self._key)

    def _marks(self) -> tuple[dict[PlaceRef, str], int]:
        """The message behind the newest fact of each slot, and the newest of these lines."""
        found, newest = {}, -1
        for fact in self._store.places(self._station.party):
            newest = max(newest, fact.entry.leaf)
            readings = getattr(fact.entry.event.body, "readings", ())
            if readings:
                found[fact.place] = readings[0].data
        return found, newest
