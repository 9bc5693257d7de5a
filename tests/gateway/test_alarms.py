"""Alarms: when they begin, when they end, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alarms import Watch, load_thresholds
from packtrail.errors import SettingsError
from packtrail.sample import Sample
from packtrail.times import NS_PER_S
from tests.gateway.drafts import T0


@pytest.fixture
def watch() -> Watch:
    watch = Watch(load_thresholds())
    watch.reset("NMC")
    return watch


def sample(seconds: float = 0, **values) -> Sample:
    return Sample(T0 + round(seconds * NS_PER_S), values)


def told(incidents) -> list[tuple[str, str, bool]]:
    return [(i.kind, i.severity, i.cleared) for i in incidents]


def test_a_healthy_pack_raises_nothing(watch):
    cells = np.linspace(3.60, 3.65, 96)
    assert watch.look(sample(cell_voltage_v=cells, temperature_c=np.full(24, 30.0))) == []


def test_an_alarm_is_told_once_and_cleared_once(watch):
    heat = [40, 54.9, 55, 60, 54, 50.1, 50, 45]
    found = [
        told(watch.look(sample(600 * n, temperature_max_c=float(t)))) for n, t in enumerate(heat)
    ]
    assert found[2] == [("over_temperature", "watch", False)]
    assert found[6] == [("over_temperature", "watch", True)]
    assert [step for n, step in enumerate(found) if n not in (2, 6)] == [[]] * 6


def test_danger_comes_on_top_of_watch(watch):
    assert told(watch.look(sample(temperature_max_c=70.0))) == [
        ("over_temperature", "watch", False),
        ("over_temperature", "danger", False),
    ]
    assert set(watch.active) == {("over_temperature", "watch"), ("over_temperature", "danger")}


def test_the_place_of_the_trouble_is_named(watch):
    cells = np.full(96, 3.7)
    cells[41] = 4.5
    incident = next(i for i in watch.look(sample(cell_voltage_v=cells)) if "over" in i.kind)
    assert (incident.kind, incident.where, incident.value) == ("cell_over_voltage", "cell 42", 4.5)


def test_limits_depend_on_chemistry(watch):
    volts = sample(cell_voltage_max_v=3.9)
    assert watch.look(volts) == []
    watch.reset("LFP")
    assert told(watch.look(volts)) == [("cell_over_voltage", "quarantine", False)]


def test_a_chemistry_without_limits_of_its_own_gets_the_general_ones(watch):
    watch.reset("other")
    assert told(watch.look(sample(cell_voltage_min_v=2.2))) == [
        ("cell_under_voltage", "quarantine", False)
    ]


def test_a_fast_rise_is_seen_below_any_absolute_limit(watch):
    for second in range(0, 60, 5):
        assert watch.look(sample(second, temperature_max_c=25.0 + second * 4 / 60)) == []
    assert told(watch.look(sample(60, temperature_max_c=29.0))) == [
        ("temperature_rise", "danger", False)
    ]


def test_a_rise_across_a_long_gap_is_no_fast_rise(watch):
    watch.look(sample(0, temperature_max_c=10.0))
    assert watch.look(sample(3600, temperature_max_c=40.0)) == []


def test_a_clock_that_jumps_back_makes_no_rise(watch):
    watch.look(sample(1000, temperature_max_c=10.0))
    assert watch.look(sample(0, temperature_max_c=40.0)) == []


def test_unknown_values_neither_begin_nor_end_an_alarm(watch):
    watch.look(sample(temperature_max_c=60.0))
    assert watch.look(sample(1, temperature_c=np.full(8, np.nan))) == []
    assert watch.look(sample(2)) == []
    assert watch.active


def test_a_new_visitor_starts_with_a_clean_record(watch):
    watch.look(sample(temperature_max_c=70.0))
    watch.reset("NMC")
    assert not watch.active


@given(st.lists(st.floats(0, 100), max_size=60))
def test_beginnings_and_ends_alternate_whatever_the_values(temperatures):
    watch = Watch(load_thresholds())
    cleared: dict[tuple[str, str], bool] = {}
    for second, celsius in enumerate(temperatures):
        for incident in watch.look(sample(second, temperature_max_c=celsius)):
            key = (incident.kind, incident.severity)
            assert incident.cleared is not cleared.get(key, True)
            cleared[key] = incident.cleared


def test_a_threshold_without_hysteresis_is_refused(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        'edition = "x"\n[[threshold]]\nkind = "k"\nwatches = "cell_spread_v"\n'
        'limit = 1.0\nclear = 1.0\nseverity = "watch"\n'
    )
    with pytest.raises(SettingsError, match="safe side"):
        load_thresholds(file)
