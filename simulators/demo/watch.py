"""Watches a demonstration from outside: polls the public interfaces, keeps what was seen.

URLs enter, a `Snapshot` leaves with every look and a `Tally` grows. Nothing here knows the
simulator: what it says is what gateway and bridge know.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Mapping
from typing import Any, Final

import msgspec

from packtrail.errors import CodecError
from packtrail.estimate import Verdict
from packtrail.event import (
    ConditionCommitted,
    Event,
    IncidentRecorded,
    PackInstalled,
    SignedEvent,
    SwapPerformed,
    UnitRegistered,
    VehicleRef,
)
from packtrail.personal import SUBJECT, vehicle_of
from packtrail.shapes import convert
from simulators.demo.observed import Fact, PathSeen, SlotSeen, Snapshot, Tally
from simulators.demo.sentences import tell
from simulators.demo.web import fetch_json, fetch_text, sum_metric

NEWEST: Final = 40


class Watcher:
    """Looks again and again.

    Args:
        gateway_url: the gateway's local interface.
        bridge_url: the bridge's pages.
    """

    def __init__(self, gateway_url: str, bridge_url: str) -> None:
        self.tally = Tally()
        self._gateway, self._bridge = gateway_url, bridge_url
        self._heard: dict[str, str] = {}
        self._leaves: set[int] = set()
        self._newest: deque[Fact] = deque(maxlen=NEWEST)

    def look(self, *, anew: bool = False) -> Snapshot:
        """Ask everybody once.

        Args:
            anew: ask for the facts of every pack, also of those of which nothing new was heard;
                an answer that was lost meanwhile is made up for.
        """
        if anew:
            self._heard.clear()
        packs = self._packs()
        for fact in sorted(self._new_facts(packs), key=lambda fact: fact.leaf):
            self._newest.append(fact)
            count_event(self.tally, fact.event)
        slots = self._slots({pack["code"]: pack for pack in packs})
        for slot in slots:
            count_slot(self.tally, slot)
        return Snapshot(slots, self.path(), tuple(self._newest))

    def path(self) -> PathSeen:
        """How far records have come."""
        metrics = fetch_text(f"{self._gateway}/metrics")
        stations = fetch_json(f"{self._bridge}/api/v1/stations") or {"stations": []}
        gateway = fetch_json(f"{self._gateway}/health") or {"problems": []}
        bridge = fetch_json(f"{self._bridge}/health") or {"faults": []}

        def count(name: str) -> int:
            return int(sum_metric(metrics, f"packtrail_gateway_{name}"))

        return PathSeen(
            frames=count("frames_total"),
            sealed=count("outbox_added_total"),
            waiting=count("outbox_waiting"),
            through=sum(station["through"] for station in stations["stations"]),
            receipts=count("uplink_receipts_total"),
            faults=(*gateway["problems"], *bridge["faults"]),
        )

    def _packs(self) -> list[dict[str, Any]]:
        answer = fetch_json(f"{self._bridge}/api/v1/packs?limit=200")
        return list(answer["packs"]) if answer else []

    def _new_facts(self, packs: list[dict[str, Any]]) -> list[Fact]:
        """Facts of packs of which something was heard since the last look."""
        facts: list[Fact] = []
        for pack in packs:
            code, seen_at = pack["code"], pack["seen_at"]
            if self._heard.get(code) != seen_at:
                self._heard[code] = seen_at
                facts += self._facts_of(code)
        return facts

    def _facts_of(self, code: str) -> list[Fact]:
        answer = fetch_json(f"{self._bridge}/api/v1/packs/{code}/events") or {"events": []}
        facts = []
        for line in answer["events"]:
            event = read_event(line["signed"]) if line["leaf"] not in self._leaves else None
            self._leaves.add(line["leaf"])
            if event is not None:
                event = with_subject(event, answer.get("subjects", {}))
                facts.append(Fact(line["leaf"], event, tell(event)))
        return facts

    def _slots(self, packs: dict[str, dict[str, Any]]) -> tuple[SlotSeen, ...]:
        answer = fetch_json(f"{self._gateway}/v1/slots") or {"slots": []}
        known = self.tally.registered
        return tuple(see_slot(slot, packs.get(slot["code"]), known) for slot in answer["slots"])


def see_slot(
    slot: dict[str, Any], pack: dict[str, Any] | None, registered: Container[str]
) -> SlotSeen:
    """What the gateway says of a slot and the digital ID of the pack in it."""
    known = pack is not None and pack["soh"] is not None
    soh = (pack["soh"], pack["soh_low"], pack["soh_high"]) if pack and known else None
    return SlotSeen(
        name=slot["name"],
        state=slot["state"],
        code=slot["code"],
        problem=slot["problem"],
        t_ns=slot["t_ns"],
        soc_pct=slot["soc_pct"],
        current_a=slot["current_a"],
        temperature_c=slot["temperature_c"],
        soh=soh,
        registered=pack is None or slot["code"] in registered,
        alarms=tuple(dict.fromkeys(alarm["kind"] for alarm in slot["alarms"])),
    )


def read_event(signed: dict[str, Any]) -> Event | None:
    """The event of a ledger line; None for one that this version cannot read."""
    try:
        return convert(signed, SignedEvent).read()
    except (CodecError, msgspec.ValidationError):
        return None


def with_subject(event: Event, subjects: Mapping[str, str]) -> Event:
    """With the bridge's name for its vehicle: commitments are unlike each time."""
    vehicle = vehicle_of(event.body)
    subject = subjects.get(str(vehicle))
    if subject is None:
        return event
    body = msgspec.structs.replace(event.body, vehicle=VehicleRef(SUBJECT, subject))
    return msgspec.structs.replace(event, body=body)


def count_event(tally: Tally, event: Event) -> None:
    """Add a fact to what has been seen."""
    tally.facts += 1
    unit = str(event.unit) if event.unit else ""
    match event.body:
        case UnitRegistered():
            tally.registered.add(unit)
        case PackInstalled(place=place) if place is not None:
            tally.packs.add(unit)
        case SwapPerformed():
            tally.swaps += 1
        case ConditionCommitted(estimate=estimate):
            if estimate.verdict is Verdict.TOLD and estimate.soh is not None:
                tally.told[unit] = estimate.soh
            else:
                tally.not_told += 1
        case IncidentRecorded(kind=kind):
            tally.incidents.setdefault(kind, set()).add(unit)
        case _:
            return


def count_slot(tally: Tally, slot: SlotSeen) -> None:
    """Follow a contested identity until it is settled."""
    if slot.state == "contested":
        tally.contested.add(slot.name)
    elif slot.state == "bound" and slot.name in tally.contested:
        tally.settled.add(slot.name)
