"""Signs before thermal runaway, what changes fast, and what a restart remembers."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.alarms import Thresholds, Watch, load_thresholds
from packtrail.errors import SettingsError
from packtrail.sample import Sample
from packtrail.settings import parse
from packtrail.times import NS_PER_S
from tests.gateway.drafts import T0


@pytest.fixture
def watch() -> Watch:
    watch = Watch(load_thresholds())
    watch.reset("NMC")
    return watch


def sample(seconds: float, **values) -> Sample:
    return Sample(T0 + round(seconds * NS_PER_S), values)


def kinds(watch: Watch) -> set[str]:
    return {kind for kind, _ in watch.active}


def cells(low: float = 3.70) -> np.ndarray:
    volts = np.full(96, 3.70)
    volts[12] = low
    return volts


def probes(hottest: float = 25.0) -> np.ndarray:
    degrees = np.full(24, 25.0)
    degrees[7] = hottest
    return degrees


def test_one_sign_alone_is_no_precursor(watch):
    for second in range(0, 300, 5):
        watch.look(sample(second, cell_voltage_v=cells(3.70 - 0.0006 * second)))
    assert kinds(watch) == set()
    for second in range(300, 330, 5):
        watch.look(sample(second, cell_voltage_v=cells(3.40)))
    assert "thermal_runaway_precursor" not in kinds(watch)


def test_two_signs_within_the_window_are_danger_and_name_their_places(watch):
    told = []
    for second in range(0, 240, 5):
        fallen = 3.70 if second < 60 else 3.55
        warm = 25.0 if second < 100 else 25.0 + 0.15 * (second - 100)
        told += watch.look(sample(second, cell_voltage_v=cells(fallen), temperature_c=probes(warm)))
    incident = next(i for i in told if i.kind == "thermal_runaway_precursor")
    assert incident.severity == "danger"
    assert "cell_drop_v" in incident.quantity.split()
    assert "cell 13" in incident.where
    assert "probe 8" in incident.where


def test_signs_further_apart_than_the_window_do_not_add_up_and_old_ones_fade(watch):
    volts, degrees = cells(3.50), probes(38.5)
    for second in range(0, 60, 5):
        watch.look(sample(second, cell_voltage_v=cells()))
    watch.look(sample(60, cell_voltage_v=volts))
    for second in range(120, 900, 60):
        watch.look(sample(second, cell_voltage_v=volts))
    watch.look(sample(900, cell_voltage_v=volts, temperature_c=degrees))
    assert "thermal_runaway_precursor" not in kinds(watch)


def test_a_precursor_ends_when_too_few_signs_are_left(watch):
    for second in range(0, 60, 5):
        watch.look(sample(second, cell_voltage_v=cells(), temperature_c=probes(38.0)))
    watch.look(sample(61, cell_voltage_v=cells(3.5), temperature_c=probes(38.0)))
    assert "thermal_runaway_precursor" in kinds(watch)
    for second in range(70, 500, 10):
        told = watch.look(sample(second, cell_voltage_v=cells(3.5), temperature_c=probes(26.0)))
        if any(i.kind == "thermal_runaway_precursor" and i.cleared for i in told):
            break
    assert "thermal_runaway_precursor" not in kinds(watch)
    assert 350 <= second <= 420


def test_a_jump_of_a_kelvin_a_second_for_three_seconds_is_danger(watch):
    for second in range(10):
        watch.look(sample(second, temperature_max_c=30.0))
    for second in range(10, 14):
        watch.look(sample(second, temperature_max_c=30.0 + 1.1 * (second - 9)))
    assert ("temperature_jump", "danger") in watch.active


def test_a_probe_heard_for_the_first_time_is_no_jump(watch):
    late = probes(31.0)
    early = late.copy()
    early[7] = np.nan
    for second in range(5):
        watch.look(sample(second, temperature_c=early))
    watch.look(sample(5, temperature_c=late))
    watch.look(sample(9, temperature_c=late))
    assert kinds(watch) == set()


def test_insulation_is_judged_per_volt(watch):
    watch.look(sample(0, insulation_ohm=180_000.0, pack_voltage_v=400.0))
    assert watch.active.keys() == {("insulation_low", "watch")}
    watch.look(sample(1, insulation_ohm=39_000.0, pack_voltage_v=400.0))
    assert ("insulation_low", "danger") in watch.active
    assert watch.look(sample(2, insulation_ohm=39_000.0)) == []  # no voltage, no judgement


def test_the_bms_is_heard_in_two_steps(watch):
    watch.look(sample(0, bms_alarm_level=2.0))
    assert watch.active.keys() == {("bms_warning", "watch")}
    watch.look(sample(1, bms_alarm_level=3.0))
    assert ("bms_alarm", "quarantine") in watch.active


def test_what_was_wrong_is_not_raised_again_after_a_restart_and_can_still_end(watch):
    watch.look(sample(0, temperature_max_c=60.0))
    again = Watch(load_thresholds())
    again.resume(watch.remember())
    assert again.look(sample(1, temperature_max_c=60.0)) == []
    (ended,) = again.look(sample(2, temperature_max_c=40.0))
    assert (ended.kind, ended.cleared) == ("over_temperature", True)


@pytest.mark.parametrize("remembered", [None, b"", b"\x00", b"\xff\xfe", b"\x91\x80"])
def test_what_cannot_be_remembered_is_forgotten(watch, remembered):
    watch.resume(remembered)
    assert watch.active == {}


def test_a_precursor_that_can_never_be_reached_is_a_fault_of_the_file(tmp_path):
    sign = {"watches": "cell_drop_v", "limit": 0.1}
    table = {
        "edition": "x",
        "threshold": [
            {"kind": "k", "watches": "cell_drop_v", "limit": 1, "clear": 0, "severity": "watch"}
        ],
        "precursor": [
            {"kind": "p", "severity": "danger", "window_s": 9, "least": 2, "sign": [sign, sign]}
        ],
    }
    with pytest.raises(SettingsError, match="more signs"):
        parse(Thresholds, table, tmp_path / "t.toml")
