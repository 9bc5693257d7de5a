"""Columns as JSON: the bytes that msgspec writes of the same numbers, whatever they are."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.api import columns_json
from cloud_bridge.api.columns_json import column_json

ANYTHING = st.one_of(
    st.floats(),
    st.integers(-(2**53), 2**53).map(float),
    st.integers(-5_000, 5_000).map(lambda step: step / 1000),
)


def plainly(values):
    """NaN and infinities as null, which is what msgspec writes of them too."""
    return msgspec.json.encode((np.asarray(values) + 0.0).tolist())


@given(st.lists(ANYTHING, max_size=40))
def test_a_column_of_any_numbers(values):
    column = np.array(values, np.float64)
    assert bytes(column_json("cell_voltage_v", column)) == plainly(column)


@pytest.mark.parametrize("at_once", [1, 7, 100_000])
@given(st.integers(1, 6), st.data())
def test_rows_of_any_width(at_once, width, data):
    row = st.lists(ANYTHING, min_size=width, max_size=width)
    values = data.draw(st.lists(row, min_size=1, max_size=9))
    column = np.array(values, np.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns_json, "AT_ONCE", at_once)
        assert bytes(column_json("temperature_c", column)) == plainly(column)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_a_column_without_numbers(shape):
    assert bytes(column_json("soc_pct", np.empty(shape))) == plainly(np.empty(shape))


def test_what_travels_in_steps_takes_one_word_for_each_step(monkeypatch):
    column = (3_000 + np.arange(60_000).reshape(600, 100) % 1_000) / 1000
    column[::7, 3] = np.nan
    monkeypatch.setattr(columns_json, "_as_they_are", None)
    assert bytes(column_json("cell_voltage_v", column)) == plainly(column)
