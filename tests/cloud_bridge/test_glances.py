"""Rows that lists read: right at every moment, made again from nothing, and a wrong one found."""

import sqlite3
import time

import pytest

from cloud_bridge.fold import fold, judge_pack
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.service import Bridge
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import SqliteStore
from cloud_bridge.store.glances import GlanceState
from cloud_bridge.store.postgres import PostgresStore
from cloud_bridge.view import Packs
from cloud_bridge.view import glancing as following
from cloud_bridge.view.glance import glance_of, made
from cloud_bridge.view.readings import reading_of
from cloud_bridge.view.stories import Stories, gathered_whole
from packtrail import event as e
from packtrail.settings import load
from packtrail.times import format_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.test_commands import write_settings
from tests.cloud_bridge.test_open_duties import PACKS, Told
from tests.databases import postgres  # noqa: F401 - a fixture

ALIAS = e.UnitRef("maker_serial", "S-1")
UNITS = [*PACKS, ALIAS]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    if request.param == "sqlite":
        made_one = SqliteStore(tmp_path / "bridge.sqlite")
    else:
        made_one = PostgresStore(request.getfixturevalue("postgres").database())
    yield made_one
    made_one.close()


class Lives(Told):
    """The same with further codes and facts told under them."""

    def _body(self):
        dice = self.dice
        if dice.random() < 0.3:
            unit = dice.choice(UNITS)
            place = parts.PlaceRef(dice.choice(["north", "south"]), str(dice.randrange(3)))
            body = [
                e.AliasBound(ALIAS),
                e.PackInstalled(place=place),
                e.PackRemoved(place=place),
                e.PackInstalled(vehicle=parts.CAR),
            ]
            return unit, dice.choice(body)
        return super()._body()


def whole(store, unit):
    """What a list has to show: everything read and folded anew."""
    told = gathered_whole(store, unit)
    state = fold(told.unit, told.facts)
    return glance_of(state, judge_pack(state), told.heard_ns)


def listed(store, packs):
    shown = packs.page(None, 50)
    assert [one.unit for one in shown] == store.units()
    assert {one.unit: one.told for one in shown} == {
        unit: whole(store, unit) for unit in store.units()
    }


def catch_up(store):
    while not following.advance(store):
        pass


@pytest.mark.parametrize("seed", range(4))
def test_a_list_is_the_ledgers_before_and_after_every_portion(store, seed, monkeypatch):
    monkeypatch.setattr(following, "LINES", 5)
    monkeypatch.setattr(following, "UNITS", 2)
    told = Lives(seed)
    facts = [told.fact() for _ in range(80)]
    told.dice.shuffle(facts)
    packs = Packs(store)
    while facts:
        batch, facts = facts[:8], facts[8:]
        store.append(batch, parts.T0)
        listed(store, packs)
        for _ in range(told.dice.randrange(4)):
            following.advance(store)
            listed(store, Packs(store))
    catch_up(store)
    assert no_story_is_read(store, monkeypatch)
    found = {one.name: one for one in verify_whole(store, "o", parts.AUTHORITY.public, 1)}
    assert found["lists"].count == len(store.units())
    assert not found["lists"].faults


def no_story_is_read(store, monkeypatch):
    def read(self, unit):
        raise AssertionError(f"{unit} was folded")

    with monkeypatch.context() as patched:
        patched.setattr(Stories, "of", read)
        return Packs(store).page(None, 50)


def test_after_another_version_or_a_long_absence_every_row_is_made_again(store, monkeypatch):
    told = Lives(3)
    store.append([told.fact() for _ in range(60)], parts.T0)
    catch_up(store)
    state = store.glance_state()
    assert (state.leaf, state.made, state.sweep) == (store.size() - 1, made(), False)
    monkeypatch.setattr(following, "made", lambda: "another")
    assert not following.advance(store)
    assert store.glances(store.units(), made()) == {}
    listed(store, Packs(store))
    monkeypatch.undo()
    catch_up(store)
    monkeypatch.setattr(following, "FAR", 3)
    store.append([told.fact() for _ in range(30)], parts.T0)
    following.advance(store)
    assert store.glance_state().sweep
    catch_up(store)
    assert no_story_is_read(store, monkeypatch)
    listed(store, Packs(store))


def test_of_two_bridges_that_take_the_same_lines_one_writes(store):
    store.append([parts.installed()], parts.T0)
    before = store.glance_state()
    catch_up(store)
    after = store.glance_state()
    (row,) = store.glances([parts.PACK], made()).values()
    wrong = row[0]._replace(shown=b"wrong")
    assert not store.move_glances(before, GlanceState(7, made()), [(parts.PACK, wrong)])
    assert store.glance_state() == after
    assert list(store.glances([parts.PACK], made()).values()) == [row]


def test_a_new_authority_makes_rows_with_corrections_anew(store, monkeypatch):
    first = parts.installed()
    about = {"unit": None, "author": "judge-1", "key": parts.MAKER}
    target = e.CorrectionDeclared(first.signed.event_id, "did_not_occur")
    store.append([first, parts.fact(target, counter=1, **about)], parts.T0)
    catch_up(store)
    before = Packs(store).page(None, 5)
    assert before[0].told.binding
    store.append([parts.key_fact(parts.MAKER, "judge-1", "authority", 9)], parts.T0)
    assert Packs(store).page(None, 5)[0].told.binding is None
    catch_up(store)
    assert no_story_is_read(store, monkeypatch)[0].told.binding is None


def test_a_row_that_was_changed_is_found(tmp_path):
    store = SqliteStore(tmp_path / "bridge.sqlite")
    store.append([parts.installed(), parts.registered(parts.OTHER_PACK, 2)], parts.T0)
    catch_up(store)
    with sqlite3.connect(tmp_path / "bridge.sqlite") as database:
        database.execute(
            "UPDATE glance SET shown = (SELECT shown FROM glance WHERE unit = ?) WHERE unit = ?",
            (parts.OTHER_PACK.id, parts.PACK.id),
        )
    shown = Packs(store).glances([parts.PACK])[parts.PACK]
    assert shown.told != whole(store, parts.PACK)
    faults = {one.name: one.faults for one in verify_whole(store, "o", parts.AUTHORITY.public, 1)}
    assert faults["lists"] == (f"gbt34014:{parts.CODE}: lists show what its lines do not come to",)
    with sqlite3.connect(tmp_path / "bridge.sqlite") as database:
        database.execute("UPDATE glance SET shown = x'c1', others = '?'")
    listed(store, Packs(store))  # what nobody can read is read by nobody
    (check,) = [c for c in verify_whole(store, "o", parts.AUTHORITY.public, 1) if c.name == "lists"]
    assert len(check.faults) == 2
    store.close()


def test_newest_samples_are_those_that_the_pack_page_shows(desk):
    gateway, packs, store = parts.PlayedGateway(), desk.context.packs, desk.store

    def agree():
        for unit, shown in packs.glances([parts.PACK, parts.OTHER_PACK]).items():
            newest = store.latest_chunks(unit)
            assert shown.reading == (reading_of(newest[0]) if newest else None)

    desk.receive(gateway.tell(e.PackInstalled(parts.SLOT)))
    for minute in (1, 9, 4):  # the last comes late
        batch = parts.samples(t_ns=parts.T0 + minute * parts.MINUTE)
        desk.receive(gateway.telemetry(batch))
        agree()
    span = parts.T0 + 8 * parts.MINUTE, parts.T0 + 20 * parts.MINUTE
    told = e.TelemetryAttributed(parts.SLOT, *map(format_time, span), instead_of=parts.PACK)
    desk.receive(gateway.tell(told, unit=parts.OTHER_PACK, t_ns=span[0], until_ns=span[1]))
    agree()
    moved = packs.glances([parts.PACK, parts.OTHER_PACK])
    assert moved[parts.OTHER_PACK].reading.t_ns > moved[parts.PACK].reading.t_ns
    desk.receive(gateway.telemetry(parts.samples(t_ns=parts.T0 + 12 * parts.MINUTE)))
    agree()


def test_a_running_bridge_writes_the_rows_behind_its_readers(tmp_path):
    bridge = Bridge(load(BridgeSettings, write_settings(tmp_path, 1, 0)))
    bridge.start()
    try:
        bridge.store.append([parts.installed(), parts.registered(parts.OTHER_PACK, 2)], parts.T0)
        deadline = time.monotonic() + 60
        while len(bridge.store.glances([parts.PACK, parts.OTHER_PACK], made())) < 2:
            assert time.monotonic() < deadline, bridge.store.glance_state()
            time.sleep(0.1)
        assert not bridge.stalled
    finally:
        bridge.stop()
