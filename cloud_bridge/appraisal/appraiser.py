"""The appraiser: policy and prices from the operator's files, one appraisal per question."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from cloud_bridge.appraisal.facts import facts_of, holds_of
from cloud_bridge.fold import digest
from cloud_bridge.view import PackView
from packtrail.errors import os_fault
from packtrail.event import UnitRef
from packtrail.times import format_time
from soh_model.gates import PackFacts
from soh_model.policy import Policy, load_toml
from soh_model.residual_value import Prices
from soh_model.triage import Decision, triage

Loaded = TypeVar("Loaded", bound=msgspec.Struct)


class Appraisal(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done with a pack and what it is worth, with everything it was made of.

    Attributes:
        unit: which pack.
        life: which of its lives.
        at: when it was appraised, RFC 3339 UTC.
        health_at: of when the estimate of health is.
        facts: what was asked about.
        holds: what has to be cleared first; then nothing is decided.
        decision: the answer, or its refusal with the test that would decide.
        policy: grades and gates in full.
        prices: in full.
        state_digest: SHA-256 of the digital ID at `at`, hex.
        events: ids of the reports that the estimate and the registration come from.
    """

    unit: UnitRef
    life: int
    at: str
    health_at: str
    facts: PackFacts
    holds: tuple[str, ...] = ()
    decision: Decision
    policy: Policy
    prices: Prices
    state_digest: str
    events: tuple[str, ...]


class Appraiser:
    """Appraises by the files as they are now: prices change without a restart.

    Args:
        policy: grades and gates, TOML.
        prices: of the day, TOML.
        valid_days: how long a certificate holds.
    """

    def __init__(self, policy: Path, prices: Path, valid_days: int) -> None:
        self.valid_days = valid_days
        self._policy = _Kept(Policy, policy)
        self._prices = _Kept(Prices, prices)

    def check(self) -> None:
        """Read both files.

        Raises:
            PacktrailError: one is missing or has faults.
        """
        self._policy.newest()
        self._prices.newest()

    def appraise(self, view: PackView, now_ns: int) -> Appraisal:
        """One pack as it is known now.

        Raises:
            PacktrailError: the pack is unknown or unmeasured, or a file is missing or has faults.
        """
        state = view.state
        facts = facts_of(state, view.reading)
        policy, prices = self._policy.newest(), self._prices.newest()
        point = state.newest_health or state.health[-1]
        registration = (state.registration.event,) if state.registration else ()
        return Appraisal(
            unit=state.unit,
            life=state.life,
            at=format_time(now_ns),
            health_at=point.at,
            facts=facts,
            holds=(holds := holds_of(state)),
            decision=_held(triage(facts, policy, prices), held=bool(holds)),
            policy=policy,
            prices=prices,
            state_digest=digest(state),
            events=(*registration, point.event),
        )


def _held(decision: Decision, *, held: bool) -> Decision:
    """A gate stands in any case; what is open before it is decided takes no grade yet."""
    if not held or decision.gates:
        return decision
    return msgspec.structs.replace(decision, decided=None, uses=(), bans=())


class _Kept(Generic[Loaded]):
    """A file that is read again when it has changed."""

    def __init__(self, kind: type[Loaded], path: Path) -> None:
        self._kind, self._path = kind, path
        self._stamp: tuple[int, int] = (0, -1)
        self._content: Loaded | None = None

    def newest(self) -> Loaded:
        try:
            status = self._path.stat()
        except OSError as error:
            raise os_fault(error, self._path) from error
        stamp = (status.st_mtime_ns, status.st_size)
        if self._content is None or stamp != self._stamp:
            self._content, self._stamp = load_toml(self._kind, self._path), stamp
        return self._content
