"""Every cell of the access table on real answers: API, CSV, exports, pages, and the log of reads.

What is expected stands in `test_access_table`, written down by hand from the acts.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from fastapi.testclient import TestClient

from cloud_bridge.access import Gate, Jurisdiction, Purpose, Reader, read_table
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.reads import ReadLog
from cloud_bridge.exports.formats import FORMATS
from cloud_bridge.web import application, guarded
from packtrail.event import (
    ConditionCommitted,
    CustodyOffered,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
)
from packtrail.times import parse_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.test_access_table import ALL, expected
from tests.cloud_bridge.test_fold import estimate

PATH = f"/api/v1/packs/{parts.CODE}"
WHOLE = {
    "ledger": (f"{PATH}/events",),
    "telemetry": (f"{PATH}/telemetry?format=csv",),
    "stations": ("/api/v1/stations",),
    "duties": ("/api/v1/duties", "/api/v1/takeback"),
    "vehicles": (f"/api/v1/vehicles/{parts.CAR.id}",),
}
"""What is shown or refused as one; looked at in every cell."""
ALIKE = {
    "ledger": (f"{PATH}/proof", f"{PATH}/events?format=csv"),
    "telemetry": (f"{PATH}/telemetry", f"{PATH}/telemetry?format=parquet"),
    "stations": ("/metrics", "/stations/station-1"),
    "duties": ("/duties", "/takeback"),
    "vehicles": (f"/packs/{parts.CODE}/vehicle",),
}
"""Other ways to the same; looked at once per set of fields."""
OF_A_PACK = set(ALL.split()) - {"stations", "duties"}
DYNAMIC = {"making", "health", "incidents"}
YARD = "yard-of-the-receiver"
SIGNS = {
    "health": "State of health</h2>",
    "incidents": '<span class="soft">61',
    "telemetry": "Last session",
    "vehicles": f"{parts.CODE}/vehicle",
    "ledger": "Binding and history",
}
"""By what a page shows a field."""


@pytest.fixture
def told(desk):
    """A pack with something in every field."""
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered().signed)
    desk.submit(
        parts.signed(
            CustodyOffered("1", YARD), key=parts.MAKER, author="maker-1", counter=2, stream="m"
        )
    )
    later = parts.T0 + parts.HOUR
    desk.receive(
        gateway.tell(PackInstalled(place=parts.SLOT), t_ns=parts.T0),
        gateway.telemetry(parts.samples(60)),
        gateway.tell(PackRemoved(place=parts.SLOT), t_ns=later),
        gateway.tell(PackInstalled(vehicle=parts.CAR), t_ns=later + 1),
        gateway.tell(ConditionCommitted(estimate(0.91)), t_ns=later + 2),
        gateway.tell(IncidentRecorded("over_temperature", "watch", value=61.0), t_ns=later + 3),
    )
    return desk


class Listened(ReadLog):
    """The log, and what was noted since the test looked."""

    def __init__(self, folder):
        super().__init__(folder)
        self.noted = []

    def note(self, read):
        super().note(read)
        self.noted.append(read)


class Reading:
    """One reader of one bridge."""

    def __init__(self, client, gate, role, purpose, keys):
        self.role, self.purpose, self.log = role, purpose, gate.log
        self._client = client
        self._headers = keys.get(role, {}) | {"Accept-Language": "en"}

    def get(self, path):
        return self._client.get(path, params={"purpose": self.purpose}, headers=self._headers)


@pytest.fixture
def bridge_of(told, tmp_path):
    """A guarded bridge under a jurisdiction, on a day."""
    ring, log = KeyRing(told.store), Listened(tmp_path / "a")
    table = read_table()

    def made(where, day):
        now = parse_time(f"{day}T12:00:00Z")
        gate = Gate(table, Jurisdiction(where), ring, log, lambda: now)
        app = guarded(application(replace(told.context, access=gate)), ("testserver",))
        return TestClient(app, raise_server_exceptions=False), gate

    keys = {
        role: {"Authorization": f"Bearer {ring.add(role, role, tuple(Purpose), (), 0)}"}
        for role in Reader
        if role is not Reader.PUBLIC
    }
    return made, keys


def shown_by_the_api(answer) -> set[str]:
    """The fields that a pack's answer holds something of."""
    state = answer["state"]
    stays = [*state["stays"], *([state["binding"]] if state["binding"] else [])]
    found = {
        "making": state["registration"],
        "health": state["health"],
        "incidents": state["incidents"],
        "telemetry": answer["reading"],
        "places": any(stay["place"] for stay in stays),
        "vehicles": any(stay["vehicle"] for stay in stays),
        "custody": state["custody"]["to_party"] == YARD,
    }
    return {field for field, value in found.items() if value}


def check_api(reader, seen, public):
    reader.log.noted.clear()
    answer = reader.get(PATH).json()
    assert shown_by_the_api(answer) == seen & OF_A_PACK - {"ledger"}
    hidden = {one["field"] for one in answer["hidden"]}
    assert hidden == OF_A_PACK - seen
    assert bool(answer["digest"]) == (seen >= OF_A_PACK)
    restricted = (seen - public) & OF_A_PACK
    noted = list(reader.log.noted)
    assert [set(one.fields) for one in noted] == ([restricted] if restricted else [])
    assert all(
        (one.role, one.purpose, one.what) == (reader.role, reader.purpose, PATH) for one in noted
    )
    (listed,) = reader.get("/api/v1/packs").json()["packs"]
    assert set(listed["hidden"]) == OF_A_PACK - seen
    assert (listed["reading"] is not None) == ("telemetry" in seen)
    assert (listed["soh"] is not None) == ("health" in seen)


def check_whole(reader, seen, ways):
    for field, paths in ways.items():
        for path in paths:
            status = reader.get(path).status_code
            assert (status == 200) == (field in seen), (path, status)
            assert status in (200, 401, 403), (path, status)


def check_documents(reader, seen, anybody):
    """Pages and exports, once per set of fields: they know of no role."""
    page = reader.get(f"/packs/{parts.CODE}").text
    for field, sign in SIGNS.items():
        assert (sign in page) == (field in seen), field
    assert ("Not shown to you" in page) == (not seen >= OF_A_PACK)
    assert parts.CAR.id not in page
    assert YARD not in page or "ledger" in seen
    front = reader.get("/").text
    assert ("station-1" in front) == ("stations" in seen)
    for form in FORMATS:
        path = f"{PATH}/export/{form}"
        answer, public = reader.get(path), anybody.get(path)
        assert answer.status_code in ((200, 422) if "making" in seen else (401, 403))
        # The signature of a credential has its own moment.
        if "making" in seen and not seen >= DYNAMIC and form != "credential":
            assert answer.content == public.content, form
    exported = (
        reader.get(f"{PATH}/export/batterypass").text,
        anybody.get(f"{PATH}/export/batterypass").text,
    )
    if "making" in seen:
        assert (exported[0] != exported[1]) == (seen >= DYNAMIC)


@pytest.mark.parametrize(
    ("where", "day"),
    [("CN", "2026-11-26"), ("EU", "2026-11-26"), ("EU", "2027-02-18")],
)
def test_every_cell_on_real_answers(bridge_of, where, day):
    made, keys = bridge_of
    client, gate = made(where, day)
    looked_at = set()
    for role, purpose in product(Reader, Purpose):
        public = expected(where, day, "public", purpose)
        seen = expected(where, day, role, purpose)
        reader = Reading(client, gate, role, purpose, keys)
        try:
            check_api(reader, seen, public)
            check_whole(reader, seen, WHOLE)
            if frozenset(seen) not in looked_at:
                looked_at.add(frozenset(seen))
                anybody = Reading(client, gate, Reader.PUBLIC, purpose, keys)
                check_whole(reader, seen, ALIKE)
                check_documents(reader, seen, anybody)
        except AssertionError as error:
            raise AssertionError(f"{where} {day} {role} {purpose}: {sorted(seen)}") from error
