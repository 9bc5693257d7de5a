"""`packtrail.client` against the real server: what it returns, proves and comes back from."""

from __future__ import annotations

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice
from threading import Thread

import msgspec
import numpy as np
import pytest

from cloud_bridge.access import Purpose
from packtrail.client import (
    Client,
    ClientError,
    Event,
    ForbiddenError,
    Growth,
    NotFoundError,
    NotProvenError,
    Pack,
    Reading,
    RefusedError,
    State,
    TooManyError,
    UnavailableError,
    UnreachableError,
)
from packtrail.client.stream import Stream
from packtrail.client.transport import Transport
from packtrail.errors import CodeError
from packtrail.event import ConditionCommitted, PackInstalled, PackRemoved, UnitRef
from packtrail.signing import SigningKey
from packtrail.times import format_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.streaming import serving
from tests.cloud_bridge.test_access import gate, key
from tests.cloud_bridge.test_fold import estimate

__all__ = ["gate"]

KEY = parts.AUTHORITY.public.text
LATER = parts.T0 + parts.HOUR


@pytest.fixture
def gateway():
    return parts.PlayedGateway()


@pytest.fixture
def told(desk, gateway):
    desk.submit(parts.registered().signed)
    desk.receive(
        gateway.tell(PackInstalled(place=parts.SLOT)),
        gateway.telemetry(parts.samples(60)),
        gateway.tell(ConditionCommitted(estimate(0.91)), t_ns=LATER),
    )
    return desk


@pytest.fixture
def web(told):
    with serving(told.context) as (web, _):
        yield web


@pytest.fixture
def bridge(web):
    return Client(web.url, authority=KEY, language="en")


def test_a_pack_is_typed_now_and_as_it_was_and_as_it_was_known(bridge, told):
    pack = bridge.pack(parts.CODE)
    assert pack.verdict.level == "green"
    assert pack.state.registration.stated == parts.REGISTRATION
    assert pack.state.binding.place == parts.SLOT
    assert pack.state.newest_health.estimate.soh.value == 0.91
    assert pack.reading.values["soc_pct"] == 50.59
    assert bridge.pack(parts.CODE, at=format_time(parts.T0 - 1)).state.binding is None
    assert bridge.pack(parts.CODE, known=parts.T0).state.events == 0
    whole = told.get(f"/api/v1/packs/{parts.CODE}").json()
    read = json.loads(msgspec.json.encode(pack))
    assert read["state"] == {name: whole["state"][name] for name in read["state"]}


def test_every_member_that_the_client_reads_is_one_that_the_server_writes(told):
    answer = told.get(f"/api/v1/packs/{parts.CODE}").json()
    assert set(Pack.__struct_fields__) <= set(answer)
    assert set(State.__struct_fields__) <= set(answer["state"])


def test_lists_come_page_by_page(bridge, told, gateway):
    told.receive(*(gateway.telemetry(unit=UnitRef("maker_serial", f"{n:03}")) for n in range(205)))
    codes = [line.code for line in bridge.packs()]
    assert len(codes) == len(set(codes)) == 206
    assert next(iter(bridge.packs())).soh == 0.91
    first = bridge.event_page(parts.CODE, limit=2)
    rest = bridge.event_page(parts.CODE, first.next)
    found = [*first.events, *rest.events]
    assert found == list(bridge.events(parts.CODE))
    assert found[0].signed.read().type == "UnitRegistered"


def test_samples_come_as_batches(bridge, told, gateway):
    batch = parts.samples(3, LATER)
    batch.values["soc_pct"][1] = np.nan
    told.receive(gateway.telemetry(batch))
    (late,) = bridge.samples(parts.CODE, LATER, LATER + parts.MINUTE)
    assert late.t_ns.tolist() == batch.t_ns.tolist()
    assert np.isnan(late.values["soc_pct"]).tolist() == [False, True, False]
    assert late.values["cell_voltage_v"].shape == (3, 4)
    assert sum(len(one) for one in bridge.samples(parts.CODE)) == 63


def test_a_proof_is_checked_before_it_is_returned(bridge, web):
    proof = bridge.proof(parts.CODE)
    assert len(proof.facts) == 3
    assert bridge.head().size >= max(fact.leaf for fact in proof.facts)
    stranger = Client(web.url, authority=parts.STRANGER.public)
    for asked in (lambda: stranger.proof(parts.CODE), stranger.head):
        with pytest.raises(NotProvenError, match="no valid signature"):
            asked()
    witness = SigningKey.from_seed(b"w" * 32)
    key_of_witness = "witness.example/w+"
    with pytest.raises(ClientError, match="cannot vouch for itself"):
        Client(web.url).proof(parts.CODE)
    with pytest.raises(Exception, match="witness"):
        Client(web.url, witnesses=[key_of_witness + witness.public.text])


class Lying(BaseHTTPRequestHandler):
    """Answers what it was told to, whatever is asked."""

    def do_GET(self):
        status, headers, body = self.server.says
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def liar():
    server = HTTPServer(("127.0.0.1", 0), Lying)
    thread = Thread(target=server.serve_forever)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_bridge_that_lies_is_found_out(liar, told):
    path = f"/api/v1/packs/{parts.CODE}/proof"
    short = told.get(path).content
    told.submit(parts.registered(parts.OTHER_PACK, 2).signed)
    honest = told.get(path).json()
    bridge = Client(liar.url, authority=KEY)

    def says(document):
        liar.says = 200, {}, json.dumps(document).encode()

    says(honest)
    assert bridge.proof(parts.CODE).newer == 0
    with pytest.raises(NotProvenError, match="it is about"):
        bridge.proof(parts.OTHER_CODE)
    says({**honest, "facts": honest["facts"][:-1]})
    with pytest.raises(NotProvenError, match="not all") as hidden:
        bridge.proof(parts.CODE)
    assert {check.name for check in hidden.value.checks if check.faults} == {"whole"}
    forged = json.loads(json.dumps(honest))
    forged["facts"][0]["signed"]["event"]["body"]["rated_capacity_ah"] = 300.0
    says(forged)
    with pytest.raises(NotProvenError, match="signature"):
        bridge.proof(parts.CODE)
    liar.says = 200, {}, short
    with pytest.raises(NotProvenError, match="were proven before"):
        bridge.proof(parts.CODE)
    assert Client(liar.url, authority=KEY).proof(parts.CODE), "to who saw no longer one it holds"


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        ((502, {}, b"<html>"), UnavailableError),
        ((200, {}, b"{}"), UnreachableError),
        ((200, {"Content-Length": "99"}, b"{"), UnreachableError),
        ((302, {"Location": "/elsewhere"}, b""), RefusedError),
        ((429, {"Retry-After": "7"}, b"[]"), TooManyError),
        ((404, {}, b"[" * 5000), NotFoundError),
    ],
)
def test_what_no_bridge_says_is_an_error_of_its_kind(liar, says, kind):
    liar.says = says
    with pytest.raises(kind) as error:
        Client(liar.url).pack(parts.CODE)
    assert error.value.describe("zh").startswith(liar.url)
    assert getattr(error.value, "retry_after_s", 7) == (7 if says[0] in (200, 429) else None)


def test_problems_are_errors_that_say_what_helps(told, gate):
    with serving(replace(told.context, access=gate)) as (web, _):
        anybody = Client(web.url, language="zh")
        with pytest.raises(ForbiddenError) as hidden:
            anybody.event_page(parts.CODE)
        assert (hidden.value.status, hidden.value.about["field"]) == (401, "ledger")
        assert "可申请者" in hidden.value.detail
        with pytest.raises(NotFoundError):
            anybody.pack("maker_serial:nobody")
        with pytest.raises(RefusedError) as refused:
            anybody.pack(parts.CODE, at="yesterday")
        assert refused.value.about["errors"][0]["where"] == "query.at"
        token = key(gate, "recycler", Purpose.TRIAGE, Purpose.TRACE)["Authorization"].split()[1]
        recycler = Client(web.url, key=token)
        assert recycler.pack(parts.CODE).state.health
        assert recycler.pack(parts.CODE).hidden[0].field == "places"
        assert not Client(web.url, key=token, purpose="trace").pack(parts.CODE).state.health
        with pytest.raises(NotFoundError, match="does not appraise"):
            recycler.appraisal(parts.CODE)
    with pytest.raises(UnreachableError):
        anybody.pack(parts.CODE)
    for url, token in (("ftp://x", ""), ("http://x", "pt_1\r\nX: y")):
        with pytest.raises(ClientError):
            Client(url, key=token)
    with pytest.raises(CodeError):
        anybody.pack("0B1PB00000000")


def test_an_appraisal_says_what_it_was_made_of(shop):
    desk, tell, ask = shop
    tell(ConditionCommitted(estimate(0.91)))
    with serving(desk.context) as (web, _):
        found = Client(web.url).appraisal(parts.CODE)
    assert json.loads(msgspec.json.encode(found)) == ask().json()


def test_signed_events_are_recorded_and_each_is_answered_for(bridge):
    good = parts.registered(parts.OTHER_PACK, 2).signed
    bad = parts.signed(PackInstalled(place=parts.SLOT), key=parts.STRANGER)
    assert [one.outcome for one in bridge.submit([good, bad])] == ["recorded", "refused"]
    assert [one.outcome for one in bridge.submit([good])] == ["known"]
    assert bridge.submit([]) == ()


def test_live_state_comes_and_goes_on_over_lost_connections(told, gateway):
    with serving(told.context, life_s=0.2) as (web, _):
        stream = Stream(
            Transport(web.url), f"/api/v1/packs/{parts.CODE}/live", {}, sleep=lambda _: None
        )
        events = stream.events()
        assert next(events).name == "state"
        told.receive(gateway.tell(PackRemoved(place=parts.SLOT), t_ns=LATER + 1))
        second = next(event for event in events if event.name == "state")
        assert json.loads(second.data)["state"]["binding"] is None
        assert second.id == str(told.store.size())


def test_live_state_is_typed(bridge, told, gateway):
    news = bridge.live(parts.CODE)
    assert isinstance(next(news), Pack)
    told.receive(gateway.telemetry(parts.samples(60, LATER, soc_pct=70)))
    reading = next(news)
    assert isinstance(reading, Reading)
    assert reading.values["soc_pct"] == 70.59
    news.close()


def test_the_ledger_is_followed_from_where_one_stopped(bridge, told):
    size = told.store.size()
    lines = list(islice(bridge.follow(after=0), size + 1))
    assert [one.leaf for one in lines[:-1] if isinstance(one, Event)] == list(range(size))
    assert lines[-1] == Growth(size)
    told.submit(parts.registered(parts.OTHER_PACK, 2).signed)
    (newest,) = islice(bridge.follow(after=size), 1)
    assert newest.leaf == size


def test_a_stream_that_is_refused_or_silent_for_too_long_ends_with_an_error(bridge, liar):
    with pytest.raises(NotFoundError):
        next(bridge.live("maker_serial:nobody"))
    liar.says = 503, {}, b"{}"
    with pytest.raises(UnavailableError):
        next(Client(liar.url).live(parts.CODE, patience_s=0))
    body = b'event: problem\ndata: {"status": 403, "detail": "revoked"}\n\n'
    liar.says = 200, {}, b": hello\r\nretry: 1\nevent: other\ndata: 1\ndata: 2\n\n" + body
    with pytest.raises(ForbiddenError, match="revoked"):
        next(Client(liar.url).live(parts.CODE))
