"""A million simulated swaps with planted faults: found, missed, false, and who was blamed.

`python -m benchmarks.cloud_bridge.bench_inquiry [SWAPS]`; regions of 25,000 swaps are told one
after the other, so that memory stays small. Also: a fold of 10,000 events.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter

from benchmarks.cloud_bridge.planted_swaps import SECOND, T0, Planted, Region
from cloud_bridge.fold import Told, digest, fold
from cloud_bridge.inquiry import Fault, Finding, inquire
from packtrail.event import Event, PackInstalled, PackRemoved, UnitRef, VehicleRef, at
from packtrail.times import ClockQuality

REGION = 25_000


def score(truth: Planted, findings: tuple[Finding, ...]) -> Counter[str]:
    """Planted, found and rightly blamed faults by kind, and findings that fit no fault."""
    times = {told.event_id: told.event.from_ns for told in truth.told}
    counts: Counter[str] = Counter()
    used: set[Finding] = set()
    lost = [one for one in findings if one.fault in (Fault.LOST_REPORT, Fault.UNDECIDED)]
    for site, subjects, t_ns in truth.lost:
        near = [one for one in lost if one.subject in subjects and _spans(one, times, t_ns)]
        used |= set(near)
        _count(counts, "lost", bool(near), any(one.blame.endswith(site) for one in near))
    for events in truth.misread:
        touching = [one for one in findings if set(one.events) & events]
        named = [one for one in touching if set(one.culprits) & events]
        used |= set(touching)
        _count(counts, "misread", bool(touching), bool(named))
    for code, events in truth.copied.items():
        about = [one for one in findings if one.subject == code]
        used |= set(about)
        _count(counts, "copied", bool(about), any(set(one.culprits) & events for one in about))
    for author in truth.skewed:
        blamed = [one for one in findings if one.blame == author and one.fault is Fault.CLOCK_OFF]
        used |= set(blamed)
        _count(counts, "clock", bool(blamed), bool(blamed))
    false = [one for one in findings if one not in used]
    counts["unmatched findings"] += len(false)
    counts["of them on what no fault touched"] += sum(_is_clean(one, truth) for one in false)
    return counts


def _count(counts: Counter[str], kind: str, found: bool, blamed: bool) -> None:
    counts[f"{kind} planted"] += 1
    counts[f"{kind} found"] += found
    counts[f"{kind} blamed rightly"] += blamed


def _spans(one: Finding, times: dict[str, int], t_ns: int) -> bool:
    found = [times[event] for event in one.events]
    return min(found) <= t_ns <= max(found)


def _is_clean(one: Finding, truth: Planted) -> bool:
    by_id = {told.event_id: told for told in truth.told}
    names = {one.subject}
    for event in (by_id[event_id].event for event_id in one.events):
        names |= {str(event.unit), str(getattr(event.body, "vehicle", ""))}
    return not names & truth.touched


def swaps(total: int) -> None:
    counts: Counter[str] = Counter()
    events, spent = 0, 0.0
    for seed in range(total // REGION):
        truth = Region(seed, copies=1, skewed=int(seed % 4 == 0)).run(REGION)
        begin = time.perf_counter()
        findings = inquire(truth.told, truth.sites)
        spent += time.perf_counter() - begin
        events += len(truth.told)
        counts += score(truth, findings)
    print(f"{total} swaps, {events} events, inquiry {events / spent:,.0f} events/s")
    for name, number in sorted(counts.items()):
        print(f"  {name:36} {number}")


def fold_of(events: int) -> None:
    """One pack in and out of vehicles, in order and shuffled."""
    unit, facts = UnitRef("gbt34014", "000PB0100000ABG410000001"), []
    for number in range(events):
        car = VehicleRef("vin", f"L{number // 2 % 50:016d}")
        body = PackRemoved(vehicle=car) if number % 2 else PackInstalled(vehicle=car)
        event = Event(
            unit=unit,
            **at(T0 + number * 600 * SECOND),
            clock=ClockQuality.SYNCED,
            author="station-1",
            stream="s",
            counter=number,
            body=body,
        )
        facts.append(Told(f"{number:064x}", event))
    begin = time.perf_counter()
    first = digest(fold(unit, facts))
    spent = time.perf_counter() - begin
    random.Random(1).shuffle(facts)
    same = digest(fold(unit, facts)) == first
    print(f"fold of {events} events: {spent * 1e3:.0f} ms; shuffled: same bytes {same}")


if __name__ == "__main__":
    fold_of(10_000)
    swaps(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
