"""Which pack stands in a slot: confirmation, disagreement, swaps, and what is remembered."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.binding import Arrived, Book, Known, Left, Outcome, StationState, decode_state
from packtrail.codes import PackCode
from packtrail.estimate import Interval
from packtrail.event import (
    IdentityContested,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    SwapPerformed,
    VehicleRef,
)
from packtrail.times import NS_PER_S, ClockQuality
from tests.gateway.drafts import T0

A, B = (
    PackCode.make(maker="SXA", chemistry="LFP", made_on=date(2023, 4, 1), serial=n).text
    for n in (1, 2)
)
CAR = VehicleRef("vin", "LSXTEST0000000001")


def unit(code: str):
    return PackCode.parse(code).unit


class Slots:
    """Plays the pipeline: what SOC was heard in which slot."""

    def __init__(self) -> None:
        self.soc: dict[str, float] = {}

    def hear(self, slot: str, _since_ns: int) -> float | None:
        return self.soc.get(slot)


@pytest.fixture
def slots() -> Slots:
    return Slots()


@pytest.fixture
def book(slots) -> Book:
    return make_book(slots)


def make_book(slots: Slots, state: StationState | None = None, **options) -> Book:
    """One scan is enough here once the arrival was told, unless `confirm` says otherwise."""
    state = state or StationState()
    options = {"confirm": False} | options
    return Book("site", state, slots.hear, lambda: ClockQuality.FREE, **options)


def at(seconds: float) -> int:
    return T0 + round(seconds * NS_PER_S)


def bodies(outcome: Outcome) -> list:
    return [fact.body for fact in outcome.facts]


def test_a_scan_before_and_an_insert_by_the_controller_confirm_each_other(book, slots):
    slots.soc["1"] = 55.0
    assert book.scan("1", A, "scanner", at(0)).facts == []
    outcome = book.insert("1", at(10), None)
    assert outcome.moves == [Arrived("1", at(10)), Known("1", unit(A), at(10))]
    (fact,) = outcome.facts
    assert (fact.unit, fact.from_ns, fact.to_ns) == (unit(A), at(10), at(10))
    assert fact.body.place == PlaceRef("site", "1")
    assert fact.body.soc_pct == 55.0
    assert fact.body.readings[0].raw == A


def test_a_label_read_after_the_arrival_binds_back_to_the_arrival(book, slots):
    slots.soc["1"] = 55.0
    book.insert("1", at(0), None)
    outcome = book.scan("1", f"  {A.lower()}\r\n", "scanner", at(90))
    assert outcome.moves == [Known("1", unit(A), at(0))]
    assert outcome.facts[0].from_ns == at(0)


def test_the_controllers_word_alone_does_not_confirm_itself(book):
    book.scan("1", A, "order", at(0))
    assert book.insert("1", at(10), None).moves == [Arrived("1", at(10))]
    assert Known("1", unit(A), at(10)) in book.scan("1", A, "scanner", at(20)).moves


def test_without_a_controller_two_scans_are_needed(slots):
    book = make_book(slots, controller=False)
    assert book.scan("1", A, "scanner", at(0)).moves == [Arrived("1", at(0))]
    assert book.scan("1", A, "scanner", at(5)).moves == [Known("1", unit(A), at(0))]


def test_two_sources_that_disagree_open_a_case_and_attribute_nothing(book, slots):
    slots.soc["1"] = 55.0
    book.scan("1", A, "order", at(0))
    book.scan("1", B, "scanner", at(5))
    outcome = book.insert("1", at(10), None)
    assert outcome.moves == [Arrived("1", at(10))]
    (fact,) = outcome.facts
    assert fact.unit is None
    assert isinstance(fact.body, IdentityContested)
    assert fact.body.problem == "sources_disagree"
    assert [reading.raw for reading in fact.body.readings] == [A, B]


def test_a_third_reading_settles_a_case_back_to_the_arrival(book, slots):
    slots.soc["1"] = 55.0
    book.scan("1", A, "order", at(0))
    book.scan("1", B, "scanner", at(5))
    book.insert("1", at(10), None)
    outcome = book.scan("1", A, "handheld", at(360))
    assert outcome.moves == [Known("1", unit(A), at(10))]
    assert isinstance(outcome.facts[0].body, PackInstalled)
    assert outcome.facts[0].from_ns == at(10)


def test_an_unreadable_label_opens_a_case_once(book):
    book.insert("1", at(0), None)
    assert bodies(book.scan("1", "%%%", "scanner", at(1)))[0].problem == "unreadable"
    assert book.scan("1", "???", "scanner", at(2)).facts == []


def test_a_label_that_nobody_reads_opens_a_case_after_a_while(slots):
    book = make_book(slots, unread_s=0.0)
    book.insert("1", at(0), None)
    assert bodies(book.tick())[0].problem == "unread"
    assert book.tick().facts == []


def test_two_halves_of_a_label_are_one_reading(book):
    book.insert("1", at(0), None)
    book.scan("1", A[:14], "scanner", at(1))
    assert book.scan("1", A[14:], "scanner", at(2)).moves == [Known("1", unit(A), at(0))]


def test_a_doubt_after_the_settlement_takes_the_attribution_away(book, slots):
    slots.soc["1"] = 50.0
    book.scan("1", A, "scanner", at(0))
    book.insert("1", at(1), None)
    assert book.scan("1", B, "scanner", at(9)).moves == [Known("1", None, at(9))]
    outcome = book.scan("1", B, "handheld", at(20))
    assert outcome.moves == [Known("1", unit(B), at(1))]
    removed, installed = outcome.facts
    assert (removed.unit, removed.body.reason) == (unit(A), "misread")
    assert (installed.unit, installed.from_ns) == (unit(B), at(1))


def test_an_arrival_waits_a_moment_for_its_state_of_charge(book, slots):
    book.scan("1", A, "scanner", at(0))
    assert book.insert("1", at(1), None).facts == []
    assert book.tick().facts == []
    slots.soc["1"] = 42.0
    (fact,) = book.tick().facts
    assert fact.body.soc_pct == 42.0
    assert book.tick().facts == []


def test_an_arrival_never_heard_is_announced_at_the_latest_when_it_leaves(book):
    book.scan("1", A, "scanner", at(0))
    book.insert("1", at(1), None)
    outcome = book.remove("1", at(100), None)
    installed, removed = bodies(outcome)
    assert isinstance(installed, PackInstalled)
    assert isinstance(removed, PackRemoved)
    assert outcome.moves == [Left("1", at(100))]


def test_a_pack_that_comes_from_and_goes_into_a_vehicle_says_so(book, slots):
    slots.soc["1"] = 30.0
    book.scan("1", A, "scanner", at(0))
    out_of_car, into_slot = bodies(book.insert("1", at(1), CAR))
    assert (out_of_car.vehicle, into_slot.place.slot) == (CAR, "1")
    out_of_slot, into_car = bodies(book.remove("1", at(50), CAR))
    assert (out_of_slot.place.slot, into_car.vehicle) == ("1", CAR)


def settled(book: Book, slots: Slots, slot: str, code: str, soc: float) -> None:
    slots.soc[slot] = soc
    book.scan(slot, code, "scanner", at(0))
    book.insert(slot, at(0), None)


def test_a_swap_moves_both_packs_with_charge_and_health(book, slots):
    settled(book, slots, "5", B, 95.0)
    book.remember_health(unit(A), Interval(0.81, 0.7, 0.9))
    book.remember_health(unit(B), Interval(0.93, 0.8, 1.0))
    book.scan("3", A, "order", at(10))
    book.scan("3", A, "scanner", at(20))
    told = book.swap(at(30), CAR, "3", "5", "SW1")
    assert told.moves == [Left("5", at(30)), Arrived("3", at(30)), Known("3", unit(A), at(30))]
    (leaving,) = told.facts
    assert (leaving.unit, leaving.body.soc_pct, leaving.body.reason) == (unit(B), 95.0, "swap")
    slots.soc["3"] = 18.0
    swapped, installed = book.tick().facts
    assert swapped.unit == unit(B)
    assert swapped.body == SwapPerformed(
        vehicle=CAR,
        site="site",
        unit_out=unit(A),
        order="SW1",
        soc_in_pct=95.0,
        soc_out_pct=18.0,
        soh_in=0.93,
        soh_out=0.81,
    )
    assert (installed.unit, installed.body.place.slot) == (unit(A), "3")
    assert swapped.from_ns == installed.from_ns == at(30)


def test_a_swap_whose_incoming_pack_stays_unknown_is_told_without_it(slots):
    book = make_book(slots, unread_s=0.0)
    settled(book, slots, "5", B, 95.0)
    book.tick()
    book.swap(at(30), CAR, "3", "5", "SW1")
    contested = bodies(book.tick())
    assert contested[0].problem == "unread"
    (swapped,) = bodies(book.tick())
    assert (swapped.order, swapped.unit_out) == ("SW1", None)
    slots.soc["3"] = 20.0
    out_of_car, into_slot = bodies(book.scan("3", A, "scanner", at(99)))
    assert (out_of_car.vehicle, into_slot.place.slot) == (CAR, "3")


def test_a_swap_is_told_even_if_its_pack_leaves_before_it_was_recognised(book, slots):
    settled(book, slots, "5", B, 95.0)
    book.swap(at(30), CAR, "3", "5", "SW1")
    told = book.remove("3", at(60), None)
    assert [(fact.unit, type(fact.body)) for fact in told.facts] == [(unit(B), SwapPerformed)]
    assert told.facts[0].from_ns == at(30)


def test_removing_from_an_empty_slot_says_nothing_of_any_pack(book):
    outcome = book.remove("7", at(0), None)
    assert outcome.facts == []


def test_an_insert_told_again_of_the_same_pack_changes_nothing(book, slots):
    settled(book, slots, "1", A, 50.0)
    book.scan("1", A, "scanner", at(500))
    assert book.insert("1", at(500), None) == Outcome()


def test_an_insert_into_an_occupied_slot_means_that_the_removal_was_missed(book, slots):
    settled(book, slots, "1", A, 50.0)
    book.scan("1", B, "scanner", at(500))
    outcome = book.insert("1", at(510), None)
    assert outcome.moves == [
        Left("1", at(510)),
        Arrived("1", at(510)),
        Known("1", unit(B), at(510)),
    ]


def test_old_readings_of_an_empty_slot_speak_of_no_later_pack(book):
    book.scan("1", A, "scanner", at(0))
    outcome = book.insert("1", at(7200), None)
    assert outcome.moves == [Arrived("1", at(7200))]


def test_what_is_remembered_survives_a_restart(book, slots):
    settled(book, slots, "1", A, 50.0)
    book.scan("3", B, "order", at(5))
    book.swap(at(10), CAR, "3", "1", "SW1")
    again = make_book(slots, decode_state(book.state.encode()))
    assert again.state == book.state
    assert again.scan("3", B, "scanner", at(20)).moves == [Known("3", unit(B), at(10))]


@pytest.mark.parametrize("data", [None, b"", b"{", b'{"visits": 7}', b"\xff"])
def test_memory_that_cannot_be_read_is_no_memory(data):
    assert decode_state(data) == StationState()
