import cantools
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import can_decoder
from simulators.bms import Bms
from simulators.dialects import DIALECTS, crc8_j1850, inverted_sum
from simulators.models import MODELS
from simulators.pack import PackTruth

ALL = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


def reading_of(model, current_a=33.0, higher_v=0.0, warmer_c=0.0):
    random = np.random.default_rng(2)
    volts = higher_v + 2.6 + 0.2 * random.random(model.cells)
    warmth = warmer_c + 20.0 + 15.0 * random.random(model.cells)
    truth = PackTruth(volts, warmth, np.full(model.cells, 0.4), current_a)
    return Bms(model, 0.9, 0.4, 9).read(truth)


def second_of(model, reading):
    file = DIALECTS[model.dialect]
    dialect = file.make(model, can_decoder.load(file.path))
    for tick in range(10):
        list(dialect.burst(reading, tick))
    return [frame for tick in range(10, 20) for frame in dialect.burst(reading, tick)]


def decoded(model, frames):
    """A second opinion: cantools reads what our encoder wrote."""
    database = cantools.database.load_file(DIALECTS[model.dialect].path)
    values = {}
    for frame in frames:
        message = next(
            m
            for m in database.messages
            if m.frame_id == frame.frame_id and m.is_extended_frame == frame.extended
        )
        values |= message.decode(frame.data, decode_choices=False)
    return values


@ALL
def test_cantools_reads_what_the_bms_measured(model):
    reading = reading_of(model)
    values = decoded(model, second_of(model, reading))
    sign = -1.0 if model.dialect == "classic" else 1.0
    cells = [values[f"Cell{n + 1:03d}"] for n in range(model.cells)]
    probes = [values[f"Probe{n + 1:02d}"] for n in range(model.probes)]
    assert cells == pytest.approx(reading.cell_voltage_v, abs=5e-4)
    assert probes == pytest.approx(reading.temperature_c, abs=0.5)
    assert values["PackVoltage"] == pytest.approx(reading.pack_voltage_v, abs=0.06)
    assert sign * values["PackCurrent"] == pytest.approx(reading.pack_current_a, abs=0.06)
    assert values["Soc"] == pytest.approx(reading.soc_pct, abs=0.06)
    assert values["Capacity"] == pytest.approx(reading.capacity_ah, abs=0.006)
    assert values["ChargeLimit"] == pytest.approx(reading.charge_limit_a, abs=0.06)


@ALL
def test_frames_come_at_real_rates(model):
    frames = second_of(model, reading_of(model))
    assert 40 <= len(frames) <= 60
    assert all(len(frame.data) == 8 for frame in frames)


@ALL
def test_cell_voltages_come_at_once_when_the_current_steps(model):
    file = DIALECTS[model.dialect]
    dialect = file.make(model, can_decoder.load(file.path))
    for tick in (2, 4):
        list(dialect.burst(reading_of(model, 0.0), tick))
    resting, charging = (len(list(dialect.burst(reading_of(model, a), 5))) for a in (0.0, 90.0))
    assert charging - resting == model.cells // 4 + 1
    assert len(list(dialect.burst(reading_of(model, 90.0), 5))) == resting


@ALL
def test_cell_voltages_come_soon_when_they_have_moved_and_the_bus_is_not_flooded(model):
    file = DIALECTS[model.dialect]
    dialect = file.make(model, can_decoder.load(file.path))
    counts = [len(list(dialect.burst(reading_of(model, 33.0, 0.02 * n), n))) for n in range(100)]
    assert 80 <= sum(counts[10:]) / 9.0 <= 150


@ALL
def test_a_burst_begins_with_the_limits_and_ends_with_the_status(model):
    file = DIALECTS[model.dialect]
    dialect = file.make(model, can_decoder.load(file.path))
    frames = [frame.frame_id for frame in dialect.burst(reading_of(model), 2)]
    assert frames[0] in (0x103, 0x18FF02F3)
    assert frames[-1] in (0x100, 0x0CFF01F3)


@ALL
def test_probes_are_sent_anew_when_the_pack_warms(model):
    file = DIALECTS[model.dialect]
    dialect = file.make(model, can_decoder.load(file.path))
    for tick in (2, 4):
        list(dialect.burst(reading_of(model), tick))
    counts = [len(list(dialect.burst(reading_of(model, warmer_c=c), 5))) for c in (0.0, 3.0)]
    assert counts[1] - counts[0] >= 3


@ALL
def test_the_counter_runs_on_and_the_checksum_fits(model):
    frames = second_of(model, reading_of(model))
    status = [frame for frame in frames if frame.frame_id in (0x100, 0x0CFF01F3)]
    check = inverted_sum if model.dialect == "classic" else crc8_j1850
    counters = [frame.data[6] & 0x0F for frame in status]
    assert counters == [n % 16 for n in range(counters[0], counters[0] + 10)]
    assert all(frame.data[7] == check(frame.data[:7]) for frame in status)


def test_crc8_gives_the_published_check_value():
    assert crc8_j1850(b"123456789") == 0x4B


@given(data=st.binary(min_size=7, max_size=7), bit=st.integers(0, 55))
def test_checksums_see_every_single_flipped_bit(data, bit):
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    for check in (inverted_sum, crc8_j1850):
        assert check(bytes(flipped)) != check(data)


@ALL
def test_extremes_beyond_a_signal_do_not_stop_the_bms(model):
    truth = PackTruth(
        np.full(model.cells, 3.6), np.full(model.cells, 140.0), np.ones(model.cells), 900.0
    )
    assert second_of(model, Bms(model, 0.9, 0.4, 9).read(truth))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_our_dbc_files_load_without_findings(dialect):
    database = can_decoder.load(dialect.path)
    assert database.messages
    assert not database.diagnostics
