"""Vehicle platforms over GB/T 32960: whose a report is, what is stored once, what is answered."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import soh_model
from can_decoder.gbt32960 import Command, Edition, Unit, build, build_report
from can_decoder.gbt32960.units import FIXED
from cloud_bridge.fold import Safety
from cloud_bridge.fold.contests import ContestReason
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.metrics import Metrics
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.projections import Follower
from cloud_bridge.projections.lake import Lake
from cloud_bridge.view import Packs
from cloud_bridge.view.batches import samples_of
from cloud_bridge.view.vehicles import vehicle_state
from packtrail.event import (
    AliasBound,
    IdentityContested,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
    UnitRef,
    VehicleRegistered,
)
from packtrail.sample import SampleBatch
from packtrail.times import NS_PER_S
from soh_model.fleet.lake import packs_in, read_day
from tests.cloud_bridge import parts
from tests.cloud_bridge.platforms import (
    NOW,
    OTHER_VIN,
    PARTY,
    PASSWORD,
    VARIABLE,
    VIN,
    alarm,
    chunks,
    entered,
    feed_settings,
    login,
    report,
)
from tests.cloud_bridge.running import running
from tests.soh_model.invented import fresh, session

ORIGIN = "packtrail.example/ledger"


@pytest.fixture
def bridge(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with running(feed_settings(tmp_path), connected=False) as bridge:
        yield bridge


@pytest.fixture
def line(bridge):
    with entered(bridge.gbt32960.port) as line:
        yield line


def events(bridge, kind: type) -> list:
    return [one.event for one in bridge.store.entries_of_type(kind.__name__)]


def counted(bridge, outcome: str) -> float:
    return bridge.metrics.gbt32960.labels(outcome)._value.get()


@pytest.mark.parametrize("edition", list(Edition))
def test_a_login_names_the_pack_and_reports_are_its_telemetry(bridge, line, edition):
    assert line.ask(login(parts.CODE, edition=edition), report(edition=edition)) == [1, 1]
    (arrived,) = events(bridge, PackInstalled)
    assert (arrived.unit, arrived.author) == (parts.PACK, PARTY)
    assert arrived.body.vehicle.scheme == "commitment"
    (chunk,) = chunks(bridge.store, parts.PACK)
    batch = samples_of(chunk)
    assert batch.t_ns.tolist() == [NOW - 30 * NS_PER_S]
    assert batch.values["cell_voltage_v"][0] == pytest.approx([3.3] * 4)
    assert batch.values["temperature_c"][0].tolist() == [25.0, 26.0]
    assert VIN.encode() not in chunk.data
    subject = Subjects(bridge.store).vehicle(parts.CAR)
    assert subject.scheme == "subject"
    assert Packs(bridge.store).view(parts.PACK).state.binding.vehicle == subject


def test_a_report_that_is_told_again_is_stored_once_and_answered_each_time(bridge, line):
    again = report(command=Command.RESENT)
    assert line.ask(login(parts.CODE), report(), report(), again, login(parts.CODE)) == [1] * 5
    assert len(chunks(bridge.store, parts.PACK)) == 1
    assert len(events(bridge, PackInstalled)) == 1
    assert bridge.store.equivocations() == []
    with entered(bridge.gbt32960.port) as other:
        assert other.ask(again) == [1]
    assert len(chunks(bridge.store, parts.PACK)) == 1


def test_another_pack_at_a_later_login_is_a_move_and_late_reports_go_to_the_former(bridge, line):
    first = [login(parts.CODE, ago=600), report(ago=500)]
    assert line.ask(*first, login(parts.OTHER_CODE, ago=100), report(ago=50)) == [1] * 4
    assert line.ask(report(ago=550, command=Command.RESENT)) == [1]
    times = {
        unit.id: [(NOW - one.chunk.from_ns) // NS_PER_S for one in chunks(bridge.store, unit)]
        for unit in (parts.PACK, parts.OTHER_PACK)
    }
    assert times == {parts.CODE: [550, 500], parts.OTHER_CODE: [50]}
    (gone,) = events(bridge, PackRemoved)
    assert (gone.unit, gone.from_ns, gone.to_ns) == (
        parts.PACK,
        NOW - 500 * NS_PER_S,
        NOW - 100 * NS_PER_S,
    )
    state = Packs(bridge.store).view(parts.PACK).state
    assert state.binding is None
    assert {one.reason for one in state.contests} == {ContestReason.UNREGISTERED}


def test_a_restarted_bridge_still_knows_when_a_pack_was_last_seen(bridge, line):
    assert line.ask(login(parts.CODE, ago=600), report(ago=500)) == [1, 1]
    bridge.gbt32960._peers["north"].reporter.forget(parts.CAR)
    assert line.ask(login(parts.OTHER_CODE, ago=100)) == [1]
    (gone,) = events(bridge, PackRemoved)
    assert gone.from_ns == NOW - 500 * NS_PER_S


def test_each_of_several_packs_gets_its_own_subsystem(bridge, line):
    both = b"".join(
        bytes([n]) + (3500).to_bytes(2) + (10_050).to_bytes(2) + b"\0\2\0\1\2"
        + (3300 + n).to_bytes(2) * 2
        for n in (1, 2)
    )  # fmt: skip
    body = report()[24:30] + b"\x08\x02" + both
    packs = login(parts.CODE, parts.OTHER_CODE)
    assert line.ask(packs, build(Command.REALTIME, VIN, body)) == [1, 1]
    for unit, volts in ((parts.PACK, 3.301), (parts.OTHER_PACK, 3.302)):
        (chunk,) = chunks(bridge.store, unit)
        values = samples_of(chunk).values
        assert values["cell_voltage_v"][0] == pytest.approx([volts] * 2)
        assert values["pack_current_a"][0] == pytest.approx(-5.0)
    positions = {one.unit: one.body.position for one in events(bridge, PackInstalled)}
    assert positions == {parts.PACK: "1", parts.OTHER_PACK: "2"}
    vehicle = vehicle_state(bridge.store, Subjects(bridge.store).vehicle(parts.CAR))
    assert {unit for unit, _ in vehicle.packs} == {parts.PACK, parts.OTHER_PACK}
    assert (vehicle.slots, vehicle.contests) == (2, ())


def test_a_vehicle_without_a_pack_code_waits_under_a_pseudonym_and_is_contested_once(bridge, line):
    nameless = [login("FSBP331146BK-A"), report(), login("FSBP331146BK-A", ago=10)]
    assert line.ask(*nameless, login(vin=OTHER_VIN), report(vin=OTHER_VIN)) == [1] * 5
    contested = events(bridge, IdentityContested)
    slots = {one.body.place.slot for one in contested}
    assert len(contested) == len(slots) == 2
    assert all(slot.startswith("vehicle-") for slot in slots)
    assert contested[0].body.readings[0].raw == "FSBP331146BK-A"
    assert {one.slot for one in bridge.store.slots(PARTY)} == slots
    assert bridge.store.units() == []


def test_a_serial_that_a_maker_has_bound_to_a_code_is_that_pack(bridge, line):
    alias = UnitRef("maker_serial", "FSBP331146BK-A")
    bound = parts.fact(AliasBound(alias), key=parts.MAKER, author="maker-1", stream="erp")
    bridge.store.append([bound], NOW)
    assert line.ask(login("FSBP331146BK-A"), report()) == [1, 1]
    assert len(chunks(bridge.store, parts.PACK)) == 1


def test_what_the_ledger_knows_of_a_vehicle_serves_without_a_login(bridge, line):
    works = VehicleRegistered(parts.CAR, packs=(parts.PACK,))
    bridge.store.append([parts.fact(works, unit=None)], NOW)
    assert line.ask(report()) == [1]
    assert len(chunks(bridge.store, parts.PACK)) == 1
    assert events(bridge, PackInstalled) == []


def test_what_a_station_says_later_takes_effect_on_the_next_reports(bridge, line):
    assert line.ask(login(parts.CODE, ago=600), report(ago=500)) == [1, 1]
    about = {"unit": parts.OTHER_PACK, "t_ns": NOW - 300 * NS_PER_S}
    swap = parts.fact(PackInstalled(vehicle=parts.CAR), **about)
    bridge.store.append([swap], NOW)
    reporter = bridge.gbt32960._peers["north"].reporter
    reporter._bindings._looked -= 2
    assert line.ask(report(ago=100)) == [1]
    assert len(chunks(bridge.store, parts.OTHER_PACK)) == 1


def test_alarms_begin_and_end_once_and_a_thermal_event_is_danger(bridge, line):
    hot = [report(alarm(3, 1 << 1), ago=ago) for ago in (50, 40)]
    assert line.ask(login(parts.CODE), *hot) == [1] * 3
    state = Packs(bridge.store).view(parts.PACK).state
    assert [(one.kind, one.reports) for one in state.incidents] == [("over_temperature", 1)]
    assert state.safety is Safety.QUARANTINE
    assert line.ask(report(alarm(0, 0), ago=30)) == [1]
    assert Packs(bridge.store).view(parts.PACK).state.safety is Safety.OK
    late = report(alarm(3, 1 << 23), ago=45, command=Command.RESENT, edition=Edition.OF_2025)
    assert line.ask(late) == [1]
    assert Packs(bridge.store).view(parts.PACK).state.safety is Safety.DANGER


@pytest.fixture
def two_bridges(tmp_path, monkeypatch, postgres):
    """Two bridges of one key on one PostgreSQL."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    store = {"postgres": postgres.database()}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = (feed_settings(tmp_path / name, store=store) for name in ("one", "two"))
    with running(one, connected=False) as first, running(two, connected=False) as second:
        yield first, second


def test_an_alarm_that_ended_at_another_bridge_begins_anew_at_the_first(two_bridges):
    first, second = two_bridges
    with entered(first.gbt32960.port) as line:
        assert line.ask(login(parts.CODE), report(alarm(3, 2), ago=50)) == [1, 1]
    with entered(second.gbt32960.port) as line:
        assert line.ask(report(alarm(0, 0), ago=40)) == [1]
    with entered(first.gbt32960.port) as line:
        assert line.ask(report(alarm(3, 2), ago=30)) == [1]
    told = [(one.body.cleared, (NOW - one.from_ns) // NS_PER_S) for one in alarms(first)]
    assert told == [(False, 50), (True, 40), (False, 30)]
    assert Packs(first.store).view(parts.PACK).state.safety is Safety.QUARANTINE


def test_a_late_report_ends_no_alarm_that_another_bridge_heard_begin(two_bridges):
    first, second = two_bridges
    with entered(first.gbt32960.port) as line:
        assert line.ask(login(parts.CODE), report(alarm(3, 2), ago=30)) == [1, 1]
    with entered(second.gbt32960.port) as line:
        late = report(alarm(0, 0), ago=40, command=Command.RESENT)
        assert line.ask(late, report(alarm(0, 0), ago=20)) == [1, 1]
    told = [(one.body.cleared, (NOW - one.from_ns) // NS_PER_S) for one in alarms(first)]
    assert told == [(False, 30), (True, 20)]


def test_what_was_told_to_one_bridge_is_not_stored_again_by_another(two_bridges):
    first, second = two_bridges
    moved = [login(parts.OTHER_CODE, ago=100), report(ago=50)]
    with entered(second.gbt32960.port) as line:  # knows the vehicle with its former pack
        assert line.ask(login(parts.CODE, ago=600), report(ago=500)) == [1, 1]
    with entered(first.gbt32960.port) as line:
        assert line.ask(*moved) == [1, 1]
    with entered(second.gbt32960.port) as line:  # whose answers were lost
        assert line.ask(*moved, report(ago=50, command=Command.RESENT)) == [1] * 3
    kept = [len(chunks(first.store, unit)) for unit in (parts.PACK, parts.OTHER_PACK)]
    assert kept == [1, 1]
    assert (len(events(first, PackInstalled)), len(events(first, PackRemoved))) == (2, 1)
    assert first.store.equivocations() == []


def alarms(bridge) -> list:
    return events(bridge, IncidentRecorded)


def test_invalid_values_are_missing_and_a_position_is_not_kept(bridge, line):
    places = FIXED[Edition.OF_2016, 0x01][1]
    vehicle = Unit("vehicle", 1, {place.name: math.nan for place in places} | {"soc_pct": 55.0})
    position = Unit("position", 5, {"state": 0, "longitude": 120.123456, "latitude": 30.2})
    assert line.ask(login(parts.CODE), report(vehicle, position)) == [1, 1]
    (chunk,) = chunks(bridge.store, parts.PACK)
    values = samples_of(chunk).values
    assert values["soc_pct"].tolist() == [55.0]
    assert not {"insulation_ohm", "pack_voltage_v", "pack_current_a"} & set(values)
    assert counted(bridge, "position_not_kept") == 1
    assert (120_123_456).to_bytes(4) not in chunk.data


def test_everything_that_a_feed_stores_verifies(bridge, line, tmp_path):
    assert line.ask(login(parts.CODE), report(), report(alarm(2, 2), ago=20)) == [1] * 3
    bridge.authority.seal()
    checks = verify_whole(bridge.store, ORIGIN, parts.AUTHORITY.public, jobs=1)
    assert [fault for check in checks for fault in check.faults] == []


def test_what_a_platform_passes_on_is_enough_for_an_estimate(bridge, line, tmp_path):
    """Half-minute reports with cell voltages, through the lake: what `fleet estimate` reads."""
    batch = session(fresh(), np.random.default_rng(5), step_s=30.0, start=0.1, stop=0.9)
    begin_ns = NOW - 86_400 * NS_PER_S // 2
    messages = []
    for row in range(len(batch)):
        sample = batch.row(row)
        volts = {"cell_voltage_v": sample.values["cell_voltage_v"]}
        flow = {"voltage_v": float(volts["cell_voltage_v"].sum())}
        flow["current_a"] = -sample.values["pack_current_a"]
        numbers = {place.name: 1.0 for place in FIXED[Edition.OF_2016, 0x01][1]} | flow
        units = [Unit("vehicle", 1, numbers | {"soc_pct": 50.0}), Unit("cells", 8, flow, volts)]
        data = build_report(begin_ns + row * 30 * NS_PER_S, units)
        messages.append(build(Command.REALTIME, VIN, data))
    assert set(line.ask(login(parts.CODE, ago=86_400 // 2 + 60), *messages)) == {1}
    follower = Follower(Lake(tmp_path / "lake"), bridge.store, Metrics())
    while follower.step():
        pass
    days = [read_day(Path(day)) for pack in packs_in(tmp_path / "lake") for day in pack.days]
    told = SampleBatch.joined(days)
    assert len(told) == len(batch)
    spec = soh_model.PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)
    estimate = soh_model.estimate(told, spec)
    assert estimate.soh.low < 1.0 < estimate.soh.high
    assert estimate.soh.high - estimate.soh.low < 0.3
