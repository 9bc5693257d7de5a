import cantools
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import can_decoder
from can_decoder import FrameBatch, profiles
from can_decoder.transport import j1939
from simulators.bms import Bms
from simulators.dialects import DIALECTS
from simulators.dialects.checks import crc8_autosar, crc8_j1850, inverted_sum
from simulators.models import ALL_MODELS
from simulators.pack import PackTruth

ALL = pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.name)
CELL_FRAMES = {"classic": 4, "j1939": 3.5, "flexible": 31}
STATUS = {"classic": 0x100, "j1939": 0x0CFF01F3, "flexible": 0x120}
LIMITS = {"classic": 0x103, "j1939": 0x18FF02F3, "flexible": 0x121}


def reading_of(model, current_a=33.0, higher_v=0.0, warmer_c=0.0):
    random = np.random.default_rng(2)
    volts = higher_v + 2.6 + 0.2 * random.random(model.cells)
    warmth = warmer_c + 20.0 + 15.0 * random.random(model.cells)
    truth = PackTruth(volts, warmth, np.full(model.cells, 0.4), current_a)
    return Bms(model, 0.9, 0.4, 9).read(truth)


def dialect_of(model):
    file = DIALECTS[model.dialect]
    return file.make(model, can_decoder.load(file.path))


def second_of(model, reading):
    dialect = dialect_of(model)
    for tick in range(10):
        list(dialect.burst(reading, tick))
    return [frame for tick in range(10, 20) for frame in dialect.burst(reading, tick)]


def batch_of(frames):
    width = max(len(frame.data) for frame in frames)
    return FrameBatch.from_arrays(
        [frame.frame_id for frame in frames],
        [frame.extended for frame in frames],
        np.arange(len(frames)) * 1_000_000,
        np.array([list(frame.data.ljust(width, b"\0")) for frame in frames], np.uint8),
        [len(frame.data) for frame in frames],
    )


def decoded(model, frames):
    """A second opinion: cantools reads what our encoder wrote, transport undone."""
    database = cantools.database.load_file(DIALECTS[model.dialect].path)
    known = {(m.frame_id, m.is_extended_frame): m for m in database.messages}
    whole = [(f.frame_id, f.extended, f.data) for f in frames]
    whole += [(6 << 26 | p.pgn << 8 | p.source, True, p.data) for p in j1939(batch_of(frames))]
    values = {}
    for frame_id, extended, data in whole:
        message = known.get((frame_id, extended))
        if message is not None:
            values |= message.decode(data, decode_choices=False, allow_truncated=True)
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
def test_the_profile_gives_canonical_quantities_of_what_was_sent(model):
    reading = reading_of(model)
    tracker = profiles.find(DIALECTS[model.dialect].profile).tracker()
    for number, frame in enumerate(second_of(model, reading)):
        tracker.feed(number * 1_000_000, frame.frame_id, frame.extended, frame.data)
    values = tracker.snapshot(10**9).values
    assert values["cell_voltage_v"] == pytest.approx(reading.cell_voltage_v, abs=5e-4)
    assert values["temperature_c"] == pytest.approx(reading.temperature_c, abs=0.5)
    for name in ("pack_voltage_v", "pack_current_a", "soc_pct", "soh_pct", "capacity_ah"):
        assert values[name] == pytest.approx(getattr(reading, name), abs=0.25), name
    assert values["insulation_ohm"] == pytest.approx(reading.insulation_ohm, rel=1e-3)
    counts = tracker.counts
    assert (counts.checksum, counts.repeated, counts.skipped) == (0, 0, 0)


@ALL
def test_frames_come_at_real_rates(model):
    frames = second_of(model, reading_of(model))
    low, high = {"classic": (40, 60), "j1939": (55, 80), "flexible": (15, 25)}[model.dialect]
    assert low <= len(frames) <= high
    assert max(len(frame.data) for frame in frames) == (64 if model.dialect == "flexible" else 8)
    assert all(frame.fd == (model.dialect == "flexible") for frame in frames)


@ALL
def test_cell_voltages_come_at_once_when_the_current_steps(model):
    dialect = dialect_of(model)
    for tick in (2, 4):
        list(dialect.burst(reading_of(model, 0.0), tick))
    resting, charging = (len(list(dialect.burst(reading_of(model, a), 5))) for a in (0.0, 90.0))
    extra = charging - resting
    least = -(-model.cells // CELL_FRAMES[model.dialect])
    assert least <= extra <= least + 4
    assert len(list(dialect.burst(reading_of(model, 90.0), 5))) == resting


@ALL
def test_cell_voltages_come_soon_when_they_have_moved_and_the_bus_is_not_flooded(model):
    dialect = dialect_of(model)
    counts = [len(list(dialect.burst(reading_of(model, 33.0, 0.02 * n), n))) for n in range(100)]
    low, high = {"classic": (80, 150), "j1939": (110, 220), "flexible": (20, 40)}[model.dialect]
    assert low <= sum(counts[10:]) / 9.0 <= high


@ALL
def test_a_burst_begins_with_the_limits_and_ends_with_the_status(model):
    frames = [frame.frame_id for frame in dialect_of(model).burst(reading_of(model), 2)]
    assert frames[0] == LIMITS[model.dialect]
    assert frames[-1] == STATUS[model.dialect]


@ALL
def test_probes_are_sent_anew_when_the_pack_warms(model):
    dialect = dialect_of(model)
    for tick in (2, 4):
        list(dialect.burst(reading_of(model), tick))
    counts = [len(list(dialect.burst(reading_of(model, warmer_c=c), 5))) for c in (0.0, 3.0)]
    assert counts[1] > counts[0]


@ALL
def test_the_counter_runs_on_and_the_checksum_fits(model):
    frames = second_of(model, reading_of(model))
    status = [frame.data for frame in frames if frame.frame_id == STATUS[model.dialect]]
    check = {"classic": inverted_sum, "j1939": crc8_j1850, "flexible": crc8_autosar}[model.dialect]
    place, modulo = (-2, 256) if model.dialect == "flexible" else (6, 16)
    counters = [data[place] % modulo for data in status]
    assert counters == [n % modulo for n in range(counters[0], counters[0] + 10)]
    assert all(data[-1] == check(data[:-1]) for data in status)


def test_cells_of_the_j1939_maker_go_to_the_charger_and_probes_to_all():
    model = next(m for m in ALL_MODELS if m.dialect == "j1939")
    frames = second_of(model, reading_of(model))
    opening = {frame.data[0] for frame in frames if frame.frame_id >> 16 & 0xFF == 0xEC}
    assert opening == {16, 17, 19, 32}
    whole = {p.pgn: p for p in j1939(batch_of(frames))}
    assert (whole[0xFF20].destination, len(whole[0xFF20].data)) == (0x56, 2 * model.cells)
    assert (whole[0xFF40].destination, len(whole[0xFF40].data)) == (0xFF, model.probes)
    delays = [frame.delay_ms for frame in frames if frame.frame_id == 0x1CEBFFF3]
    assert delays == sorted(delays)
    assert delays[0] == 10


def test_checksums_give_the_published_check_values():
    assert crc8_j1850(b"123456789") == 0x4B
    assert crc8_autosar(b"123456789") == 0xDF


@given(data=st.binary(min_size=7, max_size=7), bit=st.integers(0, 55))
def test_checksums_see_every_single_flipped_bit(data, bit):
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    for check in (inverted_sum, crc8_j1850, crc8_autosar):
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


def test_a_lost_packet_loses_its_array_and_nothing_else():
    model = next(m for m in ALL_MODELS if m.dialect == "j1939")
    frames = second_of(model, reading_of(model))
    first = next(n for n, f in enumerate(frames) if f.frame_id == 0x1CEB56F3)
    tracker = profiles.find("sim_sxb").tracker()
    for number, frame in enumerate(frames):
        if number != first + 3:
            tracker.feed(number * 1_000_000, frame.frame_id, frame.extended, frame.data)
    values = tracker.snapshot(10**9).values
    assert np.isnan(values["cell_voltage_v"]).all()
    assert len(values["temperature_c"]) == model.probes
    assert np.isfinite(values["pack_voltage_v"])


@ALL
def test_a_burst_at_once_tells_what_its_frames_tell_one_by_one(model):
    frames = second_of(model, reading_of(model))
    one, whole = (profiles.find(DIALECTS[model.dialect].profile).tracker() for _ in range(2))
    for number, frame in enumerate(frames):
        one.feed(number * 1_000_000, frame.frame_id, frame.extended, frame.data)
    whole.feed_batch(batch_of(frames))
    for name, value in one.snapshot(10**9).values.items():
        assert np.array_equal(whole.snapshot(10**9).values[name], value, equal_nan=True), name
