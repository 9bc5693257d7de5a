"""Corrections and disputes: which facts the fold reads, and what stays contested.

A correction counts by the author of its target or by an authority; a dispute counts when an
authority has upheld it. All of it is decided from the events alone: hashes make it impossible
that two events target each other, so the question "does this one stand?" always ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from cloud_bridge.fold.contests import Contest, ContestReason, contest
from cloud_bridge.fold.told import Told
from packtrail.event import (
    AnomalyFlagged,
    ConflictDetected,
    CorrectionDeclared,
    Disputed,
    DisputeResolved,
    Role,
)

UPHELD = "upheld"


class Settlement:
    """Which of some facts stand.

    Attributes:
        standing: facts that no standing correction or upheld dispute takes out, in order.
        contests: what is disputed, or was corrected by somebody who may not.
    """

    def __init__(self, facts: Sequence[Told]) -> None:
        self._by_id = {told.event_id: told for told in facts}
        self._against: dict[str, list[Told]] = defaultdict(list)
        for told in facts:
            target = _target(told)
            if target:
                self._against[target].append(told)
        self._void: dict[str, bool] = {}
        self.standing = [told for told in facts if not self.void(told.event_id)]
        self.contests = self._contests()

    def void(self, event_id: str) -> bool:
        """Whether a standing correction or an upheld dispute takes the event out."""
        if not self._against:
            return False
        if event_id not in self._void:
            against = self._against.get(event_id, ())
            self._void[event_id] = any(
                self._takes_out(one, self._by_id.get(event_id))
                for one in against
                if not self.void(one.event_id)
            )
        return self._void[event_id]

    def _takes_out(self, statement: Told, target: Told | None) -> bool:
        body = statement.event.body
        if isinstance(body, CorrectionDeclared):
            return target is None or entitled(statement, target)
        return isinstance(body, Disputed) and self._outcome(statement) == UPHELD

    def _outcome(self, dispute: Told) -> str:
        """What the newest standing resolution says, "" while the dispute is open."""
        resolutions = [
            one.event.body
            for one in self._against.get(dispute.event_id, ())
            if isinstance(one.event.body, DisputeResolved) and not self.void(one.event_id)
        ]
        return resolutions[-1].outcome if resolutions else ""

    def _contests(self) -> list[Contest]:
        found = []
        for told in self.standing:
            target = self._by_id.get(_target(told))
            body = told.event.body
            if isinstance(body, AnomalyFlagged | ConflictDetected):
                found.append(_noticed(told.event_id, body))
            elif target is None or self.void(target.event_id):
                continue
            elif isinstance(body, CorrectionDeclared) and not entitled(told, target):
                found.append(contest(ContestReason.FOREIGN_CORRECTION, [target, told], [told]))
            elif isinstance(body, Disputed) and not self._outcome(told):
                found.append(contest(ContestReason.DISPUTED, [target, told]))
        return found


def entitled(correction: Told, target: Told) -> bool:
    """Whether who corrects may: the target's own author, or an authority."""
    return correction.event.author == target.event.author or correction.role == Role.AUTHORITY


def _noticed(event_id: str, body: AnomalyFlagged | ConflictDetected) -> Contest:
    """A bridge's statement under the name of what it found, where the fold knows one."""
    kind, culprits = (
        (body.kind, ()) if isinstance(body, AnomalyFlagged) else (body.reason, body.culprits)
    )
    reason = ContestReason(kind) if kind in set(ContestReason) else ContestReason.ANOMALY
    return Contest(reason, (*body.evidence, event_id), culprits)


def _target(told: Told) -> str:
    body = told.event.body
    if isinstance(body, CorrectionDeclared | Disputed):
        return body.target
    return body.dispute if isinstance(body, DisputeResolved) else ""
