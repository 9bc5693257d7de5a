"""The projection that keeps a platform told, and the ledger of what the platform answered.

`ReportSent` with `ReportAcknowledged` or `ReportBounced` go on the ledger together, after the
answer. A kill in between sends the same report again under the same id; a refusal that is not
final is tried again whenever nothing newer is to be told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.ledger.own_word import OwnWord, Statement
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.projections.contract import Portion
from cloud_bridge.reporting.flows import Report, report_of
from cloud_bridge.reporting.platforms import Answer, Platform, digest
from cloud_bridge.store import Entry, Store
from cloud_bridge.view.linking import renamed
from packtrail.event import (
    Body,
    ReportAcknowledged,
    ReportBounced,
    ReportSent,
)
from packtrail.personal import vehicle_of, without_vins
from packtrail.signing import SigningKey

STREAM: Final = "reports"
MOST_RETRIED: Final = 200


@dataclass(slots=True)
class Answered:
    """What a platform has answered so far, by report id; read on from the ledger.

    Attributes:
        taken: acknowledged, with the platform's receipt.
        refused: not acknowledged, with the newest code, message and whether it is final.
        attempts: how often each was sent.
        covers: report -> event that it reports.
    """

    platform: str
    taken: dict[str, str] = field(default_factory=dict)
    refused: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    covers: dict[str, str] = field(default_factory=dict)
    _after: dict[str, int] = field(default_factory=dict)

    def read(self, store: Store) -> Answered:
        """Take in what is new; returns itself."""
        for kind in ("ReportSent", "ReportBounced", "ReportAcknowledged"):
            after = self._after.get(kind, -1)
            while page := store.entries_of_type(kind, after):
                for entry in page:
                    self._take(entry.event.body)
                after = page[-1].leaf
            self._after[kind] = after
        return self

    def _take(self, body: Body) -> None:
        if getattr(body, "platform", "") != self.platform:
            return
        match body:
            case ReportSent():
                self.attempts[body.report] = max(body.attempt, self.attempts.get(body.report, 0))
                self.covers[body.report] = body.covers[0] if body.covers else ""
            case ReportBounced():
                self.refused[body.report] = (body.code, body.message, body.final)
            case ReportAcknowledged():
                self.taken[body.report] = body.receipt
        for report in self.taken:
            self.refused.pop(report, None)

    def pending(self) -> list[str]:
        """Reports that were refused for now."""
        return [report for report, (*_, final) in self.refused.items() if not final]


class PlatformReports:
    """See `Projection`.

    Args:
        platform: where to.
        store: what is told comes from it, and what is answered goes into it.
        key: the bridge's.
        author: under what name its own key speaks.
        parties: only their reports; empty for everybody's.
        now: UTC nanoseconds.
    """

    settle_s = 0.0
    reads_samples = False

    def __init__(
        self,
        platform: Platform,
        store: Store,
        key: SigningKey,
        author: str,
        parties: tuple[str, ...] = (),
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self.name = f"platform:{platform.name}"
        self._platform = platform
        self._store = store
        self._word = OwnWord(store, key, author, STREAM, now)
        self._parties = frozenset(parties)
        self._answered = Answered(platform.name)

    def take(self, portion: Portion) -> None:
        """See `Projection.take`."""
        known = self._answered.read(self._store)
        for entry in portion.entries:
            report = report_of(entry.event_id, entry.event)
            if report is None or (self._parties and report.party not in self._parties):
                continue
            if report.id not in known.taken and report.id not in known.refused:
                self._tell(report, entry)

    def tidy(self) -> None:
        """See `Projection.tidy`: refusals that were not final are tried again."""
        known = self._answered.read(self._store)
        for name in known.pending()[:MOST_RETRIED]:
            entry = self._store.entry(known.covers.get(name, ""))
            report = report_of(entry.event_id, entry.event) if entry else None
            if entry and report:
                self._tell(report, entry)

    def forget(self) -> None:
        """See `Projection.forget`: what was acknowledged stays so, the platform has it."""

    def close(self) -> None:
        """See `Projection.close`."""
        self._platform.close()

    def _tell(self, report: Report, entry: Entry) -> None:
        answer = self._platform.send(self._opened(entry) or report)
        before = self._answered.refused.get(report.id)
        said = (without_vins(answer.code), without_vins(answer.message), answer.final)
        if not answer.taken and before == said:
            return  # the same refusal as before is no news for the ledger
        attempt = self._answered.attempts.get(report.id, 0) + 1
        # Of what was sent but for the vehicle's number: its digest would give that away.
        told = digest(report)
        about = (self._platform.name, report.flow, (entry.event_id,))
        sent = ReportSent(report.id, *about, told, attempt)
        self._word.state(Statement(None, one) for one in (sent, self._reply(report, answer)))
        self._answered.read(self._store)

    def _opened(self, entry: Entry) -> Report | None:
        """With the vehicle's number, which the platform is told by law, or that it is forgotten."""
        subjects, event = Subjects(self._store), entry.event
        vehicle = vehicle_of(event.body)
        if vehicle is None:
            return None
        subject = str(subjects.vehicle(vehicle))
        shown = subjects.shown([subject]).get(subject, subject)
        return report_of(entry.event_id, renamed(event, {str(vehicle): shown}))

    def _reply(self, report: Report, answer: Answer) -> Body:
        about = (report.id, self._platform.name)
        if answer.taken:
            return ReportAcknowledged(*about, without_vins(answer.receipt))
        # A platform may repeat the number that it was told, and the ledger would keep it.
        said = (without_vins(answer.code), without_vins(answer.message))
        return ReportBounced(*about, *said, answer.final)
