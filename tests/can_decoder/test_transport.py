"""ISO-TP and fast packet: heard, and ISO-TP spoken."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import can_decoder
from can_decoder import DecoderError, FrameBatch, transport
from can_decoder.transport import Addressing, FastPacketListener, IsoTpEndpoint, IsoTpListener

MS = 1_000_000


def batch(*frames: tuple[int, str], extended: bool = False, step_ms: int = 10) -> FrameBatch:
    raw = [bytes.fromhex(data) for _, data in frames]
    width = max(8, *map(len, raw))
    return FrameBatch.from_arrays(
        [frame_id for frame_id, _ in frames],
        [extended] * len(frames),
        [n * step_ms * MS for n in range(len(frames))],
        [list(data.ljust(width, b"\xcc")) for data in raw],
        [len(data) for data in raw],
    )


ANSWER = ("101062F18A313230", "213230372D303030", "22303036FFFFFFFF")


def test_diagnostic_answer_is_put_together():
    heard = transport.isotp(
        batch((0x7E0, "0322F18AFFFFFFFF"), (0x7E8, ANSWER[0]), (0x7E0, "3000140000000000"))
    )
    assert [p.data.hex() for p in heard] == ["22f18a"]
    frames = [(0x7E8, part) for part in ANSWER]
    (payload,) = transport.isotp(batch((0x7E0, "3000140000000000"), *frames))
    assert payload.data == b"\x62\xf1\x8a120207-000006"


def test_conversations_interleave():
    frames = []
    for part in ANSWER:
        frames += [(0x18DAF110, part), (0x18DAF111, part)]
    payloads = list(transport.isotp(batch(*frames, extended=True)))
    assert [(p.source, p.destination) for p in payloads] == [(0x10, 0xF1), (0x11, 0xF1)]


@pytest.mark.parametrize("addressing", [Addressing.EXTENDED, Addressing.MIXED])
def test_address_byte_stands_before_the_protocol(addressing):
    frames = [(0x6F1, "12100962F1900102"), (0x6F1, "1221030405060708")]
    (payload,) = transport.isotp(batch(*frames), ids={0x6F1}, addressing=addressing)
    assert payload.data.hex() == "62f190010203040506"


def test_fd_single_frame_and_long_first_frame():
    single = "0010" + "11" * 16
    long_first = "1000" + "00001001" + "22" * 58
    rest = ["2" + f"{n % 16:X}" + "22" * 63 for n in range(1, 66)]
    frames = [(0x7E8, single), (0x7E8, long_first), *((0x7E8, part) for part in rest)]
    payloads = list(transport.isotp(batch(*frames)))
    assert [len(p.data) for p in payloads] == [16, 4097]


def test_gap_repeat_timeout_and_replacement_are_counted():
    listener = IsoTpListener()

    def feed(t_ms: int, data: str) -> None:
        listener.feed(t_ms * MS, 0, 0x7E8, bytes.fromhex(data))

    feed(0, ANSWER[1])  # orphan
    feed(1, ANSWER[0])
    feed(2, ANSWER[1])
    feed(3, ANSWER[1])  # repeated
    feed(4, "2430303030303030")  # gap
    feed(5, ANSWER[0])
    feed(6, ANSWER[0])  # replaces
    feed(2000, ANSWER[1])  # too late
    feed(2001, "1000")
    counts = listener.counts
    assert (counts.orphans, counts.repeated, counts.gaps) == (1, 1, 1)
    assert (counts.replaced, counts.timed_out, counts.malformed) == (1, 1, 1)
    assert counts.complete == 0


def test_single_frames_of_maker_identifiers_are_taken_for_chance():
    assert not list(transport.isotp(batch((0x723, "0401020304000000"))))
    assert len(list(transport.isotp(batch((0x723, "0401020304000000")), ids={0x723}))) == 1


def converse(payload: bytes, sender: IsoTpEndpoint, receiver: IsoTpEndpoint) -> list[bytes]:
    """Send a payload from one endpoint to another over a bus without delay; the frames."""
    queue = [(receiver, due) for due in sender.send(payload, 0)]
    frames = []
    while queue:
        target, due = queue.pop(0)
        frames.append(due.data)
        other = sender if target is receiver else receiver
        queue += [(other, answer) for answer in target.feed(due.data, due.t_ns)]
    assert not sender.is_sending
    assert sender.failures == receiver.failures == 0
    assert receiver.received.popleft() == payload
    return frames


@given(
    payload=st.binary(min_size=1, max_size=300),
    block=st.integers(0, 5),
    separation=st.integers(0, 20),
    addressing=st.sampled_from(Addressing),
    frame_bytes=st.sampled_from([8, 12, 64]),
)
def test_what_one_endpoint_sends_the_other_receives(
    payload, block, separation, addressing, frame_bytes
):
    own = None if addressing is Addressing.MIXED else 0xF1
    sender = IsoTpEndpoint(
        addressing=addressing, target=0x07, own=own, frame_bytes=frame_bytes, padding=0xCC
    )
    receiver = IsoTpEndpoint(
        block_size=block,
        separation_ms=separation,
        addressing=addressing,
        target=0x07 if own is None else own,
        own=0x07,
    )
    frames = converse(payload, sender, receiver)
    assert {len(frame) for frame in frames} <= {8, 12, 16, 20, 24, 32, 48, 64}
    assert max(map(len, frames)) <= frame_bytes
    heard = IsoTpListener({1}, addressing)
    found = [heard.feed(n, 0, 1, frame) for n, frame in enumerate(frames) if frame[:1] != b"\xf1"]
    assert [p.data for p in found if p] == [payload]


def test_frames_of_extended_addressing_and_of_can_fd():
    unit = IsoTpEndpoint(addressing=Addressing.EXTENDED, target=0x07, own=0xF1, padding=0)
    assert unit.send(bytes.fromhex("22f190"), 0)[0].data.hex() == "070322f190000000"
    assert unit.feed(bytes.fromhex("0803010203040506"), 1) == []  # for another tester
    assert not unit.received
    wide = IsoTpEndpoint(frame_bytes=64)
    assert wide.send(bytes(range(20)), 0)[0].data[:4].hex() == "00140001"
    assert wide.send(bytes(5000), 0)[0].data[:8].hex() == "1000000013880000"


def test_payload_beyond_all_reason_is_answered_with_overflow():
    answer = IsoTpEndpoint().feed(bytes.fromhex("1000ffffffff0000"), 0)
    assert answer[0].data[0] == 0x32


@pytest.mark.parametrize("settings", [{"frame_bytes": 9}, {"target": 256}, {"own": -1}])
def test_endpoint_that_no_bus_can_carry_is_refused(settings):
    with pytest.raises(DecoderError):
        IsoTpEndpoint(**settings)


def test_frames_keep_the_separation_that_was_asked_for():
    sender = IsoTpEndpoint()
    sender.send(bytes(30), 0)
    frames = sender.feed(bytes.fromhex("300014"), 100)
    assert [due.t_ns for due in frames] == [100 + n * 20 * MS for n in range(4)]


def test_endpoint_gives_up_when_no_flow_control_comes():
    sender = IsoTpEndpoint()
    sender.send(bytes(30), 0)
    assert sender.wake_ns == 1000 * MS
    sender.poll(1001 * MS)
    assert not sender.is_sending
    assert sender.failures == 1


@pytest.mark.parametrize("payload", [b"", bytes(4096)])
def test_payload_of_impossible_length_is_refused(payload):
    with pytest.raises(DecoderError):
        IsoTpEndpoint().send(payload, 0)


FAST_ID = 0x19F21227  # PGN 127506, DC detailed status


def test_fast_packets_of_two_sequences_interleave():
    frames = [
        (FAST_ID, "000B010203040506"),
        (FAST_ID, "200B111213141516"),
        (FAST_ID, "010708090A0BFFFF"),
        (FAST_ID, "211718191A1BFFFF"),
    ]
    payloads = list(transport.fast_packet(batch(*frames, extended=True)))
    assert [(p.pgn, p.source) for p in payloads] == [(127506, 0x27)] * 2
    assert [p.data.hex() for p in payloads] == ["0102030405060708090a0b", "1112131415161718191a1b"]


def test_fast_packet_with_a_missing_frame_is_dropped():
    listener = FastPacketListener()
    for data in ("0014010203040506", "0207080900000000"):
        assert listener.feed(0, 0, FAST_ID, bytes.fromhex(data)) is None
    assert listener.counts.gaps == 1


@pytest.mark.real_data
def test_recorded_battery_answers_decode(real_data):
    import_module("asammdf")
    batches = list(can_decoder.read_log(real_data / "can" / "kona_uds.mf4"))
    payloads = [p for p in transport.isotp(batches) if p.frame_id == 0x7EC]
    assert {len(p.data) for p in payloads} == {62}
    database = can_decoder.load(real_data / "can" / "kona_uds.dbc")
    charge = [
        database.decode(0x7EC, False, bytes([len(p.data)]) + p.data)[
            "M_SID_0x220101_StateOfChargeBMS"
        ]
        for p in payloads
    ]
    assert np.ptp(charge) < 5
    assert 0 < min(charge) <= max(charge) <= 100
