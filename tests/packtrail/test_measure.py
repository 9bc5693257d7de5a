"""The number of an incident is said with its unit, its place in the reader's language."""

from __future__ import annotations

import pytest

from gateway.alarms import load_thresholds
from packtrail.event import IncidentRecorded
from packtrail.event.measure import measure_of, place_of


@pytest.mark.parametrize(
    ("kind", "quantity", "value", "en", "zh"),
    [
        ("over_temperature", "temperature_max_c", 66.0, "66 °C", "66 °C"),
        ("temperature_spread", "temperature_spread_c", 15.2, "15.2 K", "15.2 K"),
        ("temperature_rise", "temperature_rate_c_per_min", 3.0, "3 K/min", "3 K/min"),
        ("temperature_jump", "temperature_rate_c_per_s", 1.0, "1 K/s", "1 K/s"),
        ("cell_spread", "cell_spread_v", 0.1234567, "0.1235 V", "0.1235 V"),
        ("insulation_low", "insulation_ohm_per_v", 90.0, "90 Ω/V", "90 Ω/V"),
        ("bms_alarm", "bms_alarm_level", 3.0, "level 3", "3 级"),
        (
            "thermal_runaway_precursor",
            "cell_drop_v temperature_spread_c",
            2.0,
            "2 signs",
            "2 项征兆",
        ),
        ("anything", "", 1.5, "1.5", "1.5"),
        ("anything", "", None, "", ""),
    ],
)
def test_a_value_is_said_with_its_unit(kind, quantity, value, en, zh):
    said = measure_of(IncidentRecorded(kind, "watch", quantity=quantity, value=value), value)
    assert (said.en, said.zh) == (en, zh)


def test_every_quantity_that_is_watched_has_a_unit():
    for limit in load_thresholds().threshold:
        incident = IncidentRecorded(limit.kind, "watch", quantity=limit.watches, value=1.0)
        assert measure_of(incident, 1.0).en != "1", limit.watches


def test_a_place_is_said_in_the_readers_language():
    incident = IncidentRecorded("x", "watch", where="cell 3 probe 12")
    assert place_of(incident) == ("cell 3 probe 12", "单体 3 探头 12")
