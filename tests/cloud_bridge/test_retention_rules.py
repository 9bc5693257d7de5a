"""Rules of retention: random ones hold what they say, and ours keep what they should."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_bridge.fold.fold import fold
from cloud_bridge.ledger.days import DAY_NS
from cloud_bridge.retention.holds import FOREVER, holds_of
from cloud_bridge.retention.policy import read_policy
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Fact, StoredChunk
from cloud_bridge.view import Packs
from packtrail.errors import SettingsError
from packtrail.estimate import Estimate, Verdict
from packtrail.event import (
    ConditionCommitted,
    Disputed,
    IncidentRecorded,
    UnitDestroyed,
    UnitRetired,
)
from tests.cloud_bridge import parts
from tests.cloud_bridge.retention_parts import FLOOR, TODAY, Yard, at_day, faults, one, rule, yard
from tests.cloud_bridge.test_keeping import Kept, place
from tests.databases import postgres

__all__ = ["one", "place", "postgres", "yard"]

ESTIMATE = Estimate(verdict=Verdict.CANNOT_TELL, rated_ah=150.0, method="m/1")


RULES = st.lists(
    st.one_of(
        st.builds(lambda days: ("always", {"days": days}), st.integers(0, 12)),
        st.builds(
            lambda every, days: ("always", {"every": every, "days": days}),
            st.integers(2, 5),
            st.integers(0, 30),
        ),
        st.builds(
            lambda around, days: ("incident", {"around_days": around, "days": days}),
            st.sampled_from([0, 0.25, 1]),
            st.integers(0, 30),
        ),
        st.builds(lambda newest: ("estimate", {"newest": newest}), st.integers(0, 2)),
        st.just(("contested", {"reasons": ["disputed"]})),
        st.just(("stage", {"stages": ["destroyed"]})),
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Path:
    """A database with telemetry of eight days and their roots."""
    folder = tmp_path_factory.mktemp("filled")
    store = Kept(StoreSettings(path=folder / "bridge.sqlite")).open()
    yard = Yard(store, folder)
    yard.fill(range(8))
    yard.say(parts.REGISTRATION, t_ns=at_day(-9))
    yard.close_days()
    store.close()
    return folder / "bridge.sqlite"


def acted(yard: Yard, alarms, reports, acts) -> Iterator[Fact]:
    """What happened to the pack, as facts."""
    for at, hour in alarms:
        about = {"t_ns": at_day(at, hour), "until_ns": at_day(at, hour + 0.5)}
        yield yard.fact(IncidentRecorded(f"k{at}-{hour}", "watch"), **about)
        done = {"t_ns": at_day(at, hour + 0.6), "until_ns": at_day(at, hour + 0.6)}
        yield yard.fact(IncidentRecorded(f"k{at}-{hour}", "watch", cleared=True), **done)
    for at in reports:
        yield yard.fact(ConditionCommitted(ESTIMATE), t_ns=at_day(at), until_ns=at_day(at, 1.5))
    if "destroy" in acts:
        yield yard.fact(UnitDestroyed("fire", 210.5), t_ns=at_day(8))
    if "dispute" in acts:
        first = yard.store.entries_of(parts.PACK)[0]
        yield yard.fact(Disputed(first.event_id, "no"), t_ns=at_day(9))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rules=RULES,
    alarms=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 23)), max_size=2),
    reports=st.lists(st.integers(0, 7), max_size=3),
    acts=st.sets(st.sampled_from(["dispute", "destroy"])),
    day=st.integers(8, 25),
    batch=st.integers(3, 24),
)
def test_nothing_goes_that_a_rule_holds_and_all_else_does(
    filled, tmp_path, rules, alarms, reports, acts, day, batch
):
    """The rules are read anew here, from their words, by other code than decides."""
    file = tmp_path / "bridge.sqlite"
    for left_over in tmp_path.glob("bridge.sqlite*"):
        left_over.unlink()
    shutil.copy(filled, file)
    store = Kept(StoreSettings(path=file)).open()
    yard = Yard(store, tmp_path, counter=100)
    store.append(list(acted(yard, alarms, reports, acts)), yard.now_ns)
    spans = [(at_day(at, 1.5), at_day(at)) for at in reports]
    yard.now_ns = at_day(day)
    texts = [rule(f"r{n}", when, **more) for n, (when, more) in enumerate(rules)]
    newest = sorted(set(spans), reverse=True)
    touches = {
        "always": lambda one, more: one.chunk.to_ns // DAY_NS % more.get("every", 1) == 0,
        "incident": lambda one, more: any(
            one.chunk.to_ns >= at_day(at, hour - 24 * more["around_days"])
            and one.chunk.from_ns <= at_day(at, hour + 0.6 + 24 * more["around_days"])
            for at, hour in alarms
        ),
        "estimate": lambda one, more: any(
            one.chunk.to_ns >= begin and one.chunk.from_ns <= end
            for end, begin in newest[: more["newest"] or None]
        ),
        "contested": lambda _one, _more: "dispute" in acts,
        "stage": lambda _one, _more: "destroy" in acts,
    }

    def held(one: StoredChunk) -> bool:
        age = yard.now_ns - (one.chunk.to_ns // DAY_NS + 1) * DAY_NS
        return any(
            touches[when](one, more) and ("days" not in more or age < more["days"] * DAY_NS)
            for when, more in [("always", {"days": 10}), *rules]
        )

    there = yard.store.chunks_of(parts.PACK, 0, 2**62, 10**6)
    wanted = {one.address for one in there if held(one)}
    yard.retain(*texts, batch=batch)
    left = {one.address for one in yard.store.chunks_of(parts.PACK, 0, 2**62, 10**6)}
    assert left == wanted
    assert faults(yard) == {}
    store.close()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('name = "x"\nkeep = []', "least period"),
        (FLOOR.replace('"yard/1"', '" "'), "name and version"),
        (FLOOR + rule("floor", "duty"), "floor stands twice"),
        (FLOOR + rule("a", "stage"), "stages are missing"),
        (FLOOR + rule("a", "stage", stages=["asleep"]), "asleep"),
        (FLOOR + rule("a", "duty", newest=3), 'newest says nothing with when = "duty"'),
        (FLOOR + rule("a", "always", every=0), "too small"),
        (FLOOR + rule("a", "sometimes"), "sometimes"),
        (FLOOR + rule("a", "heard"), "days are missing"),
        (FLOOR + rule("a", "stage", stages=["retired"], duties=["x"]), "duties says nothing"),
        (FLOOR.replace("days = 10", "days = 10\nregistered = true"), "least period"),
        (FLOOR.replace("2020-01-01", "soon"), "soon"),
        (FLOOR + "days = []", "retention.toml"),
    ],
)
def test_a_table_that_means_nothing_is_refused(tmp_path, table, said):
    file = tmp_path / "retention.toml"
    file.write_text(table, "utf-8")
    with pytest.raises(SettingsError, match=said):
        read_policy(file)


def test_our_own_rules_keep_a_pack_for_its_life(one):
    policy = read_policy()
    one.fill(range(3))
    one.say(parts.REGISTRATION, t_ns=at_day(-9))
    one.close_days()
    one.now_ns = at_day(365 * 20)
    report = one.retain(policy=policy)
    assert (report.chunks, report.kept) == (0, {"life": 3})
    one.say(UnitDestroyed("fire", 210.5), t_ns=at_day(9))
    assert one.retain(policy=policy, apply=False).kept.keys() <= {"contested", "duty"}
    first, facts = Packs(one.store).story(parts.PACK)
    held = holds_of(policy.binding(one.now_ns), fold(first, facts), facts)
    assert {hold.rule.id for hold in held} >= {"telemetry", "every_30th"}
    assert all(hold.until_ns(at_day(0), at_day(0)) < FOREVER for hold in held if not hold.whole)


def test_telemetry_of_a_pack_that_nobody_registered_goes_a_year_after_the_last_of_it(yard, place):
    """And not before three years, not with a dispute, an open duty or a registration."""
    policy, year = read_policy(), 365
    yard.fill([0, 1, 800])
    yard.now_ns = at_day(802)
    yard.close_days()
    yard.now_ns = at_day(3 * year - 1)
    assert yard.retain(policy=policy).chunks == 0
    yard.now_ns = at_day(3 * year + 2)
    report = yard.retain(policy=policy)
    assert (report.chunks, report.kept["unregistered"]) == (0, 2), "silent since day 800 only"
    yard.now_ns = at_day(800 + 1 + year)
    dry = yard.retain(policy=policy, apply=False)
    every = sum(not (TODAY + day) % 30 for day in (0, 1))
    assert dry.chunks == 3 * (2 - every)
    assert len(yard.left()) == 3, "without --apply nothing goes"
    if dry.chunks:
        assert yard.retain(policy=policy).chunks == dry.chunks
        assert yard.retired()[0].policy == "packtrail-default/2"
    assert faults(yard) == {}, "its proof is kept"
    assert 800 in yard.left()


@pytest.mark.parametrize("what", ["dispute", "duty", "registration"])
def test_an_unregistered_pack_is_held_by_a_dispute_a_duty_or_a_late_registration(one, what):
    policy = read_policy()
    one.fill(range(2))
    one.close_days()
    one.now_ns = at_day(365 * 4)
    assert one.retain(policy=policy, apply=False).chunks > 0
    if what == "dispute":
        one.say(Disputed(one.store.entries_of(parts.PACK)[0].event_id, "no"), t_ns=at_day(9))
    elif what == "duty":
        one.say(UnitRetired("capacity", 362.5, "lfp", "outlet-9"), t_ns=at_day(3))
    else:
        one.say(parts.REGISTRATION, t_ns=at_day(9))
    report = one.retain(policy=policy)
    assert report.chunks == 0
    rules = {"dispute": "disputed", "duty": "duty", "registration": "life"}
    assert rules[what] in report.kept
