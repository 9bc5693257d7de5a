"""Bits to values: one frame, many frames, and back."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

import can_decoder
from can_decoder import Database, DecoderError, FrameBatch, MessageLayout, SignalLayout


def message(*signals: SignalLayout, size: int = 8, **more) -> Database:
    return Database([MessageLayout("A", 1, False, size, signals, **more)])


def batch_of(*payloads: bytes, frame_id: int = 1, extended: bool = False) -> FrameBatch:
    width = max(8, *map(len, payloads))
    data = np.full((len(payloads), width), 0xA5, np.uint8)  # bytes past the end mean nothing
    for row, payload in zip(data, payloads, strict=True):
        row[: len(payload)] = list(payload)
    n = len(payloads)
    return FrameBatch.from_arrays(
        [frame_id] * n, [extended] * n, np.arange(n), data, [len(p) for p in payloads]
    )


def both(database: Database, payload: bytes) -> dict[str, float]:
    """The live values, after the batch has given the same."""
    live = database.decode(1, False, payload)
    columns = database.decode_batch(batch_of(payload))["A"]
    present = {name: columns[name][0] for name in columns.signals if columns.present(name)[0]}
    assert present.keys() == live.keys()
    for name, value in live.items():
        assert present[name] == value or (math.isnan(value) and math.isnan(present[name]))
    return live


def test_byte_orders_and_signs():
    database = message(
        SignalLayout("intel", 4, 12),
        SignalLayout("motorola", 7 + 16, 12, little_endian=False),
        SignalLayout("negative", 32, 8, signed=True, scale=0.5, offset=-10),
    )
    assert both(database, bytes.fromhex("40 12 ab c0 80 00 00 00")) == {
        "intel": 0x124,
        "motorola": 0xABC,
        "negative": -74.0,
    }


def test_sixty_four_bits_at_any_bit_are_exact():
    database = message(
        SignalLayout("intel", 3, 64), SignalLayout("motorola", 75, 64, little_endian=False), size=18
    )
    word = 0x8123_4567_89AB_CDEF
    payload = (word << 3).to_bytes(9, "little") + (word << 4).to_bytes(9, "big")
    live = both(database, payload)
    assert live == {"intel": word, "motorola": word}
    assert isinstance(live["intel"], int)


@pytest.mark.parametrize(("size", "code"), [(16, "e"), (32, "f"), (64, "d")])
@pytest.mark.parametrize("little", [True, False])
def test_floats(size, code, little):
    start = 0 if little else 7
    database = message(SignalLayout("x", start, size, little, is_float=True, scale=2))
    packed = struct.pack(("<" if little else ">") + code, -1.5).ljust(8, b"\0")
    assert both(database, packed) == {"x": -3.0}


def test_fd_payload_of_64_bytes():
    database = message(SignalLayout("last", 504, 8), SignalLayout("first", 0, 8), size=64)
    assert both(database, bytes([1, *bytes(62), 9])) == {"last": 9, "first": 1}


def test_short_frame_keeps_what_it_holds():
    database = message(SignalLayout("near", 0, 8), SignalLayout("far", 56, 8))
    assert both(database, b"\7\0") == {"near": 7}
    columns = database.decode_batch(batch_of(b"\1", bytes([2, *bytes(6), 3])))["A"]
    assert columns["near"].tolist() == [1, 2]
    assert columns.present("far").tolist() == [False, True]
    assert math.isnan(columns["far"][0])


def test_overlapping_signals_decode_independently():
    database = message(SignalLayout("all", 0, 16), SignalLayout("low", 0, 8))
    assert both(database, b"\1\2") == {"all": 0x201, "low": 1}


def mux(*members: SignalLayout) -> Database:
    return message(SignalLayout("m", 0, 8, is_multiplexor=True), *members)


def test_unknown_multiplexor_value_keeps_common_signals():
    database = mux(
        SignalLayout("one", 8, 8, parent="m", ranges=((1, 1),)), SignalLayout("common", 16, 8)
    )
    assert both(database, b"\1\2\3") == {"m": 1, "one": 2, "common": 3}
    assert both(database, b"\x09\2\3") == {"m": 9, "common": 3}


def test_many_multiplexor_values_and_wide_ranges():
    members = [SignalLayout(f"s{i}", 8, 8, parent="m", ranges=((i, i),)) for i in range(9)]
    wide = SignalLayout("wide", 8, 16, parent="m", ranges=((2, 4), (100, 200)))
    database = mux(*members, wide)
    assert both(database, b"\3\2\1") == {"m": 3, "s3": 2, "wide": 0x102}
    assert both(database, b"\xc8\2\1") == {"m": 200, "wide": 0x102}


def test_cascaded_multiplexors():
    inner = SignalLayout("n", 8, 8, is_multiplexor=True, parent="m", ranges=((2, 2),))
    leaf = SignalLayout("leaf", 16, 8, parent="n", ranges=((7, 7),))
    database = mux(leaf, inner)
    assert both(database, b"\2\7\5") == {"m": 2, "n": 7, "leaf": 5}
    assert both(database, b"\1\7\5") == {"m": 1}


def test_name_shared_by_two_branches_follows_the_multiplexor():
    database = mux(
        SignalLayout("v", 8, 8, parent="m", ranges=((1, 1),)),
        SignalLayout("v", 16, 8, scale=10, parent="m", ranges=((2, 2),)),
    )
    assert both(database, b"\1\3\4") == {"m": 1, "v": 3}
    assert both(database, b"\2\3\4") == {"m": 2, "v": 40}
    columns = database.decode_batch(batch_of(b"\1\3\4", b"\2\3\4", b"\3\3\4"))["A"]
    assert columns["v"][:2].tolist() == [3, 40]
    assert columns.present("v").tolist() == [True, True, False]


def test_multiplexor_outside_the_payload_hides_its_members():
    database = message(
        SignalLayout("m", 56, 8, is_multiplexor=True),
        SignalLayout("one", 0, 8, parent="m", ranges=((0, 0),)),
    )
    assert both(database, bytes(4)) == {}


def test_number_always_and_text_beside_it():
    database = message(SignalLayout("state", 0, 8, texts={1: "ready"}))
    assert both(database, b"\1") == {"state": 1}
    assert database.texts(1, False, b"\1") == {"state": "ready"}
    assert database.decode_batch(batch_of(b"\1", b"\2"))["A"].text("state") == ["ready", ""]


def test_j1939_message_is_found_by_its_group():
    layout = MessageLayout("EEC", 0x0CF00400, True, 8, (SignalLayout("rpm", 24, 16),), j1939=True)
    database = Database([layout])
    payload = bytes.fromhex("ffffff 1027 ffffff")
    assert database.decode(0x18F00427, True, payload) == {"rpm": 10000}
    columns = database.decode_batch(batch_of(payload, frame_id=0x18F00427, extended=True))["EEC"]
    assert columns.source.tolist() == [0x27]
    assert database.decode(0x18F00527, True, payload) == {}


def test_j1939_not_available_is_invalid_and_still_a_number():
    layout = MessageLayout(
        "T", 0x18FEEE00, True, 8, (SignalLayout("t", 0, 8), SignalLayout("s", 8, 2)), j1939=True
    )
    database = Database([layout])
    payload = b"\xff\xfd" + bytes(6)
    assert database.decode(0x18FEEE00, True, payload) == {"t": 255, "s": 1}
    assert database.invalid(0x18FEEE00, True, payload) == {"t"}
    columns = database.decode_batch(
        batch_of(payload, b"\xfa\xfe" + bytes(6), frame_id=0x18FEEE00, extended=True)
    )["T"]
    assert columns.valid("t").tolist() == [False, True]
    assert columns.valid("s").tolist() == [True, False]


def test_unknown_frames_are_set_apart():
    database = message(SignalLayout("x", 0, 8))
    batch = FrameBatch.from_arrays(
        [1, 2, 5000], [False, False, True], [0.5, 1.0, 1.5], np.zeros((3, 8)), [8, 8, 8]
    )
    assert database.decode(2, False, b"") == {}
    assert database.unknown(batch).ids.tolist() == [2, 5000]
    assert database.decode_batch(batch)["A"].t.tolist() == [0.5]


def test_decode_many_is_decode_of_each():
    database = message(SignalLayout("x", 0, 8))
    frames = [(1, False, b"\1"), (9, False, b"\1"), (1, False, bytearray(b"\2"))]
    assert database.decode_many(frames) == [{"x": 1}, {}, {"x": 2}]


def test_ragged_columns_are_refused():
    with pytest.raises(DecoderError):
        FrameBatch.from_arrays([1], [False], [0], np.zeros((2, 8)), [8, 8])


@pytest.mark.parametrize(
    "values", [{"x": 300}, {"x": math.nan}, {"nothing": 1}, {"m": 1, "two": 3}, {"one": 1}]
)
def test_what_does_not_fit_is_refused(values):
    database = mux(
        SignalLayout("x", 40, 8),
        SignalLayout("one", 8, 8, parent="m", ranges=((1, 1),)),
        SignalLayout("two", 8, 8, parent="m", ranges=((2, 2),)),
    )
    with pytest.raises(DecoderError):
        database.encode("A", values)


def test_encoding_fills_what_is_not_named():
    database = mux(SignalLayout("one", 12, 4, parent="m", ranges=((1, 1),)))
    assert database.encode("A", {"m": 1, "one": 2}, fill=0xFF).hex() == "012fffffffffffff"


@pytest.mark.real_data
def test_batch_equals_live_on_every_recorded_database(real_data):
    random = np.random.default_rng(7)
    for path in sorted((real_data / "can").glob("*.dbc")):
        database = can_decoder.load(path)
        for layout in database.messages:
            data = random.integers(0, 256, (12, max(8, layout.size)), np.uint8)
            length = random.integers(0, layout.size + 1, 12)
            length[:6] = layout.size
            batch = FrameBatch.from_arrays(
                [layout.frame_id] * 12, [layout.extended] * 12, np.arange(12), data, length
            )
            found = database.decode_batch(batch)
            (columns,) = found.values()
            for row in range(12):
                live = database.decode(layout.frame_id, layout.extended, batch.payload(row))
                present = {s for s in columns.signals if columns.present(s)[row]}
                assert present == set(live)
                for name, value in live.items():
                    assert columns[name][row] == pytest.approx(value, rel=0, abs=0, nan_ok=True)
