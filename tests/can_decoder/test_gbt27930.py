"""The charging dialogue between charger and BMS, overheard."""

from __future__ import annotations

import math
from datetime import date

import pytest

import can_decoder
from can_decoder import FrameBatch, gbt27930, profiles, transport
from can_decoder.gbt27930 import MESSAGES, ChargeMonitor, Phase
from can_decoder.transport import J1939Listener

BRM = (
    "0101010003F00540",
    "020E544553540100",
    "0300002604019500",
    "040001FF4C544553",
    "0554303030303030",
    "06303030303031FF",
    "07FFFFFFFFFFFFFF",
)
BCS = ("01050F580E4D614D", "022B00FFFFFFFFFF")
MILLISECOND = 1_000_000


class Bus:
    """Writes frames of a dialogue into a monitor."""

    def __init__(self, monitor=None):
        self.monitor = monitor or ChargeMonitor()
        self.t_ns = 0
        self.sessions = []

    def frame(self, frame_id: int, data: bytes, step_ms: int = 10) -> None:
        self.t_ns += step_ms * MILLISECOND
        session = self.monitor.feed(self.t_ns, frame_id, True, data)
        if session:
            self.sessions.append(session)

    def say(self, code: str, payload: str) -> None:
        self.frame(MESSAGES[code].frame_id, bytes.fromhex(payload))

    def carry(self, announcement: str, *packets: str) -> None:
        self.frame(0x1CEC56F4, bytes.fromhex(announcement))
        for packet in packets:
            self.frame(0x1CEB56F4, bytes.fromhex(packet))

    def brm(self) -> None:
        self.carry("10310007FF000200", *BRM)

    def bcs(self) -> None:
        self.carry("10090002FF001100", *BCS)


def dialogue(bus: Bus) -> None:
    bus.say("CHM", "010100")
    bus.say("CRM", "00 01000000 FFFFFF")
    bus.brm()
    bus.carry("100D0002FF000600", "019E01B80B4E008E", "02176ECA032413FF")
    bus.say("CML", "581BD007D80EA00F")
    bus.say("BCL", "5217820F02")
    bus.bcs()
    bus.say("CCS", "060F580E0000FDFF")
    bus.say("BSM", "424B014A1B01D0")
    bus.say("BST", "01F0F0F0")
    bus.say("CSD", "1E00 6400 01000000")


def test_there_are_22_messages_named_in_both_languages():
    assert len(MESSAGES) == 22
    assert all(message.name.en and message.name.zh for message in MESSAGES.values())
    assert MESSAGES["BRO"].frame_id == 0x100956F4
    assert MESSAGES["CEM"].frame_id == 0x081FF456


def test_worked_recognition_message():
    bus = Bus()
    bus.brm()
    session = bus.monitor.close()
    assert session.vin == "LTEST000000000001"
    assert (session.maker, session.battery_type) == ("TEST", 3)
    assert (session.rated_capacity_ah, session.rated_voltage_v) == pytest.approx((152.0, 364.8))
    assert (session.production, session.charge_count) == (date(2023, 4, 1), 149)


def test_worked_status_message_counts_charge_as_positive():
    bus = Bus()
    bus.bcs()
    session = bus.monitor.close()
    assert session.voltage_v.values.tolist() == [pytest.approx(384.5)]
    assert session.current_a.values.tolist() == [pytest.approx(32.8)]
    assert session.soc_pct.values.tolist() == [77]


def test_whole_dialogue_is_one_session_with_its_phases():
    bus = Bus()
    dialogue(bus)
    session = bus.monitor.close()
    assert [phase for _, phase in session.phases] == [
        Phase.HANDSHAKE,
        Phase.CONFIGURATION,
        Phase.CHARGING,
        Phase.END,
    ]
    assert session.edition == 2015
    assert session.soc_start_pct == pytest.approx(97.0)
    assert session.charge_current_limit_a == pytest.approx(100.0)
    assert session.energy_kwh == pytest.approx(10.0)
    assert session.end_reasons == ("BST.soc_reached",)
    assert [name for _, name in session.alarms] == ["cell_voltage"]


def test_new_handshake_after_the_end_begins_a_new_session():
    bus = Bus()
    dialogue(bus)
    dialogue(bus)
    assert len(bus.sessions) == 1
    assert bus.monitor.close() is not None


def test_long_silence_ends_a_session():
    bus = Bus()
    bus.brm()
    bus.t_ns += 61_000 * MILLISECOND
    bus.say("BCL", "5217820F02")
    assert len(bus.sessions) == 1


def test_padded_short_messages_and_foreign_frames_pass():
    bus = Bus()
    bus.say("BCL", "5217820F02FFFFFF")
    bus.frame(0x18FFFFF4, bytes(8))
    bus.frame(0x18F456F4, bytes(8))
    session = bus.monitor.close()
    assert session.messages == {"BCL": 1}
    assert dict(bus.monitor.intake.counts) == {"read": 1, "foreign": 1, "unknown": 1}


def test_category_b_of_the_2023_edition_is_recognised_and_left_alone():
    bus = Bus()
    bus.say("CHM", "010100")
    for frame_id in (0x0C38F456, 0x0C3956F4, 0x1035F456, 0x1836F456, 0x183456F4, 0x0C37F456):
        bus.frame(frame_id, bytes.fromhex("0101020000010100"))
    intake = bus.monitor.intake
    assert dict(intake.counts) == {"read": 1, "category_b": 6}
    assert intake.left_out[0x1836F456 | 1 << 31] == 1
    assert bus.monitor.close().messages == {"CHM": 1}


def test_edition_of_2011_is_recognised_by_its_shorter_messages():
    bus = Bus()
    bus.carry("10290006FF000200", "0100010003F00540", *BRM[1:5], "0630303030303131")
    bus.say("CML", "581BD007D80E")
    session = bus.monitor.close()
    assert session.edition == 2011
    assert session.messages == {"BRM": 1, "CML": 1}


def test_current_that_was_never_set_is_not_minus_400():
    bus = Bus()
    bus.carry("10090002FF001100", "01050F00004D614D", BCS[1])
    assert len(bus.monitor.close().current_a) == 0


def test_bms_that_leaves_out_the_offset_is_understood():
    bus = Bus()
    for _ in range(4):
        bus.carry("10090002FF001100", "01050F48014D614D", BCS[1])  # 32.8 A without the offset
        bus.say("CCS", "060F580E0000FDFF")
    session = bus.monitor.close()
    assert session.current_offset_missing
    assert session.current_a.values == pytest.approx([32.8] * 4)


@pytest.mark.parametrize("fill", ["00", "FF"])
def test_absent_vin_is_empty(fill):
    packets = [f"{number:02X}" + fill * 7 for number in range(1, 8)]
    bus = Bus()
    bus.carry("10310007FF000200", *packets)
    assert bus.monitor.close().vin == ""


def test_impossible_production_date_is_none():
    bus = Bus()
    bus.carry("10310007FF000200", *BRM[:2], "0300006304019500", *BRM[3:])
    assert bus.monitor.close().production is None


def test_cell_voltages_and_temperatures_come_as_lists():
    bus = Bus()
    bus.carry("100A0002FF001500", "014A014B114C21FF", "02FF4E41FFFFFFFF")
    bus.carry("10090002FF001600", "014B4A494B4A49FF", "024B4AFFFFFFFFFF")
    session = bus.monitor.close()
    assert session.cell_voltage_v == pytest.approx([3.30, 3.31, 3.32, math.nan, 3.34], nan_ok=True)
    assert session.temperature_c[:3].tolist() == [25, 24, 23]
    assert math.isnan(session.temperature_c[6])


def test_profile_needs_no_database_and_gives_quantities():
    tracker = profiles.find("gbt27930").tracker()
    bus = Bus()
    bus.monitor = tracker
    dialogue(bus)
    sample = tracker.snapshot(bus.t_ns)
    assert sample.values["pack_current_a"] == pytest.approx(32.8)
    assert sample.values["pack_voltage_v"] == pytest.approx(384.5)
    assert sample.values["soc_pct"] == 77
    assert sample.values["bms_alarm_level"] == 2
    assert sample.values["charge_limit_a"] == pytest.approx(100)


def test_messages_encode_as_they_decode():
    database = gbt27930.charge_database()
    payload = database.encode("BCL", {"voltage_demand_v": 597, "current_demand_a": -3, "mode": 2})
    assert payload.hex() == "5217820f02"


def test_transport_drops_what_breaks_off_and_counts_why():
    listener = J1939Listener()
    announce, data = bytes.fromhex("10090002FF001100"), bytes.fromhex(BCS[0])

    def feed(t_ms: int, frame_id: int, payload: bytes):
        return listener.feed(t_ms * MILLISECOND, 0, frame_id, payload)

    feed(0, 0x1CEB56F4, data)
    feed(1, 0x1CEC56F4, announce)
    feed(2, 0x1CEC56F4, announce)
    feed(3, 0x1CECF456, bytes.fromhex("FFFFFFFFFF001100"))
    feed(4, 0x1CEC56F4, announce)
    feed(5, 0x1CEB56F4, data)
    feed(6, 0x1CEB56F4, data)
    feed(1500, 0x1CEB56F4, bytes.fromhex(BCS[1]))
    feed(1501, 0x1CEC56F4, bytes.fromhex("10FF0002FF001100"))
    counts = listener.counts
    assert (counts.orphans, counts.replaced, counts.aborted) == (2, 1, 1)
    assert (counts.repeated, counts.timed_out, counts.malformed) == (1, 1, 1)


def test_packet_asked_for_again_completes_the_payload():
    listener = J1939Listener()
    listener.feed(0, 0, 0x1CEC56F4, bytes.fromhex("10090002FF001100"))
    assert listener.feed(1, 0, 0x1CEB56F4, bytes.fromhex(BCS[1])) is None
    listener.feed(2, 0, 0x1CECF456, bytes.fromhex("110101FFFF001100"))
    payload = listener.feed(3, 0, 0x1CEB56F4, bytes.fromhex(BCS[0]))
    assert payload.data.hex() == "050f580e4d614d2b00"


def test_broadcasts_of_two_sources_interleave():
    frames = [(0x1CECFF00 | source, "20090002FFCAFE00") for source in (0x10, 0x20)]
    for number in ("01", "02"):
        frames += [(0x1CEBFF00 | s, number + f"{s:02X}" * 7) for s in (0x10, 0x20)]
    batch = FrameBatch.from_arrays(
        [frame_id for frame_id, _ in frames],
        [True] * len(frames),
        [MILLISECOND * n for n in range(len(frames))],
        [list(bytes.fromhex(data)) for _, data in frames],
        [8] * len(frames),
    )
    payloads = list(transport.j1939([batch]))
    assert [(p.source, p.pgn, p.data) for p in payloads] == [
        (0x10, 0xFECA, b"\x10" * 9),
        (0x20, 0xFECA, b"\x20" * 9),
    ]


def test_gap_ends_a_broadcast():
    listener = J1939Listener()
    listener.feed(0, 0, 0x1CECFF10, bytes.fromhex("20120003FFCAFE00"))
    listener.feed(1, 0, 0x1CEBFF10, bytes.fromhex("0100000000000000"))
    assert listener.feed(2, 0, 0x1CEBFF10, bytes.fromhex("0300000000000000")) is None
    assert listener.counts.gaps == 1


@pytest.mark.real_data
def test_recorded_session_ends_in_the_time_out_of_ccs(real_data):
    log = real_data / "can" / "gbt27930_2015_session.csv.gz"
    reader = can_decoder.read_log(log)
    (session,) = gbt27930.sessions(reader)
    assert not reader.diagnostics
    assert sum(session.messages.values()) > 800
    assert session.errors == ("BEM.ccs_timeout",)
    assert (session.rated_capacity_ah, session.battery_type) == (18.0, 6)
    assert session.soc_start_pct == pytest.approx(97.0)
    assert session.current_a.values.max() == pytest.approx(3.0)
    assert session.charged_kwh == pytest.approx(0.0041, abs=0.0005)
