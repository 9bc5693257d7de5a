"""A charger's bus, overheard from the first handshake to the digital ID's fact."""

from __future__ import annotations

import msgspec
import pytest

from can_decoder import profiles
from gateway.alarms import Watch, load_thresholds
from gateway.bus import Frame
from gateway.charging import vehicle_of
from gateway.clock import SystemClock
from gateway.pipeline import Listener, Slot, SlotRule
from packtrail.columns import decode_columns
from packtrail.event import ChargeRecorded, decode_event
from packtrail.record import Kind, unseal
from packtrail.times import NS_PER_S
from tests.gateway.drafts import PACK, T0, opened
from tests.gateway.memory_outbox import MemoryOutbox
from tests.gateway.slots import SPEC, feed

VIN = "LSVAA4182E2100001"
BMS, CHARGER = 0xF4, 0x56


def single(seconds: float, pgn: int, data: bytes, *, sender: int = BMS) -> Frame:
    other = CHARGER if sender == BMS else BMS
    frame_id = 0x18000000 | pgn << 8 | other << 8 | sender
    return Frame(T0 + round(seconds * NS_PER_S), frame_id, True, data)


def transported(seconds: float, pgn: int, payload: bytes) -> list[Frame]:
    """A message of many frames: RTS, the charger's CTS, packets, the charger's receipt."""
    packets = -(-len(payload) // 7)
    group = pgn.to_bytes(3, "little")
    size = len(payload).to_bytes(2, "little")
    frames = [
        single(seconds, 0xEC00, b"\x10" + size + bytes([packets, 0xFF]) + group),
        single(seconds, 0xEC00, b"\x11" + bytes([packets, 1, 0xFF, 0xFF]) + group, sender=CHARGER),
    ]
    for number in range(packets):
        part = payload[7 * number : 7 * number + 7].ljust(7, b"\xff")
        frames.append(single(seconds, 0xEB00, bytes([number + 1]) + part))
    end = b"\x13" + size + bytes([packets, 0xFF]) + group
    return [*frames, single(seconds, 0xEC00, end, sender=CHARGER)]


def charge(start: float = 0.0, minutes: int = 6) -> list[Frame]:
    """Handshake, parameters, minutes of charging at 60 A, and the end."""
    brm = bytes([1, 1, 0, 3]) + (1600).to_bytes(2, "little") + (3800).to_bytes(2, "little")
    brm += b"PKTL" + (77).to_bytes(4, "little") + bytes([35, 6, 15]) + (412).to_bytes(3, "little")
    brm += bytes([1, 0xFF]) + VIN.encode() + bytes(8)
    bcp = (370).to_bytes(2, "little") + (4000 - 1600).to_bytes(2, "little")
    bcp += (608).to_bytes(2, "little") + (4200).to_bytes(2, "little") + bytes([105])
    bcp += (305).to_bytes(2, "little") + (3700).to_bytes(2, "little")
    frames = [
        single(start, 0x2600, bytes([1, 1, 0]), sender=CHARGER),
        *transported(start + 1, 0x0200, brm),
        *transported(start + 2, 0x0600, bcp),
    ]
    for second in range(minutes * 60):
        at = start + 5 + second
        bcs = (3800).to_bytes(2, "little") + (4000 - 600).to_bytes(2, "little")
        bcs += (3650 // 10).to_bytes(2, "little") + bytes([30 + second // 60]) + b"\x1e\x00"
        frames += transported(at, 0x1100, bcs)
        if second % 10 == 0:
            states = 0b0100 if second >= 120 else 0
            frames.append(single(at, 0x1300, bytes([1, 85, 3, 80, 2, states, 0x10, 0xFF])))
    frames.append(single(start + 6 + minutes * 60, 0x1900, bytes([0x01, 0, 0, 0])))
    return frames


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def slot(outbox) -> Slot:
    return Slot(
        "plug-1",
        rule=SlotRule(),
        listener=Listener([profiles.find("gbt27930").tracker], max_age_s=300),
        watch=Watch(load_thresholds()),
        outbox=outbox,
        clock=SystemClock(),
        find_spec=lambda _unit: SPEC,
        ask=[].append,
        site="hall-2",
    )


def charges(outbox) -> list:
    records = [opened(row.sealed) for row in outbox.waiting(after=0, limit=1000)]
    events = [decode_event(r.body).read() for r in records if r.kind.carries_event]
    return [event for event in events if isinstance(event.body, ChargeRecorded)]


def test_a_dialogue_becomes_a_fact_of_the_pack_that_stands_there(slot, outbox):
    slot.know(PACK, T0)
    feed(slot, charge())
    slot.leave(T0 + 400 * NS_PER_S)
    (event,) = charges(outbox)
    assert event.unit == PACK
    assert event.from_ns == T0
    body = event.body
    rows = outbox.waiting(after=0, limit=1000)
    (opening,) = [one for row in rows for one in unseal(row.sealed).openings]
    assert (str(body.vehicle), VIN) == (opening.reference, opening.value)
    assert (body.place.site, body.place.slot) == ("hall-2", "plug-1")
    assert body.charged_ah == pytest.approx(60 * 359 / 3600, rel=0.01)
    assert (body.soc_start_pct, body.soc_end_pct) == (30.5, 35.0)
    assert (body.battery_type, body.pack_serial, body.charge_count) == (3, 77, 412)
    msgspec.json.encode(body)


def test_its_samples_travel_and_the_current_is_charge_positive(slot, outbox):
    feed(slot, charge())
    slot.flush()
    chunks = [
        decode_columns(opened(row.sealed).body)
        for row in outbox.waiting(after=0, limit=1000)
        if row.kind is Kind.TELEMETRY
    ]
    assert sum(len(chunk) for chunk in chunks) > 300
    assert chunks[-1].values["pack_current_a"][-1] == 60.0


def test_the_handshake_is_a_hint_with_all_its_bytes(slot):
    feed(slot, charge(minutes=1))
    hint = slot.take_hint()
    assert (hint.source, hint.raw) == ("brm", VIN)
    assert bytes.fromhex(hint.data)[8:12] == b"PKTL"
    assert slot.take_hint() is None


def test_the_next_handshake_ends_the_last_dialogue(slot, outbox):
    feed(slot, charge() + charge(start=500))
    assert len(charges(outbox)) == 1
    slot.finish(with_estimate=False)
    assert len(charges(outbox)) == 2


def test_a_charger_that_falls_silent_has_ended_its_dialogue(slot, outbox):
    feed(slot, charge())
    slot.tick()
    assert charges(outbox) == []
    slot._fed -= 61
    slot.tick()
    slot.tick()
    assert len(charges(outbox)) == 1


def test_a_state_that_is_not_normal_raises_the_bms_warning_and_is_named(slot, outbox):
    feed(slot, charge())
    slot.finish(with_estimate=False)
    assert "bms_warning" in {alarm.kind for alarm in slot.alarms}
    (event,) = charges(outbox)
    assert len(event.body.alarms) == 1


@pytest.mark.parametrize(
    "vin", ["", "short", VIN + "X", "LSVAA4182E21000\x001", "LSVAA4182I2100001"]
)
def test_what_is_no_vin_names_no_vehicle(vin):
    assert vehicle_of(vin) is None


def test_a_hostile_charging_bus_costs_nothing_but_itself(slot, outbox):
    import random

    noise = random.Random(3)
    frames = [
        Frame(
            T0 + n * 1_000_000,
            noise.choice([0x1CEC56F4, 0x1CEB56F4, 0x1CECF456, 0x181056F4, 0x1813F456]),
            True,
            noise.randbytes(noise.randrange(9)),
        )
        for n in range(3000)
    ]
    feed(slot, frames + charge(start=10))
    slot.finish(with_estimate=False)
    assert charges(outbox)
