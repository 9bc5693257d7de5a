"""What is told, by whom, when it happened by the teller's own clock, and when it arrives.

Reports enter in any order; signed events leave, numbered by each author in the order in which it
saw them happen. Reports are late, some are days late because their author was offline, some come
twice, and some clocks are off.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from packtrail.event import Body, Event, SignedEvent, UnitRef, sign_event
from packtrail.personal import Opening, conceal
from packtrail.times import NS_PER_S, ClockQuality, format_time
from simulators.histories.cast import Party
from simulators.histories.luck import Luck

DAY_S: Final = 86_400
STREAM: Final = "history"
LATE_SHARE: Final = 0.05
TWICE_SHARE: Final = 0.02
OFFLINE_DAYS: Final = 3.0


@dataclass(slots=True, eq=False)
class Report:
    """One thing that is told; event, id and openings come with `Journal.seal`.

    What is signed commits to vehicles; `openings` travel beside it.
    """

    t_s: int
    party: Party
    unit: UnitRef | None
    body: Body
    lag_s: int
    signed: SignedEvent | None = None
    event_id: str = ""
    openings: tuple[Opening, ...] = ()


@dataclass(slots=True)
class Journal:
    """Collects reports.

    Attributes:
        begin_s: first day of the history, UTC seconds.
        luck: decides on delays.
        skew_s: party -> how far its clock runs ahead, s.
        reports: everything told so far.
    """

    begin_s: int
    luck: Luck
    skew_s: dict[str, int] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)

    def tell(self, day: float, party: Party, unit: UnitRef | None, body: Body) -> Report:
        """`party` tells what happened `day` days after the beginning."""
        lag = self.luck.even(2.0, 120.0)
        if self.luck.chance(LATE_SHARE):
            lag = self.luck.even(0.05, OFFLINE_DAYS) * DAY_S
        report = Report(self.moment_s(day), party, unit, body, round(lag))
        self.reports.append(report)
        return report

    def moment_s(self, day: float) -> int:
        """UTC seconds of a day after the beginning."""
        return self.begin_s + round(day * DAY_S)

    def seal(self) -> None:
        """Number and sign everything."""
        counters: dict[str, int] = {}
        for report in sorted(self.reports, key=lambda one: one.t_s):
            name = report.party.name
            counters[name] = counters.get(name, 0) + 1
            event = self._event(report, counters[name])
            salts = _salts(report.party, counters[name])
            body, report.openings = conceal(event.body, fresh=salts.__next__)
            event = msgspec.structs.replace(event, body=body)
            report.signed = sign_event(event, report.party.key)
            report.event_id = report.signed.event_id

    def arrivals(self) -> list[tuple[int, Report]]:
        """Arrival in UTC seconds and report, in the order of arrival, some twice."""
        told = [(one.t_s + one.lag_s, one) for one in self.reports]
        again = [
            (t_s + round(self.luck.even(60.0, DAY_S)), one)
            for t_s, one in told
            if self.luck.chance(TWICE_SHARE)
        ]
        return sorted([*told, *again], key=lambda pair: (pair[0], pair[1].event_id))

    def _event(self, report: Report, counter: int) -> Event:
        skew = self.skew_s.get(report.party.name, 0)
        moment = format_time((report.t_s + skew) * NS_PER_S)
        return Event(
            unit=report.unit,
            occurred_from=moment,
            occurred_to=moment,
            clock=ClockQuality.FREE if skew else ClockQuality.SYNCED,
            author=report.party.name,
            stream=STREAM,
            counter=counter,
            body=report.body,
        )


def _salts(party: Party, counter: int) -> Iterator[bytes]:
    """The same for the same seed, as everything here; a real reporter draws them at random."""
    for number in itertools.count():
        yield hashlib.sha256(f"{party.key.key_id} {counter} {number}".encode()).digest()
