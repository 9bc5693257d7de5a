"""Reuse, recycle or test again: safety gates first, then the probability of each grade.

Facts of a pack, a policy and prices enter; a decision leaves, or its refusal where the interval
straddles a threshold, with what a better test would be worth. Every figure names what it was made
of. Gates are absolute: a pack that fails one is not graded, whatever its SoH.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace

from packtrail.estimate import Advice, Estimate, Interval, Verdict
from soh_model.gates import Gates, GateTest, PackFacts, deciding_test, gates_of
from soh_model.policy import Grade, Policy, content_digest
from soh_model.residual_value import Prices, Value, residual_value

RECYCLE: Final = "recycle"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with a pack.

    Attributes:
        code: the pack.
        decided: name of the grade, `recycle`, or None where it is refused.
        gates: safety gates that stopped it; then nothing else was asked.
        unsure_gates: whose measurement straddles its limit; nothing is decided before a better one.
        unmeasured_gates: that the policy has and nobody measured.
        measured: gate -> what it was measured at: % a day for `self_discharge`, a ratio for
            `cell_resistance`.
        provisional: gates that were asked and whose limit the policy calls provisional.
        tests: gate -> measurement that would decide it, for the gates that hold the decision.
        probabilities: grade or `recycle` -> probability.
        uses: permitted uses of the decided grade.
        bans: forbidden uses: of the grade, and of every pack.
        value: worth in the most probable grade, None behind a gate or without SoH.
        test_worth: what a test that tells the SoH exactly would gain on average.
        advice: the measurement to make where the decision is refused.
        policy: name, version, date of effect and reference.
        inputs_digest: of the estimate that was used.
        policy_digest: SHA-256 of the policy's content.
    """

    code: str
    decided: str | None
    gates: tuple[str, ...] = ()
    unsure_gates: tuple[str, ...] = ()
    unmeasured_gates: tuple[str, ...] = ()
    measured: dict[str, Interval] = {}
    provisional: tuple[str, ...] = ()
    tests: dict[str, GateTest] = {}
    probabilities: dict[str, float] = {}
    uses: tuple[str, ...] = ()
    bans: tuple[str, ...] = ()
    value: Value | None = None
    test_worth: float = 0.0
    advice: Advice = Advice.NONE
    policy: str = ""
    inputs_digest: str = ""
    policy_digest: str = ""


def triage(facts: PackFacts, policy: Policy, prices: Prices) -> Decision:
    """Decide on one pack, or say why not."""
    gates = gates_of(facts, policy)
    blank = Decision(
        code=facts.code,
        decided=None,
        gates=gates.failed,
        unsure_gates=gates.unsure,
        unmeasured_gates=gates.unmeasured,
        measured=gates.measured,
        provisional=tuple(name for name in policy.provisional if name in gates.measured),
        tests=_tests(gates, policy),
        bans=tuple(ban.use for ban in policy.bans),
        policy=f"{policy.name} {policy.version}, {policy.effective}, {policy.reference}",
        inputs_digest=facts.estimate.inputs_digest,
        policy_digest=content_digest(policy),
    )
    if gates.failed:
        held = set(gates.failed) <= _holding(policy)
        advice = Advice.BENCH_TEST if held else Advice.NONE
        return replace(blank, decided=None if held else RECYCLE, advice=advice)
    soh = facts.estimate.soh_pack or facts.estimate.soh
    if facts.estimate.verdict is not Verdict.TOLD or soh is None:
        return replace(blank, advice=Advice.BENCH_TEST)
    return _graded(blank, soh, facts, policy, prices)


def _holding(policy: Policy) -> set[str]:
    """Gates that hold a pack: a limit without a source condemns nothing."""
    return {*policy.holding_gates, *policy.provisional}


def _tests(gates: Gates, policy: Policy) -> dict[str, GateTest]:
    """What to measure where a gate holds the decision; nothing behind one that is final."""
    if set(gates.failed) - _holding(policy):
        return {}
    open_gates = (*gates.failed, *gates.unsure)
    if policy.refuse_unmeasured:
        open_gates += gates.unmeasured
    return {name: deciding_test(name) for name in open_gates}


def _graded(
    blank: Decision, soh: Interval, facts: PackFacts, policy: Policy, prices: Prices
) -> Decision:
    """The decision on a pack that no gate stops."""
    chances = grade_probabilities(soh, facts.estimate, policy)
    likely = max(chances, key=lambda name: chances[name])
    grade = policy.grade(likely)
    held = blank.unsure_gates or (policy.refuse_unmeasured and blank.unmeasured_gates)
    sure = chances[likely] >= policy.certainty and not held
    bans = (*(grade.bans if grade and sure else ()), *blank.bans)
    return replace(
        blank,
        decided=likely if sure else None,
        probabilities={name: round(chance, 4) for name, chance in chances.items()},
        uses=grade.uses if grade and sure else (),
        bans=tuple(dict.fromkeys(bans)),
        value=residual_value(soh, facts.chemistry, facts.nominal_kwh, likely, prices),
        test_worth=_test_worth(soh, facts, policy, prices),
        advice=Advice.NONE if sure else Advice.BENCH_TEST,
    )


def grade_probabilities(soh: Interval, estimate: Estimate, policy: Policy) -> dict[str, float]:
    """Probability of each grade, best first, and of `recycle` below all of them."""
    health = NormalDist(soh.value, max(soh.width / 3.92, 1e-6))
    above, chances = 0.0, {}
    for grade in policy.grades:
        reached = 1 - health.cdf(grade.lowest_soh)
        share = max(0.0, reached - above) * _allowed(grade, estimate)
        chances[grade.name] = share
        above += share
    chances[RECYCLE] = max(0.0, 1 - above)
    return chances


def _allowed(grade: Grade, estimate: Estimate) -> float:
    """Probability that resistance growth and spread lie within a grade's limits."""
    chance = 1.0
    limits = (
        (grade.highest_growth, estimate.resistance_growth),
        (grade.highest_spread_pct, estimate.spread_pct),
    )
    for limit, found in limits:
        if limit is not None and found is not None:
            spread = max((found.high - found.low) / 3.92, 1e-6)
            chance *= NormalDist(found.value, spread).cdf(limit)
    return chance


def _test_worth(soh: Interval, facts: PackFacts, policy: Policy, prices: Prices) -> float:
    """Gain of knowing the SoH before choosing, over choosing now; never negative.

    A pack sold in a grade that it does not reach earns nothing and still costs its reuse.
    """
    normal = NormalDist(soh.value, max(soh.width / 3.92, 1e-6))
    health = np.array([normal.inv_cdf((k + 0.5) / 101) for k in range(101)])
    exact = Interval(soh.value, soh.value, soh.value)
    outcomes = []
    for grade in policy.grades:
        value = residual_value(exact, facts.chemistry, facts.nominal_kwh, grade.name, prices)
        factor = prices.new_per_kwh * prices.reuse_factor.get(grade.name, 0.0)
        earned = np.where(health >= grade.lowest_soh, health * factor, 0.0)
        outcomes.append(facts.nominal_kwh * (earned - prices.reuse_cost_per_kwh))
        recycled = np.full_like(health, value.recycle.value)
    outcomes.append(recycled)
    table = np.array(outcomes)
    return float(table.max(axis=0).mean() - table.mean(axis=1).max())
