"""What is settled late: second readings, the order of trust, sealed telemetry, closed visits."""

from __future__ import annotations

import pytest

from gateway.binding import Known, Outcome, StationState, decode_state
from packtrail.errors import CodeError
from packtrail.event import (
    IdentityContested,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    Reading,
    TelemetryAttributed,
    UnitRef,
)
from packtrail.times import format_time
from tests.gateway.test_binding import CAR, A, B, Slots, at, make_book, unit

PLACE = PlaceRef("site", "1")


class Sealed(Slots):
    """Plays a pipeline that has sealed data of the visit."""

    def __init__(self) -> None:
        super().__init__()
        self.soc["1"] = 50.0
        self.until_ns = 0


@pytest.fixture
def slots() -> Sealed:
    return Sealed()


@pytest.fixture
def book(slots):
    return strict(slots)


def strict(slots, state=None, **options):
    return make_book(
        slots, state, confirm=True, sealed_until=lambda _slot: slots.until_ns, **options
    )


def attributed(outcome: Outcome) -> list:
    return [
        (fact.unit, fact.from_ns, fact.to_ns, fact.body.instead_of)
        for fact in outcome.facts
        if isinstance(fact.body, TelemetryAttributed)
    ]


def test_a_label_alone_binds_nothing_and_a_second_reading_does(book):
    book.insert("1", at(0), None)
    assert book.scan("1", A, "scanner", at(1)).moves == []
    assert book.scan("1", A, "scanner", at(2)).moves == [Known("1", unit(A), at(0))]


def test_the_order_confirms_a_label_but_not_the_controllers_other_word(book):
    book.insert("1", at(0), None)
    book.scan("1", A, "order", at(1))
    assert book.scan("1", A, "ocpp", at(2)).moves == []
    assert book.scan("1", A, "scanner", at(3)).moves == [Known("1", unit(A), at(0))]


@pytest.mark.parametrize("source", ["uds", "gbt32960"])
def test_a_code_from_the_packs_own_electronics_is_enough(book, source):
    book.insert("1", at(0), None)
    reading = Reading(source, A, format_time(at(1)), data=A.encode().hex())
    outcome = book.read("1", reading, at(1))
    assert outcome.moves == [Known("1", unit(A), at(0))]
    (installed,) = [f.body for f in outcome.facts if isinstance(f.body, PackInstalled)]
    assert installed.readings == (reading,), "with its raw bytes"


def test_a_vehicle_that_the_bridge_resolved_names_its_pack(book):
    book.insert("1", at(0), CAR)
    reading = Reading("vin", CAR.id, format_time(at(1)), says=unit(A))
    assert book.read("1", reading, at(1)).moves == [Known("1", unit(A), at(0))]


def test_what_a_charger_heard_is_a_hint_and_decides_nothing(book):
    book.insert("1", at(0), None)
    hint = Reading("brm", "SXA 0001 2023-04-01", format_time(at(1)), says=unit(B))
    assert book.read("1", hint, at(1)) == Outcome()
    book.scan("1", A, "scanner", at(2))
    assert book.scan("1", A, "handheld", at(3)).moves == [Known("1", unit(A), at(0))]


def test_a_person_ends_a_dispute(book):
    book.insert("1", at(0), None)
    book.scan("1", A, "scanner", at(1))
    book.scan("1", B, "handheld", at(2))
    outcome = book.scan("1", B, "operator", at(60))
    assert outcome.moves == [Known("1", unit(B), at(0))]


def test_what_was_sealed_before_the_settlement_is_attributed_back_to_the_arrival(book, slots):
    book.insert("1", at(0), None)
    book.scan("1", A, "scanner", at(1))
    slots.until_ns = at(180)
    outcome = book.scan("1", A, "handheld", at(185))
    assert attributed(outcome) == [(unit(A), at(0), at(180), None)]
    body = outcome.facts[0].body
    assert (body.place, len(body.readings)) == (PLACE, 2)


def test_a_pack_that_is_known_in_time_needs_no_attribution(book):
    book.scan("1", A, "order", at(0))
    book.scan("1", A, "scanner", at(1))
    assert attributed(book.insert("1", at(2), None)) == []


def test_a_mistake_is_corrected_in_what_was_sealed_for_the_wrong_pack(book, slots):
    book.insert("1", at(0), None)
    book.scan("1", A, "scanner", at(1))
    book.scan("1", A, "scanner", at(2))
    slots.until_ns = at(60)
    book.scan("1", B, "handheld", at(61))
    book.scan("1", B, "handheld", at(62))
    slots.until_ns = at(120)
    outcome = book.scan("1", B, "order", at(130))
    assert attributed(outcome) == [
        (unit(B), at(62), at(120), None),
        (unit(B), at(0), at(62), unit(A)),
    ]


def test_a_pack_that_leaves_unrecognised_leaves_a_case_that_a_person_can_settle(book, slots):
    book.insert("1", at(0), None)
    book.scan("1", A, "scanner", at(1))
    slots.until_ns = at(300)
    outcome = book.remove("1", at(310), None)
    (contested,) = [fact.body for fact in outcome.facts]
    assert isinstance(contested, IdentityContested)
    (case,) = book.state.cases
    assert (case.slot, case.since_ns, case.until_ns) == ("1", at(0), at(310))

    remembered = strict(slots, decode_state(book.state.encode()))
    settled = remembered.settle_case(case.name, A, at(9000))
    assert [(type(f.body), f.unit, f.from_ns, f.to_ns) for f in settled.facts] == [
        (PackInstalled, unit(A), at(0), at(0)),
        (TelemetryAttributed, unit(A), at(0), at(310)),
        (PackRemoved, unit(A), at(310), at(310)),
    ]
    assert remembered.state.cases == ()
    assert remembered.settle_case(case.name, A, at(9001)) == Outcome()


def test_a_case_of_a_mistaken_pack_takes_the_mistake_back(book, slots):
    book.insert("1", at(0), None)
    book.scan("1", A, "scanner", at(1))
    book.scan("1", A, "scanner", at(2))
    slots.until_ns = at(60)
    book.scan("1", B, "handheld", at(61))
    book.scan("1", B, "handheld", at(62))
    book.remove("1", at(100), None)
    (case,) = book.state.cases
    settled = book.settle_case(case.name, B, at(200))
    assert [(type(f.body), f.unit) for f in settled.facts] == [
        (PackRemoved, unit(A)),
        (TelemetryAttributed, unit(B)),
        (PackInstalled, unit(B)),
        (TelemetryAttributed, unit(B)),
        (PackRemoved, unit(B)),
    ]


def test_a_bad_code_settles_no_case_and_keeps_it(book):
    book.insert("1", at(0), None)
    book.scan("1", A, "scanner", at(1))
    book.remove("1", at(2), None)
    (case,) = book.state.cases
    with pytest.raises(CodeError):
        book.settle_case(case.name, "nonsense", at(3))
    assert book.state.cases == (case,)
    book.dismiss_case(case.name)
    assert book.state.cases == ()


def test_an_empty_visit_without_data_opens_no_case(book):
    book.insert("1", at(0), None)
    assert book.remove("1", at(5), None).facts == []
    assert book.state == StationState(visits=book.state.visits)


def test_both_ends_of_a_move_tell_charge_and_health(book):
    from packtrail.estimate import Interval

    book.remember_health(unit(A), Interval(0.91, 0.88, 0.94))
    book.scan("1", A, "order", at(0))
    book.scan("1", A, "scanner", at(1))
    arrival = book.insert("1", at(2), CAR).facts
    departure = book.remove("1", at(90), CAR).facts
    assert [(f.body.soc_pct, f.body.soh) for f in (*arrival, *departure)] == [(50.0, 0.91)] * 4


def test_a_reading_of_another_scheme_stays_a_name_of_its_own(book):
    box = UnitRef("gbt40098", "SWAPBOX-0001")
    book.insert("1", at(0), None)
    reading = Reading("uds", box.id, format_time(at(1)), says=box)
    assert book.read("1", reading, at(1)).moves == [Known("1", box, at(0))]
