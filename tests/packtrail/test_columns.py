"""Column chunks: exact within the wire's resolution, and safe to open."""

from itertools import accumulate

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from packtrail.columns import check_columns, decode_columns, encode_columns
from packtrail.errors import CodecError
from packtrail.quantities import QUANTITIES
from packtrail.sample import SampleBatch

T0 = 1_775_000_000_000_000_000


def minute(n=60, cells=112, seed=1):
    rng = np.random.default_rng(seed)
    return SampleBatch.from_arrays(
        t_s=np.arange(n),
        t0_ns=T0,
        pack_current_a=150 + rng.normal(0, 0.3, n),
        soc_pct=30 + np.arange(n) * 0.03,
        cell_voltage_v=3.6 + rng.normal(0, 0.004, (n, cells)),
    )


def chunk(**changes):
    """A chunk of format 1 unless told otherwise, as a foreign program may write it."""
    fields = {
        "format": 1,
        "n": 2,
        "t_ns": [T0, 1],
        "columns": [{"name": "soc_pct", "unit": "%", "step": [1, 100], "data": [1, 1]}],
    }
    return zstandard.compress(msgspec.msgpack.encode(fields | changes))


def soc(data, **changes):
    return {"name": "soc_pct", "unit": "%", "step": [1, 100], "data": data, **changes}


def packed(data, n=2, t_ns=(T0, 1), **changes):
    return chunk(format=2, n=n, t_ns=t_ns, columns=[soc(data, **changes)])


def test_values_come_back_to_the_wires_resolution():
    batch = minute()
    again = decode_columns(encode_columns(batch))
    assert np.array_equal(again.t_ns, batch.t_ns)
    for name, column in batch.values.items():
        resolution = QUANTITIES[name].resolution
        assert np.abs(again.values[name] - column).max() <= resolution / 2 * 1.001


def test_a_minute_of_a_pack_takes_less_than_a_tenth_of_json():
    batch = minute()
    rows = [
        {"t_ns": int(t), **{n: np.round(c[i], 3).tolist() for n, c in batch.values.items()}}
        for i, t in enumerate(batch.t_ns)
    ]
    assert len(encode_columns(batch)) * 10 < len(msgspec.json.encode(rows))


@given(
    values=hnp.arrays(
        np.float64, (7, 3), elements=st.one_of(st.just(np.nan), st.floats(0, 6, width=32))
    ),
    steps=hnp.arrays(np.int64, 7, elements=st.integers(0, 10**12)),
    ages=hnp.arrays(np.float64, 7, elements=st.one_of(st.just(np.nan), st.floats(0, 1e4))),
)
def test_holes_stay_holes_and_ages_stay_ages(values, steps, ages):
    t_ns = T0 + np.cumsum(steps)
    batch = SampleBatch(t_ns, {"cell_voltage_v": values}, {"cell_voltage_v": ages})
    again = decode_columns(encode_columns(batch))
    assert np.array_equal(again.t_ns, t_ns)
    np.testing.assert_allclose(again.values["cell_voltage_v"], values, atol=0.000501)
    expected = ages if np.any(ages) else np.zeros(7)
    carried = again.age_s.get("cell_voltage_v", np.zeros(7))
    np.testing.assert_allclose(carried, expected, atol=0.00501)


def test_encoding_twice_changes_nothing():
    once = decode_columns(encode_columns(minute()))
    assert encode_columns(decode_columns(encode_columns(once))) == encode_columns(once)


def test_an_empty_batch_travels():
    assert len(decode_columns(encode_columns(SampleBatch(np.empty(0, np.int64), {})))) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        zstandard.compress(b"not msgpack"),
        zstandard.compress(b"\0" * 50_000_000),
        zstandard.ZstdCompressor(write_content_size=False).compress(b"\0" * 50_000_000),
        encode_columns(minute())[:-3],
        encode_columns(minute()) + b"tail",
        chunk(format=2),
        chunk(format=3),
        packed(b""),
        packed(b"\0"),
        packed(b"\0" * 3),
        packed(b"\0" * 16),
        packed([0, 0]),
        packed("\0\0"),
        packed(b"\0\0", age=b"\0"),
        packed(b"\0\0", age=[]),
        packed(b"\0\0", step=[0, 1]),
        packed(b"\0\0", name="nonsense"),
        packed(b"\0\0", width=5000),
        packed(b"\xfe" * 7 * 1024 * 1024, n=1024, width=1024, t_ns=[T0] + [0] * 1023),
        chunk(n=17, t_ns=[T0] + [1] * 16, columns=[soc("x")]),
        chunk(n=3),
        chunk(n=-1),
        chunk(n=10**9),
        chunk(t_ns=[T0]),
        chunk(t_ns=[T0, -1]),
        chunk(t_ns=[2**62, 2**62]),
        chunk(t_ns=[2**64 - 1, 1]),
        chunk(columns=[{"name": "nonsense", "unit": "V", "step": [1, 1], "data": [1, 1]}]),
        chunk(columns=[{"name": "soc_pct", "unit": "%", "step": [0, 1], "data": [1, 1]}]),
        chunk(columns=[{"name": "soc_pct", "unit": "%", "step": [1, 0], "data": [1, 1]}]),
        chunk(columns=[{"name": "soc_pct", "unit": "%", "step": [1, 1], "data": [1]}]),
        chunk(columns=[{"name": "soc_pct", "unit": "%", "step": [1, 1], "data": ["1", 1]}]),
        chunk(
            columns=[{"name": "soc_pct", "unit": "%", "step": [1, 1], "data": [1], "width": 5000}]
        ),
    ],
)
def test_what_is_no_chunk_is_refused_with_a_reason(data):
    for read in (decode_columns, check_columns):
        with pytest.raises(CodecError) as refusal:
            read(data)
        assert refusal.value.reason == "columns"


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data):
    with pytest.raises(CodecError):
        decode_columns(zstandard.compress(data))


integers = st.one_of(
    st.none(), st.integers(-(2**33), 2**33), st.sampled_from([2**63, -(2**63), True])
)


@given(
    times=st.lists(st.one_of(st.integers(0, 10), st.integers(-(2**63), 2**64 - 1)), max_size=3),
    data=st.lists(integers, max_size=6),
    age=st.lists(integers, max_size=3),
    width=st.integers(0, 3),
)
def test_what_is_checked_passes_where_it_decodes_and_nowhere_else(times, data, age, width):
    column = {"name": "soc_pct", "unit": "%", "step": [1, 3], "data": data}
    sent = chunk(n=len(times), t_ns=times, columns=[{**column, "age": age, "width": width}])
    try:
        batch = decode_columns(sent)
    except CodecError:
        with pytest.raises(CodecError):
            check_columns(sent)
    else:
        ends = (int(batch.t_ns[0]), int(batch.t_ns[-1])) if len(batch) else (0, 0)
        assert check_columns(sent) == (len(batch), *ends)


def signed(step):
    return 2 * step if step >= 0 else -2 * step - 1


def planes(numbers):
    """What docs/reference/wire.md says, number by number."""
    known = [number for number in numbers if number is not None]
    steps = iter(b - a for a, b in zip([0, *known], known, strict=False))
    codes = [None if number is None else signed(next(steps)) for number in numbers]
    highest = max((code for code in codes if code is not None), default=0)
    size = next(k for k in range(1, 8) if highest < 256**k - 1)
    whole = [256**size - 1 if code is None else code for code in codes]
    return bytes(code >> 8 * k & 255 for k in range(size) for code in whole)


@given(numbers=st.lists(st.one_of(st.none(), st.integers(-(2**52), 2**52), st.integers(-130, 130))))
def test_planes_are_what_the_page_says_and_lists_still_say_the_same(numbers):
    running = list(accumulate(numbers, lambda last, one: last if one is None else one, initial=0))
    deltas = [None if n is None else n - running[i] for i, n in enumerate(numbers)]
    about = {"n": len(numbers), "t_ns": [T0, *[1] * len(numbers)][: len(numbers)]}
    expected = [np.nan if n is None else n / 100 for n in numbers]
    for sent in (chunk(**about, columns=[soc(deltas)]), packed(planes(numbers), **about)):
        np.testing.assert_array_equal(decode_columns(sent).values["soc_pct"], expected)
        assert check_columns(sent).n == len(numbers)


@given(
    data=st.one_of(
        st.binary(max_size=30), st.text(max_size=8), st.lists(st.integers(-9, 9), max_size=2)
    ),
    age=st.one_of(st.none(), st.binary(max_size=6), st.lists(st.integers(0, 9), max_size=3)),
    n=st.integers(0, 4),
    width=st.integers(0, 3),
)
def test_packed_columns_pass_where_they_decode_and_nowhere_else(data, age, n, width):
    about = {} if age is None else {"age": age}
    sent = packed(data, n=n, t_ns=[T0, 1, 1, 1][:n], width=width, **about)
    try:
        decode_columns(sent)
    except CodecError:
        with pytest.raises(CodecError):
            check_columns(sent)
    else:
        assert check_columns(sent).n == n


def test_a_value_too_large_for_its_step_is_refused():
    with pytest.raises(CodecError):
        encode_columns(SampleBatch.from_arrays(t_s=[0.0], soc_pct=[1e300]))
