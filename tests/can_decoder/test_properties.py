"""Properties that hold for every layout and payload; other decoders as a second opinion."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import cantools
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import can_decoder
from can_decoder import Database, FrameBatch, MessageLayout, SignalLayout
from can_decoder.dbc import read_dbc

SCALES = st.sampled_from([1, 2, 0.5, 0.1, 0.01, -1, 1.5e-3, 100])
OFFSETS = st.sampled_from([0, -40, 0.5, 1000, -400.0])


@st.composite
def signals(draw, name: str, size_bytes: int = 8, *, floats: bool = True) -> SignalLayout:
    """A signal anywhere in a payload of `size_bytes`."""
    is_float = floats and draw(st.booleans())
    bits = 8 * size_bytes
    size = draw(st.sampled_from([16, 32, 64]) if is_float else st.integers(1, min(64, bits)))
    little = draw(st.booleans())
    first = draw(st.integers(0, bits - size))
    # big endian: the sawtooth number of the bit that is `first` from the top
    start = first if little else first // 8 * 8 + 7 - first % 8
    return SignalLayout(
        name,
        start,
        size,
        little_endian=little,
        signed=draw(st.booleans()),
        is_float=is_float,
        scale=1 if is_float else draw(SCALES),
        offset=0 if is_float else draw(OFFSETS),
    )


@st.composite
def messages(draw) -> MessageLayout:
    """A message with plain and multiplexed signals, which may overlap."""
    size = draw(st.sampled_from([8, 12, 24, 64]))
    plain = [draw(signals(f"s{n}", size)) for n in range(draw(st.integers(0, 5)))]
    switch = SignalLayout("m", draw(st.sampled_from([0, 24])), 4, is_multiplexor=True)
    members = []
    for n in range(draw(st.integers(0, 6))):
        member = draw(signals(f"x{n}", size))
        low = draw(st.integers(0, 15))
        members.append(
            SignalLayout(
                **{f: getattr(member, f) for f in member.__struct_fields__}
                | {"parent": "m", "ranges": ((low, draw(st.integers(low, 15))),)}
            )
        )
    return MessageLayout("A", 1, False, size, (*plain, switch, *members))


def bit_walk(signal: SignalLayout, data: bytes) -> float | None:
    """The value by walking single bits, as the format's text says; None past the end."""
    bits = 0
    place = signal.start
    for step in range(signal.size):
        if place // 8 >= len(data) or place < 0:
            return None
        bit = data[place // 8] >> place % 8 & 1
        if signal.little_endian:
            bits |= bit << step
            place += 1
        else:
            bits = bits << 1 | bit
            place += 15 if place % 8 == 0 else -1
    if signal.is_float:
        packed = bits.to_bytes(signal.size // 8, "big")
        return struct.unpack({16: ">e", 32: ">f", 64: ">d"}[signal.size], packed)[0]
    if signal.signed and bits >> (signal.size - 1):
        bits -= 1 << signal.size
    return bits * signal.scale + signal.offset


def expected(layout: MessageLayout, data: bytes) -> dict[str, float]:
    by_name = {signal.name: signal for signal in layout.signals}
    found = {}
    for signal in layout.signals:
        if signal.parent:
            switch = bit_walk(by_name[signal.parent], data)
            if switch is None or not any(a <= switch <= b for a, b in signal.ranges):
                continue
        value = bit_walk(signal, data)
        if value is not None:
            found[signal.name] = value
    return found


def same(first: dict[str, float], second: dict[str, float]) -> bool:
    return first.keys() == second.keys() and all(
        float(value) == float(second[name])
        or (math.isnan(value) and math.isnan(second[name]))
        or math.isclose(value, second[name], rel_tol=1e-15)
        for name, value in first.items()
    )


@given(layout=messages(), data=st.data())
def test_live_and_batch_give_what_walking_the_bits_gives(layout, data):
    payloads = data.draw(st.lists(st.binary(max_size=layout.size + 2), min_size=1, max_size=5))
    payloads = [payload[:64] for payload in payloads]
    database = Database([layout])
    rows = np.full((len(payloads), 64), 0x5A, np.uint8)
    for row, payload in zip(rows, payloads, strict=True):
        row[: len(payload)] = list(payload)
    n = len(payloads)
    batch = FrameBatch.from_arrays([1] * n, [False] * n, range(n), rows, list(map(len, payloads)))
    columns = database.decode_batch(batch)["A"]
    for row, payload in enumerate(payloads):
        live = database.decode(1, False, payload)
        assert same(expected(layout, payload), live)
        present = [name for name in columns.signals if columns.present(name)[row]]
        batched = {name: float(columns[name][row]) for name in present}
        assert batched.keys() == live.keys()
        for name, value in live.items():
            # integers beyond 2**53 stay exact live; a float64 column rounds them twice
            assert math.isclose(batched[name], value, rel_tol=1e-15) or math.isnan(value)


@given(signal=signals("s"), payload=st.binary(min_size=8, max_size=8))
def test_encoding_what_was_decoded_gives_the_same_value(signal, payload):
    database = Database([MessageLayout("A", 1, False, 8, (signal,))])
    value = database.decode(1, False, payload)["s"]
    if math.isfinite(value) and (signal.is_float or abs(value / signal.scale) < 2**50):
        again = database.encode("A", {"s": value})
        assert database.decode(1, False, again)["s"] == value


@given(raw=st.binary(max_size=400))
def test_no_bytes_make_the_dbc_reader_fail(raw):
    messages_found, _ = read_dbc(raw, "x.dbc")
    Database(messages_found).decode(1, False, bytes(8))


STATEMENTS = st.lists(
    st.sampled_from(
        [
            "BO_ 1 A: 8 X",
            "BO_ 2 B 8",
            ' SG_ a : 0|8@1+ (1,0) [0|0] "" X',
            ' SG_ b m1 : 8|8@1+ (1,0) [0|0] "" X',
            ' SG_ c M : 0|8@0- (0.5,1) [0|0] "x',
            ' SG_ d : 0|0@1+ (1,0) [0|0] "" X',
            "SG_MUL_VAL_ 1 b b 1-1;",
            "SG_MUL_VAL_ 1 b zz 1-1;",
            'VAL_ 1 a 0 "x',
            'CM_ SG_ 1 a "open',
            '";',
            "SIG_VALTYPE_ 1 a : 1;",
            'BA_ "SystemSignalLongSymbol" SG_ 1 a "";',
            "}{",
        ]
    ),
    max_size=12,
)


@given(lines=STATEMENTS)
def test_statements_in_any_order_and_state_load_and_decode(lines):
    messages_found, diagnostics = read_dbc("\n".join(lines).encode(), "x.dbc")
    database = Database(messages_found, diagnostics)
    for layout in messages_found:
        database.decode(layout.frame_id, layout.extended, bytes(range(8)))
    assert all(finding.line >= 1 for finding in diagnostics)


def cantools_value(message, data: bytes) -> dict[str, float] | None:
    """What cantools says, None where it refuses the message as a whole."""
    try:
        return message.decode(data, decode_choices=False)
    except (cantools.database.DecodeError, ValueError, KeyError):
        return None


@pytest.mark.real_data
def test_cantools_agrees_on_every_recorded_database(real_data):
    random = np.random.default_rng(5)
    compared = 0
    for path in sorted(Path(real_data / "can").glob("*.dbc")):
        ours = can_decoder.load(path)
        for message in cantools.database.load_file(path, strict=False).messages:
            if message.name == "ID201VCFRONT_loggingAndVitals10Hz":
                continue  # cantools loses the members of a multiplexor with a long name
            for _ in range(4):
                data = random.integers(0, 256, message.length, np.uint8).tobytes()
                theirs = cantools_value(message, data)
                if theirs is not None:
                    found = ours.decode(message.frame_id, message.is_extended_frame, data)
                    assert found == pytest.approx(theirs, rel=1e-9, nan_ok=True), message.name
                    compared += len(theirs)
    assert compared > 5_000
