"""The watch: what only reports taken together show, stated once, and withdrawn when explained."""

from __future__ import annotations

import pytest

from cloud_bridge.fold import ContestReason, Stay, fold
from cloud_bridge.metrics import Metrics
from cloud_bridge.projections import Follower
from cloud_bridge.view import Packs
from cloud_bridge.watch import Sent, Watch, wrong_source
from packtrail import event as e
from tests.cloud_bridge import parts

HANGZHOU, URUMQI = (30.25, 120.17), (43.83, 87.62)


@pytest.fixture
def look(desk):
    """Lets the watch look at everything that is new; gives the contests of the pack."""
    watch = Watch(desk.store, parts.AUTHORITY, "bridge-1", grace_s=0, now=lambda: parts.T0)

    def looked(watch=watch, unit=parts.PACK):
        follower = Follower(watch, desk.store, Metrics())
        while follower.step():
            pass
        return fold(unit, Packs(desk.store).facts(unit)).contests

    return looked


def told(desk, body, *, recorded_ns=None, **about):
    about = {"t_ns": parts.T0, "counter": told.counter, **about}
    told.counter += 1
    one = parts.fact(body, **about)
    desk.store.append([one], recorded_ns or one.event.to_ns)
    return one.signed.event_id


told.counter = 100


def site(desk, name, where):
    lat, lon = where
    body = e.SiteRegistered(name, "op", "station", latitude_deg=lat, longitude_deg=lon)
    told(desk, body, unit=None, author="maker-1", stream="erp")


def reasons(contests):
    return [one.reason for one in contests]


def test_a_pack_that_travels_faster_than_a_lorry_is_contested(desk, look):
    site(desk, "north", HANGZHOU)
    site(desk, "far", URUMQI)
    told(desk, parts.REGISTRATION, author="maker-1", stream="erp", t_ns=parts.T0 - parts.HOUR)
    here = told(desk, e.PackInstalled(place=e.PlaceRef("north", "3")))
    told(desk, e.PackRemoved(place=e.PlaceRef("north", "3")), t_ns=parts.T0 + 60 * parts.SECOND)
    assert ContestReason.TOO_FAST not in reasons(look())
    there = told(
        desk,
        e.PackInstalled(place=e.PlaceRef("far", "1")),
        author="station-9",
        t_ns=parts.T0 + parts.HOUR,
    )
    [found] = [one for one in look() if one.reason is ContestReason.TOO_FAST]
    assert found.events[-2] != here
    assert there in found.events
    size = desk.store.size()
    look()
    look(Watch(desk.store, parts.AUTHORITY, "bridge-1", grace_s=0))
    assert desk.store.size() == size, "what is stated stands once, whoever looks again"


def test_a_report_from_the_future_contests_its_clock(desk, look):
    late = told(
        desk,
        e.PackInstalled(place=parts.SLOT),
        t_ns=parts.T0 + parts.HOUR,
        recorded_ns=parts.T0,
    )
    [found] = [one for one in look() if one.reason is ContestReason.CLOCK]
    assert found.culprits == (late,)


def test_telemetry_from_where_the_pack_is_not_contests_it(desk, look):
    gateway = parts.PlayedGateway()
    desk.receive(gateway.tell(e.PackInstalled(place=parts.SLOT)))
    desk.receive(gateway.telemetry(parts.samples(60, parts.T0 + parts.MINUTE)))
    desk.receive(gateway.tell(e.PackRemoved(place=parts.SLOT), t_ns=parts.T0 + 2 * parts.MINUTE))
    away = e.PlaceRef("south", "1")
    move = told(desk, e.PackInstalled(place=away), author="station-9", t_ns=parts.T0 + parts.HOUR)
    assert reasons(look()) == [ContestReason.UNREGISTERED]
    desk.receive(gateway.telemetry(parts.samples(60, parts.T0 + 3 * parts.HOUR)))
    desk.receive(gateway.telemetry(parts.samples(60, parts.T0 + 3 * parts.HOUR + parts.MINUTE)))
    [found] = [one for one in look() if one.reason is ContestReason.WRONG_SOURCE]
    assert move in found.events
    page = desk.get(f"/packs/{parts.CODE}?lang=zh").text
    assert "遥测来源与电池包所在位置不符" in page


def test_what_a_late_report_explains_is_withdrawn(desk, look):
    test_telemetry_from_where_the_pack_is_not_contests_it(desk, look)
    gateway = parts.PlayedGateway(epoch="ffeeddccbbaa0011")
    body = e.PackRemoved(place=e.PlaceRef("south", "1"))
    told(desk, body, author="station-9", t_ns=parts.T0 + 2 * parts.HOUR)
    back = e.PackInstalled(place=parts.SLOT)
    desk.receive(gateway.tell(back, t_ns=parts.T0 + 2 * parts.HOUR + parts.MINUTE))
    assert reasons(look()) == [ContestReason.UNREGISTERED]


def test_late_reports_are_waited_for(desk, look):
    patient = Watch(desk.store, parts.AUTHORITY, "bridge-1", grace_s=3600, now=lambda: parts.T0)
    told(
        desk,
        e.PackInstalled(place=parts.SLOT),
        t_ns=parts.T0 + parts.HOUR,
        recorded_ns=parts.T0,
    )
    assert ContestReason.CLOCK not in reasons(look(patient))
    # It was killed while it waited: the next one begins where the cursor stands, before that.
    assert ContestReason.CLOCK in reasons(look())


@pytest.mark.parametrize(
    ("stay", "author", "slot", "suspect"),
    [
        (Stay(place=e.PlaceRef("north", "3")), "g", "3", False),
        (Stay(place=e.PlaceRef("north", "")), "g", "4", False),
        (Stay(place=e.PlaceRef("north", "3")), "g", "4", True),
        (Stay(place=e.PlaceRef("north", "A3")), "operator", "3", False),
        (Stay(place=e.PlaceRef("south", "3")), "operator", "3", True),
        (Stay(vehicle=parts.CAR), "g", "3", True),
        (Stay(vehicle=parts.CAR), "operator", "3", False),
    ],
)
def test_only_what_is_sure_counts_against_a_source(stay, author, slot, suspect):
    since = e.at(parts.T0)["occurred_from"]
    stay = Stay(vehicle=stay.vehicle, place=stay.place, since=since, arrived_by=("id",))
    sent = Sent("g", slot, parts.T0 + parts.HOUR, parts.T0 + 2 * parts.HOUR)
    homes, authors = {"g": frozenset({"north"})}, {"id": author}
    assert bool(wrong_source([stay], [sent], homes, authors)) is suspect
    assert not wrong_source([stay], [sent], {}, {"id": "operator"})
    soon = sent._replace(from_ns=parts.T0, to_ns=parts.T0 + 10 * parts.MINUTE)
    assert not wrong_source([stay], [soon], homes, authors), "clocks may differ by that much"


@pytest.fixture
def patient(desk, monkeypatch):
    """A watch that waits for late reports, an hour after the last; and the units it looks at."""
    watch = Watch(
        desk.store,
        parts.AUTHORITY,
        "bridge-1",
        grace_s=600,
        now=lambda: parts.T0 + 2 * parts.HOUR,
        most=3,
    )
    judge, seen = watch._judge, []
    monkeypatch.setattr(watch, "_judge", lambda unit, due: seen.append(unit.id) or judge(unit, due))
    return watch, seen


def followed(desk, watch, entries=4):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud_bridge.projections.follower.ENTRIES", entries)
        follower = Follower(watch, desk.store, Metrics())
        while follower.step():
            pass


def test_a_long_ledger_from_its_beginning_is_one_look_a_unit_and_none_waits(desk, patient):
    watch, seen = patient
    for round_ in range(3):
        for number in range(10):
            unit, t_ns = e.UnitRef("maker_serial", f"P{number}"), parts.T0 + round_ * parts.MINUTE
            body = (e.PackInstalled, e.PackRemoved)[round_ % 2](place=parts.SLOT)
            told(desk, body, unit=unit, t_ns=t_ns)
    followed(desk, watch)
    assert sorted(seen) == [f"P{number}" for number in range(10)]
    assert not watch._due


def test_a_watch_that_catches_up_finds_what_it_would_have_found(desk, patient):
    watch, _seen = patient
    late = told(
        desk, e.PackInstalled(place=parts.SLOT), t_ns=parts.T0 + parts.HOUR, recorded_ns=parts.T0
    )
    body = e.Disputed(late, "its clock is right")
    told(desk, body, unit=None, recorded_ns=parts.T0)
    followed(desk, watch)
    contests = fold(parts.PACK, Packs(desk.store).facts(parts.PACK)).contests
    assert ContestReason.CLOCK in reasons(contests)
    size = desk.store.size()
    followed(desk, Watch(desk.store, parts.AUTHORITY, "bridge-1", 600, lambda: parts.T0 * 2))
    assert desk.store.size() == size


def test_lines_that_are_new_wait_for_late_reports(desk, patient):
    watch, seen = patient
    told(desk, e.PackInstalled(place=parts.SLOT), recorded_ns=parts.T0 + 2 * parts.HOUR)
    followed(desk, watch)
    assert (seen, list(watch._due)) == ([], [parts.PACK])


def test_no_more_units_wait_than_there_is_room_for(desk, patient):
    watch, seen = patient
    for number in range(8):
        unit = e.UnitRef("maker_serial", f"P{number}")
        body = e.PackInstalled(place=parts.SLOT)
        told(desk, body, unit=unit, recorded_ns=parts.T0 + 2 * parts.HOUR)
    followed(desk, watch)
    assert seen == [f"P{number}" for number in range(5)]
    assert len(watch._due) == 3
