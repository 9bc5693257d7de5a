import hashlib

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st

import can_decoder
from simulators.draws import Draws
from simulators.errors import SimulationError
from simulators.frames import PackFrame
from simulators.run import StationRun
from simulators.settings import StationSettings
from simulators.wire.bits import arbitration_key, crc15, length_of, stuff_bits
from simulators.wire.line import Line
from simulators.wire.traffic import Traffic


def test_bits_of_a_frame_without_stuffing_are_those_of_the_standard():
    # 44 and 64 bits of overhead and 8 a byte, and the intermission of 3 (ISO 11898-1, 10.4).
    for extended, overhead in ((False, 44), (True, 64)):
        for size in range(9):
            data = b"\x55" * size
            frame_id = 0x15555555 if extended else 0x555
            bits = length_of(frame_id, extended=extended, data=data).nominal
            least = overhead + 8 * size + 3
            assert least <= bits <= least + (34 if not extended else 54 + 8 * size - 1) // 4


def test_stuffing_counts_the_bit_that_was_put_in():
    assert stuff_bits("0" * 5) == 1
    assert (stuff_bits("0" * 9), stuff_bits("0" * 10)) == (1, 2)
    assert stuff_bits("000001111") == 2  # the 1 put in begins the next run
    assert stuff_bits("0101010101") == 0


def test_the_checksum_gives_the_published_check_value():
    assert crc15("".join(f"{byte:08b}" for byte in b"123456789")) == 0x059E


@given(
    frame_id=st.integers(0, 0x7FF),
    data=st.binary(max_size=8),
)
def test_no_frame_is_longer_than_the_worst_case(frame_id, data):
    size = 8 * len(data)
    bits = length_of(frame_id, extended=False, data=data).nominal
    assert size + 47 <= bits <= size + 47 + (34 + size - 1) // 4


def test_flexible_frames_are_short_in_arbitration_and_fast_in_payload():
    slow, fast = length_of(0x123, extended=False, data=bytes(range(64)), fd=True)
    assert 28 <= slow <= 36
    assert 64 * 8 + 5 + 32 <= fast <= 64 * 8 * 1.25 + 40
    short = length_of(0x123, extended=False, data=bytes(range(64)), fd=True, switched=False)
    assert short == (slow + fast, 0)


def test_lower_identifiers_win_and_a_base_frame_beats_its_extended_twin():
    keys = [
        arbitration_key(0x100, extended=False),
        arbitration_key(0x100 << 18, extended=True),
        arbitration_key(0x100 << 18 | 5, extended=True),
        arbitration_key(0x101, extended=False),
    ]
    assert keys == sorted(keys)


def test_frames_that_lose_wait_and_none_is_lost():
    line = Line(500_000)
    for frame_id in (0x300, 0x100, 0x200):
        line.submit(0, PackFrame(frame_id, False, bytes(8)), "others", ordered=False)
    line.submit(1000, PackFrame(0x050, False, bytes(8)), "pack")
    carried = line.carry(10_000_000)
    assert [done.frame.frame_id for done in carried] == [0x100, 0x050, 0x200, 0x300]
    ends = [done.t_ns for done in carried]
    bits = [length_of(d.frame.frame_id, extended=False, data=bytes(8)).nominal for d in carried]
    assert ends == [2000 * sum(bits[: n + 1]) for n in range(4)]
    assert line.busy_ns == ends[-1]
    assert carried[-1].waited_ns == ends[-2]


def test_what_does_not_fit_goes_out_later_and_an_idle_bus_waits_for_nobody():
    line = Line(250_000)
    for number in range(300):
        line.submit(0, PackFrame(0x18FF0000 + number, True, bytes(8)), "pack")
    line.submit(900_000_000, PackFrame(0x1, False, b""), "late")
    first, second = line.carry(100_000_000), line.carry(1_000_000_000)
    assert 0 < len(first) < 300
    assert len(first) + len(second) == 301
    assert first[-1].t_ns <= 100_000_000 < second[0].t_ns
    assert second[-1].t_ns - second[-1].waited_ns > 900_000_000


@pytest.mark.parametrize("load", [0.3, 0.7, 1.0])
def test_other_units_fill_the_bus_to_the_load_asked_for(load):
    line = Line(500_000)
    traffic = Traffic(line, load, False, Draws(3))
    frames = []
    for tick in range(20):
        traffic.fill(tick * 10**8, (tick + 1) * 10**8, 0)
        frames += line.carry((tick + 1) * 10**8)
    assert line.busy_ns / 2e9 == pytest.approx(load, abs=0.01)
    assert [f.t_ns for f in frames] == sorted(f.t_ns for f in frames)


def run_of(**bus):
    return StationRun(StationSettings.model_validate({"speed": 1.0, "seed": 5, "bus": bus}))


def test_a_crowded_bus_delays_the_pack_and_loses_none_of_its_frames():
    alone, crowded = run_of(), run_of(load=0.95)
    counts, waits = [], []
    for run in (alone, crowded):
        frames = [timed for tick in range(30) for timed in run._broadcast.frames(tick)]
        counts.append(sum(1 for t in frames if t.frame.frame_id in (0x100, 0x0CFF01F3)))
        waits.append(max(bus.line.longest_wait_ns for bus in run._broadcast.buses.values()))
    assert counts[1] >= counts[0] - 8
    assert waits[1] > waits[0]
    loads = [bus.load for bus in crowded._broadcast.buses.values()]
    assert min(loads) > 0.9


@pytest.mark.parametrize("kind", [".log", ".blf", ".asc", ".mf4"])
def test_logs_of_every_format_hold_the_same_frames(tmp_path, kind):
    path, twin = tmp_path / f"station{kind}", tmp_path / "station.log"
    run_of().write_log(path, 3)
    run_of().write_log(twin, 3) if kind != ".log" else None
    sizes, ids = [], []
    for log in (path, twin):
        batches = list(can_decoder.read_log(str(log)))
        sizes.append(sum(map(len, batches)))
        ids.append(sorted(int(i) for batch in batches for i in batch.ids))
    assert sizes[0] == sizes[1] > 500
    assert ids[0] == ids[1]


@pytest.mark.parametrize("kind", [".log", ".blf"])
def test_equal_seeds_give_equal_bytes_of_a_log(tmp_path, kind):
    paths = [tmp_path / f"{n}{kind}" for n in range(2)]
    for path in paths:
        run_of(load=0.4).write_log(path, 2)
    assert paths[0].read_bytes() == paths[1].read_bytes()


BYTES = "7f4cfafd32ee14aaf0ca36d10b3c506b46e21cdbb88729c97c0e43443a310f31"
FRAMES = "e09bf5406db1a3d824669ad45a3f947a2732e7eb4a25c9b59f44ac1398b556ee"
"""Of two seconds of the station of `run_of(load=0.4)`, on any machine."""


def sha256_of_frames(path):
    """Of a log's frames in an order of their own: formats part them by size and bus."""
    frames = [
        f"{number:x} {wide} {payload[:length].tobytes().hex()}"
        for batch in can_decoder.read_log(str(path))
        for number, wide, payload, length in zip(
            batch.ids, batch.extended, batch.data, batch.length, strict=True
        )
    ]
    return hashlib.sha256("\n".join(sorted(frames)).encode()).hexdigest()


@pytest.mark.parametrize("kind", [".log", ".blf", ".asc", ".mf4"])
def test_a_log_of_a_seed_holds_the_frames_that_are_pinned_here(tmp_path, kind):
    """Bytes of the others hold the writing program's version, its compression, or today's date."""
    path = tmp_path / f"pinned{kind}"
    run_of(load=0.4).write_log(path, 2)
    assert sha256_of_frames(path) == FRAMES
    if kind == ".log":
        assert hashlib.sha256(path.read_bytes()).hexdigest() == BYTES


def test_a_log_of_no_known_kind_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(SimulationError, match="no format") as caught:
        run_of().write_log(tmp_path / "station.xyz", 1)
    assert ".mf4" in str(caught.value.hint)


def test_flexible_frames_pass_a_virtual_bus_and_a_candump_file(tmp_path):
    from simulators.broadcast import TimedFrame
    from simulators.buses import CandumpFile, SlotBuses

    frame = PackFrame(0x120, False, bytes(range(24)), fd=True)
    timed = TimedFrame(1_700_000_000_000_000_000, "1", frame)
    with can.Bus(interface="virtual", channel="fd-1", preserve_timestamps=True) as listener:
        buses = SlotBuses("virtual", "fd-{slot}", ["1"])
        buses.send(timed)
        heard = listener.recv(2.0)
        buses.close()
    assert (heard.is_fd, heard.bitrate_switch, bytes(heard.data)) == (True, True, frame.data)
    with CandumpFile(tmp_path / "fd.log", "can{slot}") as file:
        file.send(timed)
    batch = next(iter(can_decoder.read_log(str(tmp_path / "fd.log"))))
    assert batch.payload(0) == frame.data
