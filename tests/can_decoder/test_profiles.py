"""Vehicle signals become battery quantities, with sign, age and validity."""

from __future__ import annotations

import math

import numpy as np
import pytest

import can_decoder
from can_decoder import DecoderError, FrameBatch, profiles
from can_decoder.profiles.checksums import ALGORITHMS
from packtrail.quantities import QUANTITIES

SECOND = 1_000_000_000


def leaf_frame(current_a: float, voltage_v: float, count: int) -> bytes:
    database = profiles.find("nissan_leaf").database()
    values = {"BattCurrent": current_a, "BattVoltage": voltage_v, "DisplayedCharge": 80}
    data = database.encode("BatteryStatus", values | {"AliveCounter": count})
    return data[:7] + bytes([ALGORITHMS["crc8_0x85"](data[:7])])


@pytest.mark.parametrize("name", profiles.names())
def test_every_shipped_profile_is_sound_and_maps_known_quantities(name):
    profile = profiles.find(name)
    assert profile.name == name
    assert profile.title.en != profile.title.zh
    assert {rule.quantity for rule in profile.rules.quantity} <= set(QUANTITIES)
    if not profile.needs_database:
        sample = profile.tracker().snapshot(0)
        assert all(np.all(np.isnan(value)) for value in sample.values.values())


def test_values_carry_the_age_of_their_frame():
    tracker = profiles.find("nissan_leaf").tracker()
    tracker.feed(SECOND, 0x1DB, False, leaf_frame(-12.5, 380, 1))
    sample = tracker.snapshot(3 * SECOND)
    assert sample.values["pack_current_a"] == -12.5
    assert sample.age_s["pack_current_a"] == 2
    assert math.isnan(sample.values["soh_pct"])
    assert math.isnan(sample.age_s["soh_pct"])


def test_bad_checksum_updates_nothing():
    tracker = profiles.find("nissan_leaf").tracker()
    good = leaf_frame(5, 380, 1)
    tracker.feed(0, 0x1DB, False, good[:7] + bytes([good[7] ^ 1]))
    assert math.isnan(tracker.snapshot(0).values["pack_voltage_v"])
    assert (tracker.counts.checksum, tracker.counts.decoded) == (1, 0)


def test_counter_that_stands_still_lets_values_age():
    tracker = profiles.find("nissan_leaf").tracker()
    for second, count in enumerate((1, 2, 2, 2)):
        tracker.feed(second * SECOND, 0x1DB, False, leaf_frame(5, 380, count))
    assert tracker.snapshot(3 * SECOND).age_s["pack_voltage_v"] == 2
    assert tracker.counts.repeated == 2


def test_missing_frames_are_counted_by_the_counter():
    tracker = profiles.find("nissan_leaf").tracker()
    for count in (0, 3, 0):
        tracker.feed(0, 0x1DB, False, leaf_frame(5, 380, count))
    assert tracker.counts.skipped == 2


def test_value_out_of_bounds_is_dropped_and_counted():
    tracker = profiles.find("nissan_leaf").tracker()
    tracker.feed(0, 0x1DB, False, leaf_frame(5, 511.5, 1))
    sample = tracker.snapshot(0)
    assert math.isnan(sample.values["pack_voltage_v"])
    assert sample.values["pack_current_a"] == 5
    assert tracker.counts.invalid == 1


def test_frames_of_others_are_counted_and_not_decoded():
    tracker = profiles.find("nissan_leaf").tracker()
    tracker.feed(0, 0x7FF, False, b"")
    tracker.feed(0, 0x1DB, True, leaf_frame(5, 380, 1))
    tracker.feed(0, 0x1DB, False, b"\0")
    assert (tracker.counts.unknown, tracker.counts.short) == (2, 1)


PROFILE = """
name = "own"
title = { en = "own", zh = "自己" }
dbc = "own.dbc"
[[quantity]]
quantity = "pack_current_a"
signal = "I"
scale = -1
[[quantity]]
quantity = "cell_voltage_v"
pattern = 'U(\\d+)'
low = 0.5
"""
DBC = """BO_ 2566839294 Own: 8 X
 SG_ I : 0|16@1- (0.1,0) [0|0] "A" X
 SG_ U1 : 16|16@1+ (0.001,0) [0|0] "V" X
 SG_ U3 : 32|16@1+ (0.001,0) [0|0] "V" X
BA_DEF_DEF_ "VFrameFormat" "J1939PG";
"""


def own_profile(folder, profile=PROFILE):
    (folder / "own.toml").write_text(profile)
    (folder / "own.dbc").write_text(DBC)
    return profiles.find(folder / "own.toml")


def test_sign_is_turned_and_cells_are_placed_by_their_number(tmp_path):
    profile = own_profile(tmp_path)
    payload = profile.database().encode("Own", {"I": 20.0, "U1": 3.3, "U3": 3.4})
    tracker = profile.tracker()
    tracker.feed(0, 0x18FEDB27, True, payload)
    values = tracker.snapshot(0).values
    assert values["pack_current_a"] == -20.0
    assert values["cell_voltage_v"] == pytest.approx([3.3, math.nan, 3.4], nan_ok=True)


def test_j1939_not_available_is_invalid_in_a_profile(tmp_path):
    tracker = own_profile(tmp_path).tracker()
    tracker.feed(0, 0x18FEDB27, True, bytes.fromhex("ffff e40c ffff ffff"))
    values = tracker.snapshot(0).values
    assert math.isnan(values["pack_current_a"])
    assert values["cell_voltage_v"] == pytest.approx([3.3])
    assert tracker.counts.invalid == 2


def test_samples_follow_frame_time_and_leave_silence_out(tmp_path):
    profile = own_profile(tmp_path)
    payload = profile.database().encode("Own", {"I": 1.0, "U1": 3.3, "U3": 3.4})
    t = np.array([0, 0.5, 1.5, 60.2])
    batch = FrameBatch.from_arrays(
        [0x18FEDBFE] * 4, [True] * 4, t, np.tile(np.frombuffer(payload, np.uint8), (4, 1)), [8] * 4
    )
    samples = profile.samples(batch, 1.0)
    assert samples.t_ns.tolist() == [0, SECOND, 2 * SECOND, 61 * SECOND]
    assert samples.values["cell_voltage_v"].shape == (4, 3)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("pack_current_a", "pack_curent_a"), "no canonical quantity"),
        (("pattern = 'U", "pattern = 'U("), "one group"),
        (('signal = "I"', 'signel = "I"'), "signel"),
        (('signal = "I"', ""), "needs `signal`"),
        (("name =", "name"), "cannot be read"),
    ],
)
def test_faulty_profile_says_what_is_wrong(tmp_path, change, complaint):
    with pytest.raises(DecoderError, match=complaint):
        own_profile(tmp_path, PROFILE.replace(*change))


def test_database_that_lacks_signals_is_refused_with_their_names(tmp_path):
    profile = own_profile(tmp_path, PROFILE.replace('"I"', '"Missing"'))
    with pytest.raises(DecoderError, match="Missing"):
        profile.tracker()


def test_unknown_profile_names_those_that_exist():
    with pytest.raises(DecoderError, match="nissan_leaf"):
        profiles.find("no_such_car")


@pytest.mark.real_data
def test_recorded_drive_makes_physical_sense(real_data):
    log = real_data / "can" / "leaf_powertrain.candump.log.gz"  # a Tesla Model S, whatever its name
    samples = profiles.find("tesla_model_s").samples(can_decoder.read_log(log), 1.0)
    last = samples.row(len(samples) - 1).values
    assert last["cell_voltage_v"].shape == (96,)
    assert last["cell_voltage_v"].sum() == pytest.approx(last["pack_voltage_v"], rel=0.002)
    assert np.ptp(last["cell_voltage_v"]) < 0.01
    assert 20 < last["temperature_c"].min() <= last["temperature_c"].max() < 25
    assert 80 < last["soc_displayed_pct"] < last["soc_pct"] < 90


@pytest.mark.real_data
def test_current_sign_of_the_recorded_drive_is_charge_positive(real_data):
    log = real_data / "can" / "leaf_powertrain.candump.log.gz"
    samples = profiles.find("tesla_model_s").samples(can_decoder.read_log(log), 0.01)
    current, voltage = samples.values["pack_current_a"], samples.values["pack_voltage_v"]
    known = ~np.isnan(current)
    slope_ohm = np.polyfit(current[known], voltage[known], 1)[0]
    assert 0.005 < slope_ohm < 0.2


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "dbc"),
    [
        ("nissan_leaf", "LeafPowertrainBus.dbc"),
        ("tesla_model_3", "Model3CAN.dbc"),
        ("chevrolet_volt", "gm_global_a_high_voltage_management.dbc"),
    ],
)
def test_profile_fits_its_public_database(real_data, name, dbc):
    profiles.find(name).tracker(can_decoder.load(real_data / "can" / dbc))
