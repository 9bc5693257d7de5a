"""Plays a simulated history into a real store and scores what the bridge concludes.

Every report is judged as if it had come over the wire and recorded with its arrival time; then
packs, vehicles and lots are folded and inquired from what the store holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cloud_bridge.fold import (
    Contest,
    ContestReason,
    LotState,
    PackState,
    Told,
    VehicleState,
    fold,
    fold_lot,
    fold_vehicle,
)
from cloud_bridge.ingest.judge import judge_event
from cloud_bridge.inquiry import Fault, Finding, inquire
from cloud_bridge.ledger.authority import TrustReader
from cloud_bridge.privacy.people import for_people, shown_to_people
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.rules import Duty, duties, read_rules
from cloud_bridge.store import Fact
from cloud_bridge.store.sqlite import SqliteStore
from cloud_bridge.view.linking import linked
from packtrail.event import (
    CorrectionDeclared,
    Event,
    KeyRegistered,
    LotRef,
    UnitRef,
    VehicleRef,
    sign_event,
    units_named,
)
from packtrail.event.subjects import subjects
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S, ClockQuality, format_time
from simulators.histories.history import History
from simulators.histories.truth import Fraud, Planted

BATCH = 1000
AUTHORITY = SigningKey.from_seed(b"authority of the benchmark".ljust(32, b"."))

EXPECTED: dict[Fraud, frozenset[str]] = {
    Fraud.CLONED_CODE: frozenset(
        {ContestReason.TWO_PLACES, ContestReason.AFTER_END, Fault.COPIED_CODE}
    ),
    Fraud.TWO_VEHICLES: frozenset({ContestReason.TWO_PLACES, Fault.COPIED_CODE}),
    Fraud.METER_RESET: frozenset({ContestReason.METER_RESET, ContestReason.COUNTER_FELL}),
    Fraud.REPLAYED: frozenset({ContestReason.REPLAYED}),
    Fraud.MISSING_PACK: frozenset({ContestReason.PACK_MISSING}),
    Fraud.SPENT_TWICE: frozenset(
        {ContestReason.AFTER_END, ContestReason.TWO_PARENTS, ContestReason.DOUBLE_SPENT}
    ),
    Fraud.KEPT_BACK: frozenset({"overdue", "late"}),
    Fraud.SKIMMED: frozenset({Fault.METAL_ASTRAY}),
    Fraud.CLOCK_OFF: frozenset({Fault.CLOCK_OFF}),
}
"""What the bridge has to say of each kind: reasons of contests and faults of findings."""


@dataclass
class Concluded:
    """What the bridge concludes: (what it is about, reason) -> events that prove it."""

    taken: int = 0
    known: int = 0
    refused: list[str] = field(default_factory=list)
    said: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    blamed: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    units: dict[str, PackState] = field(default_factory=dict)
    vehicles: dict[str, VehicleState] = field(default_factory=dict)
    lots: dict[str, LotState] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    @property
    def end_ns(self) -> int:
        """Sixty days after the last report: what is still open then stays so."""
        return max(one.event.to_ns for one in self.told) + 60 * 86_400 * NS_PER_S

    def contests(self, about: object, contests: Iterable[Contest], by: dict[str, str]) -> None:
        """Note contests."""
        for one in contests:
            self.said[str(about), one.reason] |= set(one.events)
            self.blamed[str(about), one.reason] |= {by[event] for event in one.culprits}

    def finding(self, one: Finding) -> None:
        """Note a finding."""
        self.said[one.subject, one.fault] |= set(one.events)
        self.blamed[one.subject, one.fault].add(one.blame)


def play(history: History, path: Path) -> Concluded:
    """Ingest `history` into a new SQLite store at `path` and conclude."""
    store = SqliteStore(path, vault=KeyVault(AUTHORITY))
    try:
        roles = {one.name: str(one.role) for one in history.scene.cast.all()}
        concluded = Concluded(roles=roles)
        _ingest(history, store, concluded)
        facts = store.entries(-1, 10_000_000)
        told = linked(store, [Told(e.event_id, e.event, e.recorded_ns) for e in facts])
        # Scored by the truth file, which knows vehicles by their numbers.
        concluded.told = for_people(told, shown_to_people(Subjects(store), told))
    finally:
        store.close()
    conclude(concluded)
    return concluded


def _ingest(history: History, store: SqliteStore, concluded: Concluded) -> None:
    begin_ns = history.scene.journal.begin_s * NS_PER_S
    keys = [_key(one.key, one.name, str(one.role), n, begin_ns) for n, one in
            enumerate(history.scene.cast.all())]  # fmt: skip
    store.append(keys, begin_ns)
    trust = TrustReader(store, AUTHORITY.public)()
    batch: list[Fact] = []
    for t_s, report in history.arrivals():
        assert report.signed
        moment = t_s * NS_PER_S
        judged = judge_event(report.signed, trust, moment, report.openings, refuse_clear=True)
        if isinstance(judged, Fact):
            batch.append(judged)
        else:
            concluded.refused.append(f"{judged.reason}: {judged.detail}")
        # A receipt time belongs to a batch: these are small where many came at once.
        if len(batch) >= BATCH or (batch and t_s * NS_PER_S > begin_ns + 60 * NS_PER_S):
            _append(store, batch, t_s * NS_PER_S, concluded)
            begin_ns = t_s * NS_PER_S
    _append(store, batch, begin_ns + NS_PER_S, concluded)


def _append(store: SqliteStore, batch: list[Fact], now_ns: int, concluded: Concluded) -> None:
    leaves = store.append(batch, now_ns)
    concluded.taken += sum(leaf is not None for leaf in leaves)
    concluded.known += sum(leaf is None for leaf in leaves)
    batch.clear()


def _key(key: SigningKey, party: str, role: str, number: int, t_ns: int) -> Fact:
    event = Event(
        unit=None,
        occurred_from=format_time(t_ns),
        occurred_to=format_time(t_ns),
        clock=ClockQuality.SYNCED,
        author="bridge",
        stream="trust",
        counter=number,
        body=KeyRegistered(key.public.text, party, role),
    )
    return Fact(sign_event(event, AUTHORITY), event)


def conclude(concluded: Concluded) -> None:
    """Fold every pack, vehicle and lot, and inquire of all together."""
    by_unit: dict[UnitRef, list[Told]] = defaultdict(list)
    by_name: dict[tuple[str, str], list[Told]] = defaultdict(list)
    authors = {one.event_id: one.event.author for one in concluded.told}
    for told in concluded.told:
        assert not isinstance(told.event.body, CorrectionDeclared)
        for unit in units_named(told.event):
            by_unit[unit].append(told)
        for kind, name in subjects(told.event):
            by_name[kind, name].append(told)
    for unit, facts in by_unit.items():
        state = concluded.units[str(unit)] = fold(unit, facts)
        concluded.contests(unit, state.contests, authors)
    for (kind, name), facts in by_name.items():
        _fold_other(kind, name, facts, concluded, authors)
    for one in inquire(concluded.told):
        concluded.finding(one)
    for duty in hand_overs(concluded, concluded.end_ns):
        if duty.late:
            about = duty.units[0], "overdue" if duty.overdue else "late"
            concluded.said[about].add(duty.event)
            concluded.blamed[about].add(duty.holder)


def _fold_other(
    kind: str, name: str, facts: list[Told], concluded: Concluded, authors: dict[str, str]
) -> None:
    """A vehicle or a lot."""
    if kind == "vehicle":
        vehicle = concluded.vehicles[name] = fold_vehicle(VehicleRef("vin", name), facts)
        concluded.contests(name, vehicle.contests, authors)
    elif kind == "lot":
        party, _, number = name.partition("/")
        lot = concluded.lots[name] = fold_lot(LotRef(party, number), facts)
        concluded.contests(name, lot.contests, authors)


def hand_overs(concluded: Concluded, now_ns: int) -> list[Duty]:
    """Duties to hand a retired unit over, as of a moment."""
    rules = [rule for rule in read_rules() if rule.id == "hand_over"]
    return duties(concluded.told, rules, now_ns, concluded.roles)


def score(history: History, concluded: Concluded) -> tuple[Counter[str], list[str]]:
    """Planted, found and blamed rightly by kind and variant; what was said of honest ones."""
    counts: Counter[str] = Counter()
    touched: set[str] = set()
    for one in history.truth.planted:
        touched |= {one.subject, *one.touched}
        name = f"{one.fraud} {one.variant}"
        counts[f"{name}|planted"] += 1
        right = _matches(one, concluded)
        counts[f"{name}|found"] += bool(right)
        counts[f"{name}|blamed"] += any(one.culprit in concluded.blamed[key] for key in right)
    known = {event for one in history.truth.planted for event in one.told()["events"]}
    false = [
        f"{about} {reason}"
        for (about, reason), events in sorted(concluded.said.items())
        if about not in touched and not events & known
    ]
    return counts, false


def _matches(one: Planted, concluded: Concluded) -> list[tuple[str, str]]:
    about = {one.subject, *one.touched}
    return [
        (subject, reason)
        for subject, reason in concluded.said
        if subject in about and reason in EXPECTED[one.fraud]
    ]
