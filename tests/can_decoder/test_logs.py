"""Logs of any kind become batches; damage costs what lies behind it."""

from __future__ import annotations

import gzip
import struct
import zlib

import can
import numpy as np
import pytest
import zstandard

import can_decoder
from can_decoder import DecoderError, FrameBatch

LINES = (
    "(1613.000125) can0 1DB#0102030405060708\n"
    "(1613.000250) can1 18FEF100#AABB\n"
    "(1613.000300) can0 123##1112233445566778899AABBCC\n"
    "(1613.000350) can0 123#R\n"
    "(1613.000400) can0 20000080#0000000000000000\n"
    "(1613.000500) can0 124#\n"
)


def whole(path) -> FrameBatch:
    (batch,) = can_decoder.read_log(path)
    return batch


def payloads(batch: FrameBatch) -> list[str]:
    return [batch.payload(row).hex() for row in range(len(batch))]


@pytest.mark.parametrize("packing", ["plain", "gz", "zst"])
def test_candump_lines(tmp_path, packing):
    raw = LINES.encode()
    path = tmp_path / {"plain": "a.log", "gz": "a.log.gz", "zst": "a.log.zst"}[packing]
    packed = {"plain": bytes, "gz": gzip.compress, "zst": zstandard.compress}[packing](raw)
    path.write_bytes(packed)
    batch = whole(path)
    assert batch.ids.tolist() == [0x1DB, 0x18FEF100, 0x123, 0x124]
    assert batch.extended.tolist() == [False, True, False, False]
    assert batch.t_ns.tolist() == [1613000125000, 1613000250000, 1613000300000, 1613000500000]
    assert batch.channel.tolist() == [0, 1, 0, 0]
    assert payloads(batch) == ["0102030405060708", "aabb", "112233445566778899aabbcc", ""]


def test_remote_and_error_frames_are_counted(tmp_path):
    (tmp_path / "a.log").write_text(LINES)
    reader = can_decoder.read_log(tmp_path / "a.log")
    list(reader)
    assert reader.source.skipped == 2
    assert not reader.diagnostics


def test_nanoseconds_of_a_log_are_kept(tmp_path):
    (tmp_path / "a.log").write_text("(1700000000.123456789) vcan0 1#01\n")
    assert whole(tmp_path / "a.log").t_ns.tolist() == [1700000000123456789]


@pytest.mark.parametrize(
    "line",
    [
        "  can0  1DB   [3]  01 02 03",
        " (001.000000)  can0  1DB   [3]  01 02 03   '...'",
        "can0  RX - -  1DB   [3]  01 02 03",
    ],
)
def test_terminal_form_of_candump(tmp_path, line):
    (tmp_path / "a.log").write_text(line + "\n")
    batch = whole(tmp_path / "a.log")
    assert (batch.ids.tolist(), payloads(batch)) == ([0x1DB], ["010203"])


def test_nonsense_is_reported_once_with_its_line(tmp_path):
    (tmp_path / "a.log").write_text(LINES + "what\n(1.0) can0 12#0\n" + LINES)
    reader = can_decoder.read_log(tmp_path / "a.log")
    assert sum(map(len, reader)) == 8
    (finding,) = reader.diagnostics
    assert finding.line == 7


def test_truncated_gzip_gives_what_stands_before_the_damage(tmp_path):
    lines = "".join(f"({n}.000000) can0 100#{n % 251:02X}{n % 241:02X}\n" for n in range(20_000))
    packed = gzip.compress(lines.encode())
    (tmp_path / "a.log.gz").write_bytes(packed[: len(packed) // 2])
    reader = can_decoder.read_log(tmp_path / "a.log.gz")
    count = sum(map(len, reader))
    assert 5_000 < count < 15_000
    assert any("cut off" in finding.reason.en for finding in reader.diagnostics)


@pytest.mark.parametrize("suffix", [".asc", ".blf", ".trc", ".csv"])
def test_logs_of_other_tools(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    sent = [
        can.Message(1.5, 0x1DB, is_extended_id=False, data=[1, 2, 3], channel=0, is_rx=True),
        can.Message(1.75, 0x18FEF100, is_extended_id=True, data=range(8), channel=0, is_rx=True),
    ]
    with can.Logger(path) as log:
        for message in sent:
            log(message)
    batches = list(can_decoder.read_log(path))
    assert np.concatenate([b.ids for b in batches]).tolist() == [0x1DB, 0x18FEF100]
    assert np.concatenate([b.extended for b in batches]).tolist() == [False, True]
    assert [p for b in batches for p in payloads(b)] == ["010203", "0001020304050607"]
    t_ns = np.concatenate([b.t_ns for b in batches])
    assert t_ns[1] - t_ns[0] == pytest.approx(250_000_000, abs=1_000)


def test_asc_with_a_channel_beyond_reason_is_read(tmp_path):
    path = tmp_path / "a.asc"
    with can.Logger(path) as log:
        log(can.Message(1.5, 0x1DB, is_extended_id=False, data=[1, 2, 3], channel=6, is_rx=True))
    path.write_text(path.read_text().replace(" 7  1DB", " 250000032  1DB"))
    batch = whole(path)
    assert "250000032" in path.read_text()
    assert (batch.channel.tolist(), payloads(batch)) == ([0], ["010203"])


def test_blf_that_begins_in_the_year_9999_counts_from_zero(tmp_path):
    path = tmp_path / "a.blf"
    with can.BLFWriter(path) as log:
        log(can.Message(1.0, 0x100, is_extended_id=False, data=[1], channel=0))
    raw = bytearray(path.read_bytes())
    raw[40:42] = (9999).to_bytes(2, "little")
    path.write_bytes(raw)
    assert whole(path).t_ns.tolist() == [0]


def blf_object(content, size=None):
    """A BLF whose one frame is followed by a container of our own."""
    return struct.pack("<4sHHII", b"LOBJ", 16, 1, size or 16 + len(content), 10) + content


@pytest.mark.parametrize(
    "container",
    [
        blf_object(b"", size=16),
        blf_object(struct.pack("<H14x", 2) + zlib.compress(bytes(1 << 29))),
        blf_object(struct.pack("<H14x", 2) + zlib.compress(bytes(1 << 10))[:-5]),
    ],
    ids=["shorter than its header", "half a gigabyte from nothing", "cut off"],
)
def test_blf_container_that_lies_about_itself_costs_itself(tmp_path, container):
    path = tmp_path / "a.blf"
    with can.BLFWriter(path) as log:
        log(can.Message(1.0, 0x100, is_extended_id=False, data=[1], channel=0))
    path.write_bytes(path.read_bytes() + container)
    reader = can_decoder.read_log(path)
    assert sum(map(len, reader)) == 1
    assert any("container" in str(d) for d in reader.diagnostics)


def test_truncated_blf_gives_what_stands_before_the_damage(tmp_path):
    path = tmp_path / "a.blf"
    with can.BLFWriter(path, max_container_size=2000) as log:
        for n in range(2000):
            log(can.Message(n / 100, 0x100, is_extended_id=False, data=[n % 256], channel=0))
    path.write_bytes(path.read_bytes()[:-3000])
    reader = can_decoder.read_log(path)
    assert 0 < sum(map(len, reader)) < 2000
    assert reader.diagnostics


CSV_HEAD = "序号,帧ID,时间标识,类型,长度,数据(Hex)\n"


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "utf-8-sig"])
def test_spreadsheet_that_ate_zeros(tmp_path, encoding):
    text = CSV_HEAD + (
        "0,0x100956F4,59:59.9,接收 CAN 扩展帧 数据帧,1,0\n"
        "1,0x100956F4,00:00.1,接收 CAN 扩展帧 数据帧,2,AA 5 \n"
    )
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    batch = whole(tmp_path / "a.csv")
    assert payloads(batch) == ["00", "aa05"]
    assert np.diff(batch.t_ns).tolist() == [200_000_000]
    assert batch.extended.all()


def test_spreadsheet_rows_that_are_no_frames_are_reported(tmp_path):
    text = (
        CSV_HEAD + "0,帧,59:59.9,,1,0\n1,0x123,00:00.1,标准帧,1,ZZ\n2,0x123,00:00.1,标准帧,1,7F\n"
    )
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    reader = can_decoder.read_log(tmp_path / "a.csv")
    assert [payloads(batch) for batch in reader] == [["7f"]]
    assert (len(reader.diagnostics), reader.source.skipped) == (1, 2)


def test_missing_log_is_an_error_with_its_place(tmp_path):
    with pytest.raises(DecoderError, match=r"no\.log"):
        list(can_decoder.read_log(tmp_path / "no.log"))


def test_unknown_kind_of_file_is_reported(tmp_path):
    (tmp_path / "a.xyz").write_bytes(b"\x00\x01\x02")
    reader = can_decoder.read_log(tmp_path / "a.xyz")
    assert not list(reader)
    assert reader.diagnostics


def test_empty_log_has_no_frames(tmp_path):
    (tmp_path / "a.log").write_bytes(b"")
    assert not list(can_decoder.read_log(tmp_path / "a.log"))


@pytest.mark.real_data
def test_recorded_drive_reads_whole(real_data):
    reader = can_decoder.read_log(real_data / "can" / "leaf_powertrain.candump.log.gz")
    assert sum(map(len, reader)) == 12_974
    assert not reader.diagnostics
    assert reader.fraction == pytest.approx(1.0)
