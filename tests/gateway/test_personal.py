"""What a gateway signs holds no vehicle's number, whoever told it; openings go beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.clock import SystemClock
from gateway.outbox import Fact
from gateway.outbox.sealing import Sealer
from packtrail.event import PackInstalled, PlaceRef, Reading, VehicleRef, decode_event
from packtrail.personal import references
from packtrail.record import Kind, unseal
from packtrail.times import ClockQuality, format_time
from tests.gateway.drafts import GATEWAY, KEY, PACK, T0, alarm

VIN = "LSVAA4182E2184847"
SEALER = Sealer(GATEWAY, KEY, SystemClock())
ARRIVED = PackInstalled(
    vehicle=VehicleRef("vin", VIN.lower()),
    place=PlaceRef("north", "1"),
    readings=(Reading("uds_vin", VIN, format_time(T0), f"62f190{VIN.encode().hex()}"),),
)


def fact(body=ARRIVED) -> Fact:
    return Fact(Kind.EVENT, PACK, "1", T0, T0, ClockQuality.FREE, body)


def test_what_is_signed_holds_no_number_and_what_opens_it_goes_beside():
    _, sealed = SEALER.seal(fact(), "00" * 8, 1)
    outer = unseal(sealed)
    for form in (VIN, VIN.lower(), VIN.encode().hex()):
        assert form.encode() not in outer.payload
    (opening,) = outer.openings
    body = decode_event(outer.read().body).read().body
    assert (opening.value, opening.kind) == (VIN, "vehicle")
    assert str(body.vehicle) == body.readings[0].raw == opening.reference
    assert body.readings[0].data == "62f190" + "00" * 17
    assert unseal(outer.bare).openings == ()
    assert outer.data == sealed


def test_a_record_that_is_numbered_anew_keeps_its_commitments_and_openings():
    _, sealed = SEALER.seal(fact(), "00" * 8, 1)
    again = SEALER.reopen(sealed)
    _, resealed = SEALER.seal(again, "11" * 8, 7)
    old, new = unseal(sealed), unseal(resealed)
    assert old.openings == new.openings
    assert [decode_event(one.read().body).read().body for one in (old, new)] == [again.body] * 2


def test_a_controller_s_own_commitment_and_what_names_nobody_travel_as_they_are():
    theirs = replace(fact(PackInstalled(vehicle=VehicleRef("commitment", "theirs"))))
    for draft in (theirs, alarm()):
        outer = unseal(SEALER.seal(draft, "00" * 8, 1)[1])
        assert outer.openings == ()
        assert decode_event(outer.read().body).read().body == draft.body


def test_a_vehicle_that_is_named_otherwise_is_committed_to_with_its_scheme():
    plate = PackInstalled(vehicle=VehicleRef("plate", "A12345"))
    (opening,) = unseal(SEALER.seal(fact(plate), "00" * 8, 1)[1]).openings
    assert opening.value == "plate:A12345"


@pytest.mark.parametrize("name", ["", "x" * 500, "a\nb\x00", "浙A12345"])
def test_whatever_a_controller_calls_a_vehicle_its_opening_is_one_that_a_bridge_takes(name):
    car = PackInstalled(vehicle=VehicleRef("vin", name))
    outer = unseal(SEALER.seal(fact(car), "00" * 8, 1)[1])
    body = decode_event(outer.read().body).read().body
    (opening,) = outer.openings
    assert opening.sound
    assert references(body) == (opening.reference,)
