"""Every way to what the bridge knows: none of them tells what another hides.

A route without a decision in `access_ways` fails here, and so does one that tells its reader more
than the access table gives him: in its body, its headers, its counts or its timing.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import msgspec
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from cloud_bridge.access import Field, Gate, Jurisdiction, Purpose, Reader, read_table
from cloud_bridge.access.doorway import UNCOUNTED
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.limits import Limits, Rate
from cloud_bridge.access.reads import ReadLog
from cloud_bridge.access.visitor import Doors
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.login.settings import LoginSettings
from cloud_bridge.web import application, guarded
from packtrail.event import (
    AliasBound,
    ConditionCommitted,
    CustodyOffered,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
    PlaceRef,
)
from tests.cloud_bridge import parts
from tests.cloud_bridge.access_ways import LABEL, WAYS, F
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.streaming import Ear, serving
from tests.cloud_bridge.test_fold import estimate

HOUR = parts.T0 + parts.HOUR
YARD = "yard-of-the-receiver"
MARKS = {
    F.MAKING: ("Demo 52",),
    F.HEALTH: ("0.9137", "91.37"),
    F.INCIDENTS: ("probe-mark-9", "61.25"),
    F.TELEMETRY: ("50.59", "350.59"),
    F.PLACES: ("north", "slot-mark"),
    F.VEHICLES: (parts.CAR.id,),
    F.CUSTODY: (YARD,),
    F.LEDGER: ('"signature"',),
    F.STATIONS: (parts.EPOCH,),
}
"""Words that stand in one field alone, as the ways to it write them."""
ROW = """[[grant]]
jurisdictions = ["CN"]
purposes = ["receive"]
legal = "test"
from = "2020-01-01"
"""


@pytest.fixture
def gateway():
    return parts.PlayedGateway()


@pytest.fixture
def told(desk, gateway):
    """A pack with something in every field, some of it over."""
    slot = PlaceRef("north", "slot-mark")
    maker = {"key": parts.MAKER, "author": "maker-1", "stream": "m"}
    hot = IncidentRecorded("over_temperature", "watch", where="probe-mark-9", value=61.25)
    desk.submit(
        parts.registered().signed,
        parts.signed(AliasBound(LABEL), counter=1, t_ns=parts.T0 - parts.HOUR, **maker),
        parts.signed(CustodyOffered("1", YARD), counter=2, **maker),
    )
    desk.receive(
        gateway.tell(PackInstalled(place=slot), t_ns=parts.T0),
        gateway.telemetry(parts.samples(60), slot="slot-mark"),
        gateway.tell(hot, t_ns=HOUR - 2),
        gateway.tell(msgspec.structs.replace(hot, cleared=True), t_ns=HOUR - 1),
        gateway.tell(PackRemoved(place=slot), t_ns=HOUR),
        gateway.tell(PackInstalled(vehicle=parts.CAR), t_ns=HOUR + 2_123_456_789),
        gateway.tell(ConditionCommitted(estimate(0.9137)), t_ns=HOUR + 3 * parts.SECOND),
    )
    return desk


def table_of(folder, fields, public):
    """`fields` for recyclers, `public` for anybody."""
    text = 'version = "test"\n'
    for role, shown in (("recycler", fields), ("public", public)):
        text += f"{ROW}roles = {json.dumps([role])}\nfields = {json.dumps(sorted(shown))}\n"
    file = folder / "table.toml"
    file.write_text(text)
    return read_table(file)


class Reading:
    """A recycler, and anybody, at a bridge whose table gives them some fields."""

    def __init__(self, desk, folder, fields, public=(), limits=None, codes=()):
        ring, self.log = KeyRing(desk.store), ReadLog(folder / "log")
        login = LoginDesk(desk.store, LoginSettings(), lambda: NOW, parts.AUTHORITY)
        doors = Doors(login.sessions, limits=limits)
        table = table_of(folder, fields, public)
        gate = Gate(table, Jurisdiction.CN, ring, self.log, lambda: NOW, doors)
        self.context = replace(desk.context, access=gate, login=login, proof_key=parts.AUTHORITY)
        self.app = application(self.context)
        self._client = TestClient(guarded(self.app, ("testserver",)), raise_server_exceptions=False)
        token = ring.add("r", Reader.RECYCLER, (Purpose.RECEIVE,), codes, 0)
        self.key = {"Authorization": f"Bearer {token}"}

    def get(self, path, *, known=True, **headers):
        headers = (self.key if known else {}) | {"Accept-Language": "en"} | headers
        return self._client.get(path, headers=headers, follow_redirects=False)

    def ask(self, method, path):
        return self._client.request(method, path, headers=self.key, follow_redirects=False)

    def words(self, path, *, known=True):
        """All that an answer says: status, headers and body; of a stream what it begins with."""
        if "/live" in path:
            return self.heard(path, known=known)
        answer = self.get(path, known=known)
        body = answer.text
        if "parquet" in path and answer.status_code == 200:
            body = str(pq.read_table(io.BytesIO(answer.content)).to_pylist())
        return f"{answer.status_code} {sorted(answer.headers.items())} {body}"

    def heard(self, path, *, known=True):
        with serving(self.context) as (web, _):
            ear, found = Ear(web.url, path, self.key if known else {}), []
            while (one := ear.next_within(0.4)) is not None:
                found.append(json.dumps(one, ensure_ascii=False))
            ear.close()
        return " ".join(found)


def routes_of(routes):
    """Method and path of each, of routers within routers too."""
    found = set()
    for route in routes:
        inner = getattr(route, "original_router", None)
        found |= (
            routes_of(inner.routes) if inner else {f"{one} {route.path}" for one in route.methods}
        )
    return found


PATHS = [path for way in WAYS.values() for path in way.paths]


def test_every_route_has_a_decision(told, tmp_path):
    assert routes_of(Reading(told, tmp_path, Field).app.routes) == set(WAYS)


def test_the_marks_are_there_to_be_found(told, tmp_path):
    whole = Reading(told, tmp_path, Field)
    said = {path: whole.words(path) for path in PATHS}
    for field, marks in MARKS.items():
        for mark in marks:
            assert [path for path, words in said.items() if mark in words], (field, mark)


@pytest.mark.parametrize("field", MARKS)
def test_no_way_tells_what_is_hidden(told, tmp_path, field):
    """Everything else is granted; the ledger holds all of it, so it goes with each."""
    reader = Reading(told, tmp_path, frozenset(Field) - {field, F.LEDGER})
    told_it = [
        (path, mark) for path in PATHS for mark in MARKS[field] if mark in reader.words(path)
    ]
    # Their own addresses repeat what was asked for.
    asked = [(path, mark) for path, mark in told_it if mark in path]
    assert told_it == asked


@pytest.mark.parametrize("name", WAYS)
def test_a_way_refuses_without_each_field_that_it_needs(told, tmp_path, name):
    way = WAYS[name]
    for path in way.paths:
        for field in way.needs:
            reader = Reading(told, tmp_path, frozenset(Field) - {field})
            refused = reader.get(path)
            if "/api/" in path or path == "/metrics":
                assert (refused.status_code, refused.json()["field"]) == (403, field), path
            assert field.text.en in refused.text, path
            assert not reader.log.newest(9), path


@pytest.mark.parametrize("name", WAYS)
def test_what_not_everybody_may_see_is_taken_down_and_kept_by_no_cache(told, tmp_path, name):
    way = WAYS[name]
    for path in way.paths:
        if way.own or "/live" in path:
            continue
        reader = Reading(told, tmp_path, Field)
        answer = reader.get(path)
        assert answer.status_code == 200 or path.endswith("/openings"), (path, answer.text[:200])
        assert "no-store" in answer.headers["cache-control"], path
        noted = set().union(*(one.fields for one in reader.log.newest(9)))
        assert noted, path
        assert noted >= way.needs, path


LATER = HOUR + parts.HOUR
WARM = IncidentRecorded("over_temperature", "watch", value=62.0)
HIDDEN_FACTS = {
    "another vehicle": lambda gateway: [
        gateway.tell(PackRemoved(vehicle=parts.CAR), t_ns=LATER),
        gateway.tell(PackInstalled(vehicle=parts.OTHER_CAR), t_ns=LATER + 1),
    ],
    "a reading": lambda gateway: [gateway.telemetry(parts.samples(30, LATER))],
    "a report on health": lambda gateway: [
        gateway.tell(ConditionCommitted(estimate(0.7)), t_ns=LATER)
    ],
    "an incident that is over": lambda gateway: [
        gateway.tell(WARM, t_ns=LATER),
        gateway.tell(msgspec.structs.replace(WARM, cleared=True), t_ns=LATER + 1),
    ],
}
"""What leaves stage of life, danger and contradictions as they were: these everybody is told."""
GROWS = ("/api/v1/checkpoint", "/api/v1/ledger/live?after=0", "/docs")
"""What tells everybody how long the ledger is."""


@pytest.mark.parametrize("fact", HIDDEN_FACTS)
def test_a_hidden_fact_changes_nothing_that_anybody_is_told(told, tmp_path, gateway, fact):
    reader = Reading(told, tmp_path, Field, public={F.MAKING})
    paths = [path for path in PATHS if path not in GROWS]
    before = {path: timeless(reader.words(path, known=False)) for path in paths}
    told.receive(*HIDDEN_FACTS[fact](gateway))
    after = {path: timeless(reader.words(path, known=False)) for path in paths}
    changed = [path for path in paths if before[path] != after[path]]
    assert changed == []


def timeless(words):
    """Without the position in the whole ledger, which the checkpoint tells everybody."""
    return re.sub(r'after=\d+|, "\d+"\]', "", words)


@pytest.mark.parametrize("brief", [False, True])
def test_a_listener_does_not_hear_when_a_hidden_fact_comes(told, tmp_path, gateway, brief):
    reader = Reading(told, tmp_path, Field, public={F.MAKING})
    position = told.store.size()
    with serving(reader.context) as (web, _):
        path = f"/api/v1/packs/{parts.CODE}/live?brief={brief}"
        new, back = Ear(web.url, path), Ear(web.url, f"{path}&after={position}")
        assert new.next().name == ("newer" if brief else "state")
        for fact in HIDDEN_FACTS.values():
            told.receive(*fact(gateway))
        late = Ear(web.url, f"{path}&after={position}")
        whole = Ear(web.url, f"{path}&after={position}", reader.key)
        assert whole.next().name == ("newer" if brief else "state")
        assert all(ear.silent(0.5) for ear in (new, back, late))
        told.receive(gateway.tell(WARM, t_ns=LATER + 2))
        heard = [ear.next() for ear in (new, back, late)]
    assert {one.name for one in heard} == {"newer" if brief else "state"}


def test_a_reader_of_some_codes_sees_in_a_vehicle_his_own_packs_alone(told, tmp_path, gateway):
    told.submit(parts.registered(parts.OTHER_PACK, 2).signed)
    both = PackInstalled(vehicle=parts.CAR)
    told.receive(gateway.tell(both, t_ns=LATER, unit=parts.OTHER_PACK))
    path = f"/packs/{parts.CODE}/vehicle"
    assert parts.OTHER_CODE in Reading(told, tmp_path, Field).get(path).text
    some = Reading(told, tmp_path, Field, codes=(parts.CODE,)).get(path)
    assert some.status_code == 200
    assert parts.CODE in some.text
    assert parts.OTHER_CODE not in some.text


@pytest.mark.parametrize("name", WAYS)
def test_every_way_counts_what_each_asks(told, tmp_path, name):
    once = Limits(Rate(0.1, 1), Rate(0.1, 1))
    method = name.split()[0]
    for path in WAYS[name].paths or ("/nowhere",):
        reader = Reading(told, tmp_path, Field, limits=once)
        reader.get("/nowhere")
        told_to_wait = reader.ask(method, path)
        if path in UNCOUNTED:
            assert told_to_wait.status_code == 200
        else:
            assert told_to_wait.status_code == 429, path
            assert int(told_to_wait.headers["retry-after"]) > 60


def test_a_file_costs_as_many_requests_as_it_has_pages(told, tmp_path, monkeypatch):
    facts = len(told.get(f"/api/v1/packs/{parts.CODE}/events").json()["events"])
    monkeypatch.setattr("cloud_bridge.api.packs.MOST_EVENTS", 2)
    monkeypatch.setattr("cloud_bridge.api.packs.MOST_PACKS", 1)
    for path, pages in (
        (f"/api/v1/packs/{parts.CODE}/events?format=csv", -(-facts // 2)),
        ("/api/v1/packs?format=csv", 2),
        (f"/api/v1/packs/{parts.CODE}/telemetry?format=csv", 1),
    ):
        few = Limits(Rate(0.1, 1), Rate(0.1, pages))
        reader = Reading(told, tmp_path, Field, limits=few)
        assert [reader.get(path).status_code for _ in range(2)] == [200, 429], path
        metric = told.context.metrics.told_to_wait.labels("known")
        assert metric._value.get() > 0
