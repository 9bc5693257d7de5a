"""Events about events: corrections, disputes, what the system noticed, reports to a platform."""

from __future__ import annotations

from packtrail.event.refs import EventBody, UnitRef, VehicleRef


class CorrectionDeclared(EventBody, frozen=True):
    """An earlier event was wrong; both stay, the fold reads the replacement.

    By the author of the target, or by an authority. That the *event* is wrong and that the *pack*
    was hurt are different things (EPCIS 2.0 errorDeclaration).

    Attributes:
        target: event id.
        reason: `did_not_occur` or `incorrect_data`.
        replacement: event id of what is true instead, "" if nothing happened.
    """

    target: str
    reason: str
    replacement: str = ""
    remark: str = ""


class Disputed(EventBody, frozen=True):
    """A party that an event touches says that it is not true; it counts until that is resolved."""

    target: str
    grounds: str


class DisputeResolved(EventBody, frozen=True):
    """An authority decides: `upheld` takes the disputed event out, `rejected` keeps it."""

    dispute: str
    outcome: str
    remark: str = ""


class ConflictDetected(EventBody, frozen=True):
    """The bridge found an invariant violated.

    Attributes:
        invariant: `I1` to `I20`.
        reason: in one word.
        evidence: the fewest event ids that prove it.
        culprits: the event ids most likely to be wrong, the likeliest first.
    """

    invariant: str
    reason: str
    evidence: tuple[str, ...]
    culprits: tuple[str, ...] = ()
    vehicle: VehicleRef | None = None


class DutyOverdue(EventBody, frozen=True):
    """A duty was not met in time."""

    duty: str
    holder: str
    due: str
    evidence: tuple[str, ...] = ()
    vehicle: VehicleRef | None = None


class AnomalyFlagged(EventBody, frozen=True):
    """Readings that a healthy reporter does not give: frozen, replayed, forged, reset."""

    kind: str
    evidence: tuple[str, ...] = ()
    score: float | None = None
    detail: str = ""


class ReportSent(EventBody, frozen=True):
    """A report went out to a platform.

    Attributes:
        report: our number; a repetition after a failure has the same.
        platform: which.
        duty: the duty that it serves.
        covers: event ids that it reports.
        payload_digest: SHA-256 of what was sent, hex; of a vehicle with its commitment in place
            of its number, which the digest would give away.
        attempt: 1, 2, ...
    """

    report: str
    platform: str
    duty: str
    covers: tuple[str, ...] = ()
    payload_digest: str = ""
    attempt: int = 1


class ReportAcknowledged(EventBody, frozen=True):
    """The platform took a report: the duty is done."""

    report: str
    platform: str
    receipt: str = ""


class ReportBounced(EventBody, frozen=True):
    """The platform did not take a report; `final` if the same report will never do."""

    report: str
    platform: str
    code: str
    message: str = ""
    final: bool = False


class PersonalDataErased(EventBody, frozen=True):
    """A subject's key was destroyed: the commitment stays, nobody can open it any more."""

    commitment: str
    request: str = ""
    unit: UnitRef | None = None


class SubjectForgotten(EventBody, frozen=True):
    """A bridge destroyed the key of a vehicle or an owner: its commitments stay, shut for good.

    Attributes:
        subject: the random name under which the bridge joined the commitments.
        kind: `vehicle` or `owner`.
        commitments: how many they are.
        digest: over them, see `packtrail.personal.digest`: which they were cannot be changed later.
        reason: why, such as the number of the request; never the value.
        by: who asked the bridge for it, as far as it was told.
    """

    subject: str
    kind: str
    commitments: int
    digest: str
    reason: str = ""
    by: str = ""
