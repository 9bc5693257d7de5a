"""Vehicle to platform: frames, logins and reports of both editions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from can_decoder import DecoderError
from can_decoder.gbt32960 import (
    Command,
    Edition,
    Fault,
    Login,
    Message,
    Unit,
    build,
    build_login,
    build_report,
    read_login,
    read_report,
    sample_of,
    scan,
)
from can_decoder.gbt32960.frame import Reason
from can_decoder.gbt32960.units import FIXED, alarm_names

LOGIN_2016 = (
    "232301FE4C544553543030303030303030303030310100361A0401081E000001383938363030303030303030"
    "30303030303030310118303030504230313030303030414247343130303030303031EF"
)
LOGIN_2025 = (
    "242401FE4C544553543030303030303030303030310100361A0401081E000001383938363030303030303030"
    "30303030303030310101303030504230313030303030414247343130303030303031F6"
)
VIN = "LTEST000000000001"
MOMENT_NS = 1_775_003_400_000_000_000  # 2026-04-01 08:30:00 in Beijing


def only(capture: bytes | str) -> Message:
    (found,) = scan(capture)
    assert isinstance(found, Message)
    return found


@pytest.mark.parametrize(
    ("capture", "edition"), [(LOGIN_2016, Edition.OF_2016), (LOGIN_2025, Edition.OF_2025)]
)
def test_worked_login_reads_and_is_built_again(capture, edition):
    message = only(capture)
    login = read_login(message)
    assert (message.vin, message.edition, message.command) == (VIN, edition, Command.LOGIN)
    assert (login.t_ns, login.session) == (MOMENT_NS, 1)
    assert login.pack_codes == ("000PB0100000ABG410000001",)
    again = build(Command.LOGIN, VIN, build_login(login, edition), edition=edition)
    assert again.hex().upper() == capture


def test_wrong_check_byte_is_a_fault_and_the_next_message_is_found():
    bad = bytes.fromhex(LOGIN_2016[:-2] + "00")
    first, second = scan(b"noise" + bad + bytes.fromhex(LOGIN_2025))
    assert first == Fault(5, Reason.CHECK)
    assert second.edition is Edition.OF_2025


def test_message_that_is_cut_off_is_a_fault():
    (fault,) = scan(bytes.fromhex(LOGIN_2016)[:40])
    assert fault.reason is Reason.CUT


def test_hex_text_may_have_separators():
    spaced = " ".join(f"0x{LOGIN_2016[n : n + 2]}" for n in range(0, len(LOGIN_2016), 2))
    assert only(spaced).vin == VIN


def test_login_without_codes_and_with_a_makers_serial():
    for codes in ((), ("FSBP331146BK-A",)):
        login = Login(MOMENT_NS, 7, "8986", codes)
        assert read_login(only(build(Command.LOGIN, VIN, build_login(login)))).pack_codes == codes


def vehicle(edition: Edition, **changed: float) -> Unit:
    kind, places = FIXED[edition, 0x01]
    return Unit(kind, 0x01, {place.name: 1 for place in places} | changed)


@pytest.mark.parametrize("edition", list(Edition))
def test_report_gives_quantities_with_charge_positive(edition):
    cells = np.linspace(3.3, 3.4, 230).round(3)
    units = [
        vehicle(edition, voltage_v=350.5, current_a=-11.0, soc_pct=55, insulation_kohm=2000),
        Unit("cells", 0, {"voltage_v": 350.5, "current_a": -11.0}, {"cell_voltage_v": cells}),
        Unit("probes", 0, lists={"temperature_c": np.array([20.0, math.nan, -5.0])}),
        Unit("alarms", 0, {"level": 2, "flags": 1 << 11}),
    ]
    data = build_report(MOMENT_NS, units, edition)
    report = read_report(only(build(Command.REALTIME, VIN, data, edition=edition)))
    assert report.is_whole
    sample = sample_of(report)
    assert sample.t_ns == MOMENT_NS
    assert sample.values["pack_current_a"] == pytest.approx(11.0)
    assert sample.values["pack_voltage_v"] == pytest.approx(350.5)
    assert sample.values["cell_voltage_v"] == pytest.approx(cells)
    assert sample.values["temperature_c"] == pytest.approx([20, math.nan, -5], nan_ok=True)
    assert sample.values["insulation_ohm"] == 2_000_000
    assert alarm_names(int(report.unit("alarms").numbers["flags"])) == ["insulation"]


def test_invalid_and_abnormal_values_are_told_apart():
    unit = vehicle(Edition.OF_2016, speed_kmh=math.nan, soc_pct=math.nan)
    marked = Unit(unit.kind, unit.code, unit.numbers, marks={"soc_pct": "abnormal"})
    data = build_report(MOMENT_NS, [marked])
    again = read_report(only(build(Command.REALTIME, VIN, data))).unit("vehicle")
    assert again.marks == {"speed_kmh": "invalid", "soc_pct": "abnormal"}
    assert math.isnan(again.numbers["speed_kmh"])


def test_units_come_in_any_order_and_unknown_ones_end_the_reading():
    maker = Unit("maker", 0x80, raw=b"abc")
    data = build_report(MOMENT_NS, [maker, vehicle(Edition.OF_2016)]) + b"\x55\x01\x02"
    report = read_report(only(build(Command.RESENT, VIN, data)))
    assert [unit.kind for unit in report.units] == ["maker", "vehicle", "opaque"]
    assert not report.is_whole


def test_impossible_date_is_none():
    data = b"\x19\x0d\x01\x00\x00\x00"
    assert read_report(only(build(Command.REALTIME, VIN, data))).t_ns is None


@pytest.mark.parametrize("vin", ["SHORT", "电" * 17])
def test_message_needs_a_vin(vin):
    with pytest.raises(DecoderError):
        build(Command.HEARTBEAT, vin, b"")


def test_codes_of_several_lengths_cannot_be_built():
    with pytest.raises(DecoderError):
        build_login(Login(MOMENT_NS, 1, "", ("A", "BC")))
    with pytest.raises(DecoderError):
        build_login(Login(MOMENT_NS, 1, "", ("A",)), Edition.OF_2025)


@given(raw=st.binary(max_size=200), edition=st.sampled_from(list(Edition)))
def test_no_bytes_make_reading_fail(raw, edition):
    list(scan(raw))
    message = only(build(Command.REALTIME, VIN, raw, edition=edition))
    sample_of(read_report(message))
    read_login(message)
