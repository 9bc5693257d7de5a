"""Vehicle to platform: frames, logins and reports of both editions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from can_decoder import DecoderError
from can_decoder.gbt32960 import (
    Broken,
    Command,
    Edition,
    Fault,
    Framer,
    Login,
    Message,
    Part,
    PlatformLogin,
    Response,
    Unit,
    answer_to,
    build,
    build_login,
    build_platform_login,
    build_report,
    plausible,
    read_login,
    read_platform_login,
    read_report,
    refusal_to,
    sample_of,
    samples_by_subsystem,
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
LATE = bytes([26, 4, 1, 8, 30, 0])


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


@pytest.mark.parametrize("edition", list(Edition))
def test_a_platforms_login_goes_both_ways_and_hides_its_password(edition):
    login = PlatformLogin(MOMENT_NS, 3, "north", "secret")
    data = build_platform_login(login)
    message = only(build(Command.PLATFORM_LOGIN, VIN, data, edition=edition))
    assert read_platform_login(message) == login
    assert "secret" not in repr(login)
    assert read_platform_login(only(build(Command.PLATFORM_LOGIN, VIN, data[:-1]))) is None
    with pytest.raises(DecoderError):
        build_platform_login(PlatformLogin(MOMENT_NS, 3, "longer than twelve", ""))


def test_an_answer_has_the_time_and_what_became_of_it_in_the_editions_own_words():
    for edition, said in ((Edition.OF_2016, Response.ERROR), (Edition.OF_2025, Response.STRUCTURE)):
        message = only(build(Command.REALTIME, VIN, LATE + b"\x01\x02", edition=edition))
        answer = only(answer_to(message, Response.STRUCTURE))
        assert (answer.response, answer.data, answer.vin) == (said, LATE, VIN)
    clock = only(build(Command.CLOCK, VIN, b""))
    assert only(answer_to(clock, now_ns=MOMENT_NS)).data == LATE
    assert answer_to(only(build(Command.CLOCK, VIN, b"", response=1))) == b""


@pytest.mark.parametrize("edition", list(Edition))
def test_each_subsystem_speaks_for_itself(edition):
    code, probes = (0x08, 0x09) if edition is Edition.OF_2016 else (0x07, 0x08)
    offset = 10_000 if edition is Edition.OF_2016 else 30_000
    body = LATE + bytes([code, 2])
    for system, cells in ((1, (3300, 3310)), (2, (3400, 0xFFFF))):
        body += bytes([system]) + (3500).to_bytes(2) + (offset - 50 * system).to_bytes(2)
        body += (2).to_bytes(2)
        body += (1).to_bytes(2) + b"\x02" if edition is Edition.OF_2016 else b""
        body += b"".join(volts.to_bytes(2) for volts in cells)
    body += bytes([probes, 2, 1, 0, 1, 65, 2, 0, 1, 0xFE])
    report = read_report(only(build(Command.REALTIME, VIN, body, edition=edition)))
    assert report.is_whole
    found = samples_by_subsystem(report)
    assert [found[n].values["pack_current_a"] for n in (1, 2)] == pytest.approx([5.0, 10.0])
    assert found[1].values["cell_voltage_v"] == pytest.approx([3.3, 3.31])
    assert found[2].values["cell_voltage_v"] == pytest.approx([3.4, math.nan], nan_ok=True)
    assert found[1].values["temperature_c"].tolist() == [25.0]
    assert "temperature_c" not in plausible(found[2]).values


@pytest.mark.parametrize("edition", list(Edition))
def test_reports_of_several_packs_are_built_and_read_again(edition):
    volts = {1: np.linspace(3.2, 3.3, 210).round(3), 2: np.linspace(3.4, 3.5, 96).round(3)}
    cells = tuple(Part(n, 0, own, 350.0 + n, -5.0 * n) for n, own in volts.items())
    probes = tuple(Part(n, 0, np.array([20.0 + n, 30.0])) for n in volts)
    units = [Unit("cells", 0, parts=cells), Unit("probes", 0, parts=probes)]
    body = build_report(MOMENT_NS, units, edition)
    report = read_report(only(build(Command.REALTIME, VIN, body, edition=edition)))
    assert report.is_whole
    found = samples_by_subsystem(report)
    for number, own in volts.items():
        values = found[number].values
        assert values["cell_voltage_v"] == pytest.approx(own)
        assert values["pack_voltage_v"] == pytest.approx(350.0 + number)
        assert values["pack_current_a"] == pytest.approx(5.0 * number)
        assert values["temperature_c"].tolist() == [20.0 + number, 30.0]


def test_a_frame_with_a_wrong_check_byte_is_told_and_what_follows_is_found():
    bad = bytes.fromhex(LOGIN_2016[:-2] + "00")
    framer = Framer()
    broken, login = framer.take(b"noise" + bad + bytes.fromhex(LOGIN_2025))
    assert broken == Broken(Edition.OF_2016, Command.LOGIN, 0xFE, VIN, LATE)
    assert only(refusal_to(Edition.OF_2016, broken.code, broken.vin, broken.time)).response == 2
    assert login.edition is Edition.OF_2025
    assert framer.skipped == 5 + len(bad)


@given(pieces=st.lists(st.binary(max_size=80), max_size=20), edition=st.sampled_from(list(Edition)))
def test_every_whole_frame_in_a_hostile_stream_is_found(pieces, edition):
    wanted = build(Command.HEARTBEAT, VIN, b"", edition=edition)
    framer, found = Framer(), []
    for piece in pieces:
        found += framer.take(piece.replace(b"#", b".").replace(b"$", b"."))
        found += framer.take(wanted)
    assert [one.command for one in found] == [Command.HEARTBEAT] * len(pieces)
