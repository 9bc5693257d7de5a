"""The quick canonical form is that of RFC 8785 wherever it speaks, and speaks where it can."""

import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from packtrail.canonical import quick_canonical
from packtrail.signing import canonical
from packtrail.times import ClockQuality

NUMBERS = st.integers() | st.floats() | st.floats(-2, 2) | st.decimals(-9, 9, places=3).map(float)
TEXTS = st.text(st.characters())
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS | st.binary() | st.just(ClockQuality.FREE)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(TEXTS | st.integers() | st.just(ClockQuality.FREE), inner)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_the_quick_form_is_the_canonical_one_or_none(value):
    quick = quick_canonical(value)
    try:
        expected = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, ValueError):
        assert quick is None
    else:
        assert quick in (None, expected)
        assert canonical(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_fractions_are_written_as_ecmascript_does(value):
    assert quick_canonical(value) in (None, rfc8785.dumps(value))


@pytest.mark.parametrize(
    "value",
    [{"b": [1, -5, 0.25, 92.5, 1234.5678], "a": {"é": None, "A": True}, "": ""}, [], {}, "换电", 0],
)
def test_what_events_hold_takes_the_quick_way(value):
    assert quick_canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    [
        92.0,
        -0.0,
        math.nan,
        math.inf,
        2**53,
        -(2**53),
        1e21,
        1e-7,
        b"bytes",
        {1: 2},
        {None: 1},
        datetime.now(UTC),
        Decimal("1.5"),
        {1, 2},
        "\ud800",
        {"\ue000": 1, "\U0001f600": 2},
        ClockQuality.FREE,
    ],
)
def test_whatever_is_doubtful_is_left_to_the_long_way(value):
    assert quick_canonical(value) is None
