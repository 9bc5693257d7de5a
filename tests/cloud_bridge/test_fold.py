"""The digital ID: what facts add up to, in any order, and what contradicts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_bridge.fold import (
    ContestReason,
    Level,
    Lifecycle,
    PackState,
    Safety,
    Standing,
    Told,
    as_it_was,
    as_we_knew_it,
    digest,
    fold,
    judge_pack,
)
from packtrail.estimate import Estimate, Interval, Verdict
from packtrail.event import (
    ConditionCommitted,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    SwapPerformed,
    UnitRegistered,
)
from tests.cloud_bridge import parts
from tests.cloud_bridge.parts import (
    CAR,
    HOUR,
    OTHER_CAR,
    OTHER_PACK,
    OTHER_SLOT,
    PACK,
    SLOT,
    T0,
)


class Story:
    """Facts of one pack as they are told, an hour apart, by one station."""

    def __init__(self, *, known: bool = True) -> None:
        self.facts: list[Told] = []
        if known:
            self.facts.append(Told.of(parts.registered().signed))

    def tell(self, body, hours: float | None = None, **about) -> str:
        number = len(self.facts) + 1
        t_ns = T0 + int((number if hours is None else hours) * HOUR)
        if "until" in about:
            about["until_ns"] = T0 + int(about.pop("until") * HOUR)
        told = Told.of(parts.signed(body, t_ns=t_ns, **{"counter": number, **about}))
        self.facts.append(told)
        return told.event_id

    @property
    def state(self) -> PackState:
        return fold(PACK, self.facts)

    @property
    def reasons(self) -> list[ContestReason]:
        return [contest.reason for contest in self.state.contests]


def swap_out(car=CAR, **more) -> SwapPerformed:
    """The pack leaves `car`; the other pack goes in."""
    return SwapPerformed(car, "north", unit_out=PACK, **more)


def estimate(soh: float | None, half: float = 0.02) -> Estimate:
    verdict = Verdict.TOLD if soh else Verdict.CANNOT_TELL
    interval = Interval(soh, soh - half, soh + half) if soh else None
    return Estimate(verdict=verdict, soh=interval, rated_ah=150.0, method="counting/1")


def test_a_registered_pack_waits():
    state = Story().state
    assert state.lifecycle is Lifecycle.REGISTERED
    assert state.registration.stated == parts.REGISTRATION
    assert state.registration.maker == "maker-1"
    assert (state.binding, state.standing) == (None, Standing.CLEAN)


def test_a_pack_of_no_events_is_known_to_nobody():
    state = fold(PACK, [])
    assert state.lifecycle is Lifecycle.UNREGISTERED
    assert [contest.reason for contest in state.contests] == [ContestReason.UNREGISTERED]
    assert state.first_at == state.last_at == ""


def test_install_and_remove_move_the_binding():
    story = Story()
    came = story.tell(PackInstalled(place=SLOT))
    assert story.state.binding.place == SLOT
    assert story.state.lifecycle is Lifecycle.STOCKED
    left = story.tell(PackRemoved(place=SLOT))
    assert story.state.binding is None
    story.tell(PackInstalled(vehicle=CAR))
    state = story.state
    assert state.binding.vehicle == CAR
    assert state.lifecycle is Lifecycle.IN_SERVICE
    assert state.stays[0].arrived_by == (came,)
    assert state.stays[0].left_by == (left,)
    assert (state.standing, state.vehicles) == (Standing.CLEAN, 1)


def test_a_swap_takes_one_pack_out_and_puts_the_other_in():
    story = Story()
    story.tell(PackInstalled(vehicle=CAR))
    swap = story.tell(swap_out(), unit=OTHER_PACK)
    state = story.state
    assert state.binding.place == PlaceRef("north", "")
    assert state.stays[0].swap
    assert state.swaps == 1
    other = fold(OTHER_PACK, [f for f in story.facts if f.event_id == swap])
    assert other.binding.vehicle == CAR


def test_the_slot_that_is_named_later_refines_the_place():
    story = Story()
    story.tell(PackInstalled(vehicle=CAR))
    story.tell(swap_out(), unit=OTHER_PACK)
    story.tell(PackInstalled(place=OTHER_SLOT))
    assert story.state.binding.place == OTHER_SLOT
    assert len(story.state.stays) == 2
    assert story.state.standing is Standing.CLEAN


@pytest.mark.parametrize("slot_first", [True, False])
def test_a_swap_told_in_three_events_of_one_instant_is_one_move(slot_first):
    story = Story()
    story.tell(PackInstalled(vehicle=CAR), hours=1)
    if slot_first:
        story.tell(PackInstalled(place=SLOT), hours=2)
    story.tell(swap_out(), hours=2, unit=OTHER_PACK)
    if not slot_first:
        story.tell(PackInstalled(place=SLOT), hours=2)
    story.tell(PackRemoved(vehicle=CAR), hours=2)
    state = story.state
    assert state.standing is Standing.CLEAN, state.contests
    assert [stay.place or stay.vehicle for stay in state.stays] == [CAR, SLOT]


@pytest.mark.parametrize("removal_first", [True, False])
def test_a_swap_in_with_the_slots_own_removal_is_one_move(removal_first):
    story = Story()
    story.tell(PackInstalled(place=SLOT), hours=1)
    if removal_first:
        story.tell(PackRemoved(place=SLOT), hours=2)
    story.tell(SwapPerformed(CAR, "north"), hours=2)
    if not removal_first:
        story.tell(PackRemoved(place=SLOT), hours=2)
    story.tell(PackInstalled(vehicle=CAR), hours=2)
    state = story.state
    assert state.standing is Standing.CLEAN, state.contests
    assert [stay.place or stay.vehicle for stay in state.stays] == [SLOT, CAR]
    assert state.binding.vehicle == CAR


def test_a_pack_that_comes_out_of_a_vehicle_nobody_put_it_in_is_a_gap_not_a_contest():
    story = Story()
    left = story.tell(swap_out(), unit=OTHER_PACK)
    state = story.state
    assert state.standing is Standing.INCOMPLETE
    assert state.gaps[0].events == (left,)
    assert state.stays[0].vehicle == CAR
    assert state.stays[0].since == ""
    assert judge_pack(state).level is Level.GREEN


def test_two_places_at_once_is_contested_with_both_reports():
    story = Story()
    first = story.tell(PackInstalled(place=SLOT))
    second = story.tell(PackInstalled(vehicle=CAR))
    state = story.state
    assert state.contests[0].reason is ContestReason.TWO_PLACES
    assert state.contests[0].events == (first, second)
    assert state.binding.vehicle == CAR
    assert judge_pack(state).level is Level.RED


def test_a_pack_in_service_that_is_swapped_at_another_site_is_in_two_places():
    story = Story()
    story.tell(PackInstalled(vehicle=OTHER_CAR))
    story.tell(SwapPerformed(CAR, "south"))
    assert story.reasons == [ContestReason.TWO_PLACES]


def test_out_of_a_vehicle_it_was_not_in_is_a_swap_mismatch():
    story = Story()
    came = story.tell(PackInstalled(vehicle=OTHER_CAR))
    left = story.tell(swap_out(CAR), unit=OTHER_PACK)
    (contest,) = story.state.contests
    assert contest.reason is ContestReason.SWAP_MISMATCH
    assert contest.events == (came, left)
    assert judge_pack(story.state).level is Level.AMBER


def test_out_of_a_slot_it_was_not_in_is_contested():
    story = Story()
    story.tell(PackInstalled(place=SLOT))
    story.tell(PackRemoved(place=OTHER_SLOT))
    assert story.reasons == [ContestReason.NOT_THERE]


def test_times_known_roughly_get_the_benefit_of_the_doubt():
    story = Story()
    story.tell(PackInstalled(place=SLOT), hours=1)
    story.tell(PackInstalled(vehicle=CAR), hours=2, until=4)
    story.tell(PackRemoved(place=SLOT), hours=3)
    assert story.state.standing is Standing.CLEAN
    assert story.state.binding.vehicle == CAR


def test_times_that_exclude_each_other_do_not():
    story = Story()
    story.tell(PackInstalled(place=SLOT), hours=1)
    story.tell(PackInstalled(vehicle=CAR), hours=2)
    story.tell(PackRemoved(place=SLOT), hours=3)
    assert story.reasons == [ContestReason.NOT_THERE, ContestReason.TWO_PLACES]


def test_a_code_that_no_maker_registered_is_contested():
    story = Story(known=False)
    first = story.tell(PackInstalled(place=SLOT))
    (contest,) = story.state.contests
    assert contest.reason is ContestReason.UNREGISTERED
    assert contest.events == (first,)
    verdict = judge_pack(story.state)
    assert verdict.level is Level.AMBER
    assert verdict.text.zh == "请核查：没有生产企业登记过此编码。"


def test_use_before_registration_is_contested():
    story = Story(known=False)
    story.tell(PackInstalled(place=SLOT), hours=1)
    story.facts.append(Told.of(parts.registered(t_ns=T0 + 2 * HOUR).signed))
    assert story.reasons == [ContestReason.BEFORE_REGISTRATION]


def test_two_registrations_that_differ_are_contested_and_equal_ones_are_not():
    story = Story()
    story.facts.append(Told.of(parts.registered(counter=2, t_ns=T0).signed))
    assert story.reasons == []
    other = UnitRegistered("nmc", 100.0, 350.0, 96)
    about = {"author": "maker-1", "stream": "erp", "counter": 3, "key": parts.MAKER}
    story.facts.append(Told.of(parts.signed(other, **about)))
    assert story.reasons == [ContestReason.REGISTRATIONS_DIFFER]
    assert story.state.registration.stated == parts.REGISTRATION


def test_two_contents_under_one_number_are_equivocation():
    story = Story()
    one = story.tell(PackInstalled(place=SLOT), hours=1, counter=7)
    two = story.tell(PackRemoved(place=SLOT), hours=2, counter=7)
    (contest,) = story.state.contests
    assert contest.reason is ContestReason.EQUIVOCATION
    assert contest.events == (one, two)
    assert judge_pack(story.state).level is Level.RED


def over_temperature(*, severity="quarantine", cleared=False, value=61.0) -> IncidentRecorded:
    return IncidentRecorded(
        "over_temperature", severity, "temperature_c", value, 60.0, "probe 2", cleared
    )


def test_an_incident_opens_repeats_and_clears():
    story = Story()
    story.tell(over_temperature())
    story.tell(over_temperature(value=64.0))
    assert story.state.safety is Safety.QUARANTINE
    assert judge_pack(story.state).text.en == "Quarantine: over-temperature."
    story.tell(over_temperature(cleared=True))
    state = story.state
    (incident,) = state.incidents
    assert (incident.reports, incident.value, state.safety) == (3, 64.0, Safety.OK)
    assert incident.cleared
    assert judge_pack(state).level is Level.GREEN


def test_the_worst_open_severity_counts_and_a_past_danger_leaves_a_watch():
    story = Story()
    story.tell(over_temperature(severity="watch"))
    story.tell(over_temperature(severity="danger"))
    assert story.state.safety is Safety.DANGER
    assert judge_pack(story.state).level is Level.RED
    story.tell(over_temperature(severity="danger", cleared=True))
    assert judge_pack(story.state).text.en == "Watch: over-temperature."
    story.tell(over_temperature(severity="watch", cleared=True))
    assert story.state.safety is Safety.WATCH
    assert judge_pack(story.state).text.en == "Inspect: over-temperature in the past."


def test_an_unknown_severity_is_taken_seriously():
    story = Story()
    story.tell(IncidentRecorded("{smoke}", "weird"))
    assert story.state.safety is Safety.QUARANTINE
    assert judge_pack(story.state).text.en == "Quarantine: (smoke)."


def test_health_is_a_series_and_the_newest_told_value_counts():
    story = Story()
    for soh in (0.92, 0.91, None):
        story.tell(ConditionCommitted(estimate(soh), claimed_soh_pct=97.0))
    state = story.state
    assert len(state.health) == 3
    assert state.newest_health.estimate.soh.value == 0.91


def test_as_it_was_and_as_we_knew_it():
    story = Story()
    story.tell(PackInstalled(place=SLOT), hours=1)
    story.tell(PackRemoved(place=SLOT), hours=3)
    late = Told(story.facts[1].event_id, story.facts[1].event, recorded_ns=T0 + 50 * HOUR)
    facts = [story.facts[0], late, story.facts[2]]
    assert fold(PACK, as_it_was(facts, T0 + 2 * HOUR)).binding.place == SLOT
    assert fold(PACK, as_it_was(facts, T0 + 4 * HOUR)).binding is None
    known = fold(PACK, as_we_knew_it(facts, T0 + 4 * HOUR))
    assert known.standing is Standing.INCOMPLETE
    assert fold(PACK, facts).standing is Standing.CLEAN


TARGETS = [SLOT, OTHER_SLOT, CAR, OTHER_CAR]


def _body(kind: str, target: object) -> object:
    if kind == "incident":
        return over_temperature(cleared=target in (SLOT, CAR))
    if kind == "health":
        return ConditionCommitted(estimate(0.9))
    if kind in ("swap_in", "swap_out"):
        car = target if target in (CAR, OTHER_CAR) else CAR
        return SwapPerformed(car, "north", unit_out=PACK if kind == "swap_out" else None)
    where = {"place": target} if isinstance(target, PlaceRef) else {"vehicle": target}
    return PackInstalled(**where) if kind == "install" else PackRemoved(**where)


HISTORY = st.lists(
    st.tuples(
        st.sampled_from(["install", "remove", "swap_in", "swap_out", "incident", "health"]),
        st.sampled_from(TARGETS),
        st.integers(0, 6),
        st.integers(0, 2),
        st.integers(1, 8),
    ),
    max_size=10,
)


@settings(max_examples=200, deadline=None)
@given(HISTORY, st.data())
def test_any_order_and_any_repetition_give_the_same_bytes(history, data):
    story = Story()
    for kind, target, hours, rough, counter in history:
        unit = OTHER_PACK if kind == "swap_out" else PACK
        about = {"hours": hours, "until": hours + rough, "counter": counter}
        story.tell(_body(kind, target), unit=unit, **about)
    shuffled = data.draw(st.permutations(story.facts))
    repeated = shuffled + data.draw(st.lists(st.sampled_from(story.facts), max_size=5))
    state = fold(PACK, repeated)
    assert digest(state) == digest(story.state)
    _no_two_stays_overlap(state)


def _no_two_stays_overlap(state: PackState) -> None:
    for stay in state.stays[:-1]:
        assert stay.until, "only the last stay is open"
    assert state.binding is None or not state.stays[-1].until
