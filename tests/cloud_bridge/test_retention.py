"""Telemetry goes by policy, never what a rule holds, never without a word."""

from __future__ import annotations

import pytest

from cloud_bridge.keeping.samples import sample_proof
from cloud_bridge.ledger.audit import audit
from cloud_bridge.ledger.days import check_sample, day_of, name_of
from cloud_bridge.retention.policy import read_policy
from packtrail.estimate import Estimate, Verdict
from packtrail.event import (
    ConditionCommitted,
    Disputed,
    IncidentRecorded,
    TelemetryAttributed,
    UnitRetired,
)
from packtrail.times import format_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.cloud_bridge.retention_parts import FLOOR, TODAY, at_day, faults, one, rule, yard
from tests.cloud_bridge.test_keeping import place
from tests.databases import postgres

__all__ = ["one", "place", "postgres", "yard"]

KEY = parts.AUTHORITY.public
ESTIMATE = Estimate(verdict=Verdict.CANNOT_TELL, rated_ah=150.0, method="m/1")


def test_without_apply_nothing_goes_and_it_is_told_what_would(yard):
    yard.fill(range(4))
    yard.close_days()
    report = yard.retain(apply=False)
    assert (report.packs, report.touched, report.days, report.chunks) == (1, 1, 4, 12)
    assert report.size_bytes > 12 * 200
    assert report.statements == 0
    assert yard.left() == {0: 3, 1: 3, 2: 3, 3: 3}
    assert yard.retired() == []


def test_what_no_rule_holds_goes_under_one_statement_for_a_span_of_days(yard):
    yard.fill(range(4))
    yard.close_days()
    size = yard.store.size()
    report = yard.retain()
    assert (report.chunks, report.statements) == (12, 1)
    assert yard.left() == {}
    (body,) = yard.retired()
    assert [(day.day, day.records, day.kept) for day in body.days] == [
        (name_of(TODAY + day), 3, 0) for day in range(4)
    ]
    assert (body.samples, body.size_bytes) == (120, report.size_bytes)
    assert (body.policy, len(body.policy_digest)) == ("yard/1", 64)
    assert yard.store.size() == size + 1
    assert yard.store.counts().chunks == 12, "numbers, digests and spans stay"
    assert faults(yard) == {}
    assert [check for check in audit(yard.store, parts.PACK, ORIGIN, KEY) if check.faults] == []
    again = yard.retain()
    assert (again.chunks, again.statements) == (0, 0)


def test_a_portion_is_bounded_and_a_large_day_is_cut(yard):
    yard.fill(range(3), hours=5)
    yard.close_days()
    report = yard.retain(batch=3)
    assert (report.statements, report.chunks) == (6, 15)
    first, second, *_ = yard.retired()
    assert [(day.records, day.kept) for day in first.days] == [(3, 2)]
    assert [(day.records, day.kept) for day in second.days] == [(2, 0)]
    assert faults(yard) == {}


def test_only_a_day_whose_root_stands_may_go(yard):
    yard.fill(range(2))
    assert yard.retain().chunks == 0
    yard.close_days()
    yard.fill([5])
    yard.now_ns += 1
    assert yard.retain().chunks == 6
    assert yard.left() == {5: 3}


def test_a_day_is_kept_to_the_nanosecond_that_the_rule_says(yard):
    yard.fill(range(2))
    yard.close_days()
    yard.now_ns = at_day(0 + 1 + 10) - 1
    assert yard.retain().chunks == 0
    yard.now_ns += 1
    assert yard.retain().chunks == 3
    assert yard.left() == {1: 3}


def test_a_pack_waits_until_many_days_are_due(one):
    one.fill(range(6))
    one.close_days()
    one.now_ns = at_day(1 + 10 + 4)
    assert one.retain(gather_days=5).chunks == 0
    one.now_ns = at_day(1 + 10 + 5)
    report = one.retain(gather_days=5)
    assert (report.statements, report.days) == (1, 6)


def test_telemetry_of_an_incident_and_of_an_estimate_stays_chunk_by_chunk(yard):
    yard.fill(range(4))
    alarm = IncidentRecorded("over_temperature", "danger")
    over = IncidentRecorded("over_temperature", "danger", cleared=True)
    yard.say(alarm, t_ns=at_day(1, 1.001))
    yard.say(over, t_ns=at_day(1, 1.002))
    for day in (0, 2, 3):
        span = {"t_ns": at_day(day, 1.9), "until_ns": at_day(day, 2.1)}
        yard.say(ConditionCommitted(ESTIMATE), **span)
    yard.close_days()
    rules = [rule("alarm", "incident"), rule("evidence", "estimate", newest=2)]
    report = yard.retain(*rules)
    assert yard.left() == {1: 1, 2: 1, 3: 1}
    assert report.kept == {"alarm": 1, "evidence": 2}
    assert faults(yard) == {}
    more = yard.retain(rule("evidence", "estimate", newest=1))
    assert more.chunks == 2
    assert yard.left() == {3: 1}
    assert faults(yard) == {}


def test_what_is_kept_of_a_thinned_day_is_proven_as_before(yard):
    yard.fill(range(2))
    span = {"t_ns": at_day(1, 1.0), "until_ns": at_day(1, 1.001)}
    yard.say(ConditionCommitted(ESTIMATE), **span)
    yard.close_days()
    yard.retain(rule("evidence", "estimate"))
    (chunk,) = yard.store.chunks_of(parts.PACK, 0, 2**62)
    proof = sample_proof(yard.store, parts.PACK, chunk, ORIGIN, KEY)
    assert len(proof.path) == 2, "the hashes of its retired neighbours"
    assert [check for check in check_sample(proof, KEY) if check.faults] == []


@pytest.mark.parametrize("every", [2, 7])
def test_every_so_manieth_day_stays(one, every):
    one.fill(range(14), hours=1)
    one.close_days()
    one.retain(rule("sample", "always", every=every))
    assert set(one.left()) == {day for day in range(14) if not (TODAY + day) % every}


def test_a_stage_a_contradiction_and_a_duty_hold_everything(yard):
    yard.fill(range(2))
    yard.say(parts.REGISTRATION, t_ns=at_day(-9))
    yard.close_days()
    assert yard.retain(rule("stage", "stage", stages=["registered"])).kept == {"stage": 2}
    retired = yard.say(UnitRetired("capacity", 362.5, "lfp", "outlet-9"), t_ns=at_day(3))
    duty = rule("duty", "duty")
    assert yard.retain(duty).kept == {"duty": 2}
    yard.say(Disputed(retired.signed.event_id, "not ours"), t_ns=at_day(4))
    disputed = rule("dispute", "contested", reasons=["disputed"])
    assert yard.retain(disputed).kept == {"dispute": 2}
    assert yard.retain(rule("stage", "stage", stages=["registered"])).chunks == 6


def test_rules_bind_from_and_to_their_dates(one):
    one.fill(range(2))
    one.close_days()
    tomorrow = name_of(day_of(one.now_ns) + 1)
    yesterday = name_of(day_of(one.now_ns) - 1)
    long = {"when": "always", "days": 9999}
    assert one.retain(rule("later", **long) + f'to = "{tomorrow}"\n').chunks == 0
    ended = rule("ended", **long) + f'to = "{yesterday}"\n'
    begins = rule("begins", **long).replace("2020-01-01", tomorrow)
    assert one.retain(ended, begins, apply=False).chunks == 6
    floor_ended = FLOOR.replace('from = "2020-01-01"', f'from = "2020-01-01"\nto = "{yesterday}"')
    (one.folder / "ended.toml").write_text(floor_ended, "utf-8")
    policy = read_policy(one.folder / "ended.toml")
    assert one.retain(policy=policy).kept == {"undecided": 2}


def test_what_was_told_to_be_another_packs_and_what_has_no_pack_stays(yard):
    yard.fill(range(2))
    slot = yard.gateway.telemetry(parts.samples(10, at_day(0, 5)), unit=None)
    told = yard.gateway.tell(
        TelemetryAttributed(
            parts.SLOT, format_time(at_day(1)), format_time(at_day(1, 1.5)), parts.PACK
        ),
        unit=parts.OTHER_PACK,
        t_ns=at_day(1),
        until_ns=at_day(1, 1.5),
    )
    yard.receive(slot, told)
    yard.close_days()
    assert yard.retain().chunks == 4
    assert sum(yard.left(parts.OTHER_PACK).values()) == 2
    assert faults(yard) == {}


def test_late_telemetry_of_a_retired_day_is_taken_and_makes_a_revision(yard):
    yard.fill(range(2))
    yard.close_days()
    yard.retain()
    late = yard.gateway.telemetry(parts.samples(10, at_day(0, 9)))
    repeat = yard.gateway.sent[1]
    yard.now_ns += parts.SECOND
    yard.receive(late, repeat, at_ns=yard.now_ns)
    assert yard.store.progress("station-1", parts.EPOCH).through == yard.gateway.seq
    assert yard.left() == {0: 1}, "what comes again stays retired, what is new is there"
    yard.now_ns += parts.SECOND
    yard.close_days()
    assert faults(yard) == {}
    assert yard.retain(apply=False).chunks == 1
    assert yard.retain().chunks == 1
    first, second = yard.retired()
    assert [(day.revision, day.records, day.kept) for day in second.days] == [(1, 1, 0)]
    assert first.days[0].root != second.days[0].root
    assert faults(yard) == {}
