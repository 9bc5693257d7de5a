"""Each day's telemetry is committed to: nothing vanishes or changes unseen, all can be proven."""

from __future__ import annotations

import base64

import msgspec
import pytest

from cloud_bridge.ingest.judge import judge
from cloud_bridge.keeping.days import Days
from cloud_bridge.keeping.samples import sample_proof
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.days import DAY_NS, check_sample, day_of, name_of, number_of
from cloud_bridge.metrics import Metrics
from cloud_bridge.projections import Follower
from cloud_bridge.settings import BridgeSettings
from packtrail.command import run_line
from packtrail.event import TelemetryCommitted
from packtrail.settings import load
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW, ORIGIN

TODAY = day_of(parts.T0)


class Clock:
    now_ns = (TODAY + 1) * DAY_NS + 2 * parts.HOUR

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def gateway(desk):
    own = parts.key_fact(parts.AUTHORITY, "bridge-1", "system", counter=50)
    desk.store.append([own], parts.T0)
    made = parts.PlayedGateway()
    for minute in range(5):
        batch = parts.samples(60, parts.T0 + minute * parts.MINUTE)
        desk.receive(made.telemetry(batch))
    return made


@pytest.fixture
def close(desk):
    """Close what is over, by a clock that stands in the next night."""
    clock = Clock()
    days = Days(desk.store, parts.AUTHORITY, "bridge-1", 3600.0, clock)
    follower = Follower(days, desk.store, Metrics())

    def closed(later_ns=0):
        clock.now_ns += later_ns
        while follower.step():
            pass
        days.tidy()
        desk.authority.seal()
        found = [entry.event.body for entry in desk.store.entries_of(parts.PACK)]
        return [body for body in found if isinstance(body, TelemetryCommitted)]

    return closed


def checks(desk):
    found = verify_whole(desk.store, ORIGIN, parts.AUTHORITY.public, 1)
    return {one.name: one for one in found if one.faults}


def forge(desk, statement, *values):
    with desk.store._transaction() as rows:
        for (name,) in rows.connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            rows.connection.execute(f"DROP TRIGGER {name}")
        rows.connection.execute(statement, values)


def test_days_have_numbers_and_names():
    assert name_of(0) == "1970-01-01"
    assert number_of(name_of(TODAY)) == TODAY


def test_a_day_that_is_over_is_committed_to_once(desk, gateway, close):
    (body,) = close()
    assert (body.day, body.records, body.samples) == ("2026-04-01", 5, 300)
    assert (body.revision, len(body.root)) == (0, 64)
    assert close() == [body]
    assert close(2 * parts.HOUR) == [body], "late ones are waited for, and there was none"
    assert checks(desk) == {}


def test_what_comes_late_makes_a_revision(desk, gateway, close):
    (first,) = close()
    late = gateway.telemetry(parts.samples(60, parts.T0 + parts.HOUR))
    arrival = judge(*late, desk.context.trust(), NOW)
    desk.store.commit([arrival], [], Clock.now_ns + parts.SECOND)
    assert close() == [first], "more may come"
    assert checks(desk) == {}
    _, second = close(2 * parts.HOUR)
    assert (second.revision, second.records) == (1, 6)
    assert second.root != first.root
    assert checks(desk) == {}


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_chunk_that_vanished_with_every_trace_is_missed(desk, gateway, close, seq):
    close()
    for table in ("chunk", "record"):
        forge(desk, f"DELETE FROM {table} WHERE seq = ?", seq)
    forge(desk, "DELETE FROM receipt")
    found = checks(desk)["days"]
    assert "2026-04-01: 4 records are not what leaf" in found.faults[0]


def test_bytes_that_were_emptied_are_missed(desk, gateway, close):
    close()
    forge(desk, "UPDATE chunk SET data = x'' WHERE seq = 2")
    (fault,) = checks(desk)["chunks"].faults
    assert "its bytes are gone" in fault


def test_a_statement_that_cannot_be_read_is_told_and_keeps_nothing_else_from_being_looked_at(
    desk, gateway, close
):
    close()
    (entry,) = desk.store.entries_of_type("TelemetryCommitted")
    forge(desk, "UPDATE ledger SET signed = x'7b' WHERE leaf = ?", entry.leaf)
    forge(desk, "UPDATE chunk SET data = x'00' WHERE seq = 3")
    found = checks(desk)
    assert f"leaf {entry.leaf} cannot be read" in found["lines"].faults[0]
    assert "/3: cannot be read" in found["chunks"].faults[0]
    assert "days" not in found


def proof_of(desk, minute):
    at_ns = parts.T0 + minute * parts.MINUTE
    (chunk, *_) = desk.store.chunks_of(parts.PACK, at_ns + parts.SECOND, at_ns + parts.SECOND)
    return sample_proof(desk.store, parts.PACK, chunk, ORIGIN, parts.AUTHORITY.public)


def faults(proof):
    return {one.name for one in check_sample(proof, parts.AUTHORITY.public) if one.faults}


@pytest.mark.parametrize("minute", range(5))
def test_every_chunk_of_the_day_can_be_proven_offline(desk, gateway, close, minute):
    close()
    assert faults(proof_of(desk, minute)) == set()


def test_a_changed_proof_fails_where_it_was_changed(desk, gateway, close):
    close()
    proof = proof_of(desk, 2)
    assert faults(msgspec.structs.replace(proof, index=3)) == {"day"}
    assert faults(msgspec.structs.replace(proof, day="2026-04-02")) == {"day"}
    assert faults(msgspec.structs.replace(proof, path=proof.path[:-1])) == {"day"}
    other = msgspec.structs.replace(proof, record=proof_of(desk, 1).record)
    assert faults(other) == {"day"}
    foreign = parts.PlayedGateway(key=parts.STRANGER).telemetry(parts.samples())[1]
    forged = msgspec.structs.replace(proof, record=base64.b64encode(foreign).decode())
    assert faults(forged) == {"day", "sealed"}
    assert faults(msgspec.structs.replace(proof, record="?")) == {"day", "sealed"}


def test_before_its_day_is_closed_nothing_can_be_proven(desk, gateway):
    with pytest.raises(Exception, match="not closed yet"):
        proof_of(desk, 1)


def test_the_commands_prove_a_sample_and_check_it_offline(desk, gateway, close, tmp_path, capsys):
    close()
    desk.store.close()
    home = tmp_path / "home"
    home.mkdir()
    parts.AUTHORITY.save(home / "bridge.pem")
    assert run_line(["bridge", "init", str(home)]) == 0
    settings = home / "bridge.toml"
    text = settings.read_text("utf-8").replace("packtrail.example/ledger", ORIGIN)
    settings.write_text(text, "utf-8")
    (tmp_path / "bridge.sqlite").rename(load(BridgeSettings, settings).store.path)
    out = tmp_path / "chunk.json"
    prove_it = ["id", "prove", parts.CODE, "--settings", str(settings), "--output", str(out)]
    capsys.readouterr()
    assert run_line([*prove_it, "--sample", "2026-04-01T08:02:10Z"]) == 0
    assert "2026-04-01" in capsys.readouterr().out
    key = ["--key", parts.AUTHORITY.public.text]
    assert run_line(["id", "verify", str(out), *key]) == 0
    assert "sound" in capsys.readouterr().out
    out.write_bytes(out.read_bytes().replace(b'"index":2', b'"index":1'))
    assert run_line(["id", "verify", str(out), *key]) == 1
    assert run_line([*prove_it, "--sample", "2026-04-02T08:02:10Z"]) == 2
    assert "holds this moment" in capsys.readouterr().err
