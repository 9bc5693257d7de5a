"""The appraiser: policy and prices from the operator's files, one appraisal per question."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from cloud_bridge.appraisal.facts import bench_insulation, facts_of, holds_of
from cloud_bridge.appraisal.measuring import NOTHING, CellEvidence, Measuring
from cloud_bridge.appraisal.pack_type import type_of
from cloud_bridge.fold import PackState, digest
from cloud_bridge.view import Packs
from packtrail.errors import os_fault
from packtrail.event import UnitRef
from packtrail.times import format_time, parse_time
from soh_model.gate_report import GateReport, gate_reports
from soh_model.gates import PackFacts
from soh_model.policy import Policy, load_toml
from soh_model.residual_value import Prices
from soh_model.triage import Decision, triage

Loaded = TypeVar("Loaded", bound=msgspec.Struct)

AT_ONCE: Final = 300
"""Chunks that one question reads: half a second for a hundred cells every second."""


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
        asked: every safety gate of the policy: passed, failed, undecided or not done.
        cells: which telemetry the gates were answered from.
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
    asked: tuple[GateReport, ...] = ()
    cells: CellEvidence = NOTHING


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
        self._measuring: Measuring | None = None
        self._opening = threading.Lock()

    def check(self) -> None:
        """Read both files.

        Raises:
            PacktrailError: one is missing or has faults.
        """
        self._policy.newest()
        self._prices.newest()

    def appraise(
        self, packs: Packs, unit: UnitRef, now_ns: int, most_chunks: int = AT_ONCE
    ) -> Appraisal:
        """One pack as it is known now.

        Args:
            packs: reads it.
            unit: which.
            now_ns: UTC.
            most_chunks: of telemetry to read that was not read before; with 0 only what is known
                from earlier askings counts.

        Raises:
            PacktrailError: the pack is unknown or unmeasured, or a file is missing or has faults.
        """
        view = packs.view(unit)
        state = view.state
        facts_of(state, view.reading)  # what cannot be appraised is not measured first
        cells = self._measured(packs, unit, state, most_chunks)
        facts = facts_of(state, view.reading, cells)
        policy, prices = self._policy.newest(), self._prices.newest()
        point = state.newest_health or state.health[-1]
        registration = (state.registration.event,) if state.registration else ()
        decision = triage(facts, policy, prices)
        bench = bench_insulation(state)
        return Appraisal(
            unit=state.unit,
            life=state.life,
            at=format_time(now_ns),
            health_at=point.at,
            facts=facts,
            holds=(holds := holds_of(state)),
            decision=_held(decision, held=bool(holds)),
            policy=policy,
            prices=prices,
            state_digest=digest(state),
            events=(*registration, point.event, *((bench.event,) if bench else ())),
            asked=gate_reports(facts, policy, decision),
            cells=cells,
        )

    def _measured(
        self, packs: Packs, unit: UnitRef, state: PackState, most_chunks: int
    ) -> CellEvidence:
        bench = bench_insulation(state)
        after_ns = parse_time(bench.at) if bench else 0
        with self._opening:
            if self._measuring is None:
                self._measuring = Measuring(packs.store)
        spec = type_of(packs.store, state) if most_chunks else None
        if spec is None:
            return self._measuring.known(unit, after_ns)
        return self._measuring.measure(unit, spec, most_chunks, after_ns)


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
