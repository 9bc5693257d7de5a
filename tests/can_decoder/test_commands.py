"""`packtrail decode`, `dbc` and `profile`, as a person runs them."""

from __future__ import annotations

import csv
import io
import math
import subprocess
import sys
from importlib import import_module

import pytest

from can_decoder.gbt32960 import (
    Command,
    Edition,
    Login,
    Unit,
    build,
    build_login,
    build_report,
)
from can_decoder.gbt32960.units import FIXED
from packtrail.command import run_line

DBC = """BO_ 256 Pack: 8 BMS
 SG_ PackVoltage : 0|16@1+ (0.1,0) [0|0] "V" X
 SG_ PackCurrent : 16|16@1- (0.1,0) [0|0] "A" X
 SG_ StateOfCharge : 32|8@1+ (0.5,0) [0|0] "%" X
 SG_ State : 40|8@1+ (1,0) [0|0] "" X
BO_ 257 Cells: 8 BMS
 SG_ CellVolt01 : 0|16@1+ (0.001,0) [0|0] "V" X
 SG_ CellVolt02 : 16|16@1+ (0.001,0) [0|0] "V" X
 SG_ CellVolt03 : 32|16@1+ (0.001,0) [0|0] "V" X
 SG_ CellVolt04 : 48|16@1+ (0.001,0) [0|0] "V" X
VAL_ 256 State 1 "ready, waiting" ;
"""
MOMENT_NS = 1_775_003_400_000_000_000
LOG = """(10.000000) can0 100#A00F9CFFA0010000
(10.500000) can0 101#E40CE50CE60CE70C
(10.500000) can0 7FF#00
nonsense
(11.000000) can0 100#A00F9CFFA0
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "pack.dbc").write_text(DBC)
    (tmp_path / "drive.log").write_text(LOG)
    return tmp_path


def values(text: str) -> list[tuple[str, str, str]]:
    return [(row["t"], row["signal"], row["value"]) for row in csv.DictReader(io.StringIO(text))]


def test_log_becomes_rows_in_the_order_of_its_frames(files, capsys):
    log, dbc = str(files / "drive.log"), str(files / "pack.dbc")
    assert run_line(["decode", log, "--dbc", dbc, "--unknown"]) == 0
    out = capsys.readouterr()
    rows = values(out.out)
    assert rows[:3] == [
        ("10.000000000", "PackVoltage", "400"),
        ("10.000000000", "PackCurrent", "-10"),
        ("10.000000000", "StateOfCharge", "80"),
    ]
    assert [row[1] for row in rows[4:8]] == [f"CellVolt0{n}" for n in range(1, 5)]
    assert len(rows) == 11
    assert '"ready, waiting"' in out.out
    assert "7FF 1" in out.err
    assert "nonsense" in out.err


def test_strict_turns_findings_into_an_exit_code(files, capsys):
    log, dbc = str(files / "drive.log"), str(files / "pack.dbc")
    assert run_line(["decode", log, "--dbc", dbc, "--strict"]) == 1
    assert run_line(["dbc", "check", dbc, "--strict"]) == 0
    (files / "bad.dbc").write_text(DBC + " SG_ broken\n")
    assert run_line(["dbc", "check", str(files / "bad.dbc")]) == 0
    assert run_line(["dbc", "check", str(files / "bad.dbc"), "--strict"]) == 1
    assert "bad.dbc:12: error" in capsys.readouterr().out


def test_parquet_holds_what_csv_holds(files):
    parquet = import_module("pyarrow.parquet")
    out = files / "out.parquet"
    line = ["decode", str(files / "drive.log"), "--dbc", str(files / "pack.dbc"), "-o", str(out)]
    assert run_line(line) == 0
    table = parquet.read_table(out).to_pydict()
    assert table["signal"][:2] == ["PackVoltage", "PackCurrent"]
    assert table["value"][:2] == pytest.approx([400, -10])
    assert len(table["value"]) == 11


def test_mf4_holds_a_channel_per_signal(files):
    asammdf = import_module("asammdf")
    out = files / "out.mf4"
    line = ["decode", str(files / "drive.log"), "--dbc", str(files / "pack.dbc"), "-o", str(out)]
    assert run_line(line) == 0
    with asammdf.MDF(out) as mdf:
        assert mdf.get("Pack.PackVoltage").samples.tolist() == pytest.approx([400, 400])
        assert mdf.get("Pack.PackVoltage").timestamps.tolist() == [0, 1]


@pytest.mark.parametrize("output", ["out.xyz", "no/such/folder/out.csv"])
def test_output_that_cannot_be_written_is_refused_at_once(files, output, capsys):
    line = ["decode", str(files / "drive.log"), "--dbc", str(files / "pack.dbc")]
    assert run_line([*line, "-o", str(files / output)]) == 2
    assert "out." in capsys.readouterr().err


def test_nothing_to_decode_with_says_what_to_give(files, capsys):
    assert run_line(["decode", str(files / "drive.log")]) == 2
    assert "--profile" in capsys.readouterr().err


def test_live_stream_is_decoded_from_standard_input(files):
    done = subprocess.run(
        [sys.executable, "-m", "packtrail", "decode", "-", "--dbc", str(files / "pack.dbc")],
        input="  can0  100   [8]  A0 0F 9C FF A0 01 00 00\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert values(done.stdout)[0] == ("0.000000000", "PackVoltage", "400")


def test_suggested_profile_decodes_the_log(files, capsys):
    assert run_line(["profile", "suggest", str(files / "pack.dbc"), "--name", "mine"]) == 0
    (files / "mine.toml").write_text(capsys.readouterr().out)
    line = ["decode", str(files / "drive.log"), "--dbc", str(files / "pack.dbc")]
    assert run_line([*line, "--profile", str(files / "mine.toml")]) == 0
    rows = values(capsys.readouterr().out)
    assert ("10.000000000", "pack_voltage_v", "400") in rows
    assert ("11.000000000", "cell_voltage_v[4]", "3.303") in rows
    assert ("11.000000000", "soc_pct", "80") in rows


def test_database_is_shown_in_short_and_in_full(files, capsys):
    assert run_line(["dbc", "show", str(files / "pack.dbc")]) == 0
    assert "Cells" in capsys.readouterr().out
    assert run_line(["dbc", "show", str(files / "pack.dbc"), "Pack"]) == 0
    assert "1 = ready, waiting" in capsys.readouterr().out
    assert run_line(["dbc", "show", str(files / "pack.dbc"), "Nothing"]) == 2


@pytest.mark.real_data
def test_charging_log_needs_no_database(real_data, capsys):
    log = str(real_data / "can" / "gbt27930_2015_session.csv.gz")
    assert run_line(["decode", log, "--profile", "gbt27930", "--period", "5"]) == 0
    out = capsys.readouterr()
    assert "BEM.ccs_timeout" in out.err
    assert ("3286.500000000", "pack_current_a", "3") in values(out.out)


def test_charging_log_names_what_it_left_alone(tmp_path, capsys):
    log = tmp_path / "charge.log"
    lines = ("1826F456#010100", "1836F456#0100000000000000", "12345678#00", "123#00")
    log.write_text("".join(f"(1.{n}) can0 {line}\n" for n, line in enumerate(lines)))
    assert run_line(["decode", str(log), "--profile", "gbt27930", "--unknown"]) == 0
    said = capsys.readouterr().err
    assert "1 frames of GB/T 27930-2023 category B" in said
    assert {"1836F456 1", "12345678 1", "123 1"} <= set(said.splitlines())


@pytest.mark.parametrize("as_text", [True, False])
def test_vehicle_reports_are_decoded_from_hex_lines_and_binary(tmp_path, as_text, capsys):
    numbers = {place.name: 1.0 for place in FIXED[Edition.OF_2016, 1][1]}
    unit = Unit("vehicle", 1, numbers | {"voltage_v": 400.0, "soc_pct": math.nan})
    report = build(Command.REALTIME, "LTEST000000000001", build_report(MOMENT_NS, [unit]))
    login = build(
        Command.LOGIN,
        "LTEST000000000001",
        build_login(Login(MOMENT_NS, 1, "", ("000PB0100000ABG410000001",))),
    )
    path = tmp_path / "reports"
    if as_text:
        path.write_text(f"{login.hex()}\n{report.hex()}\n")
    else:
        path.write_bytes(login + report + report[:30])
    assert run_line(["decode", str(path)]) == 0
    out = capsys.readouterr()
    assert ("1775003400.000000000", "voltage_v", "400") in values(out.out)
    assert "soc_pct,nan,,invalid" in out.out
    assert "000PB0100000ABG410000001" in out.err
    assert ("cut off" in out.err) is not as_text
