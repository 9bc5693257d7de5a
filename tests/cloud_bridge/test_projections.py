"""What each projection makes of a fact or a chunk, and what a running bridge does with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from pyarrow import parquet

from cloud_bridge.projections import Portion, TargetError
from cloud_bridge.projections.hooks import HOOK_DOMAIN, Hook
from cloud_bridge.projections.influx import Influx, chunk_lines, entry_lines
from cloud_bridge.projections.lake import Lake
from cloud_bridge.settings import HookSettings, InfluxSettings
from cloud_bridge.store import Chunk, Cursor, Entry, StoredChunk
from packtrail.command import run_line
from packtrail.event import IncidentRecorded, encode_event
from packtrail.topics import RecordAddress
from tests.cloud_bridge import parts
from tests.cloud_bridge.receiver import Receiver
from tests.cloud_bridge.running import Wire, running, settings_for, until
from tests.databases import victoria

__all__ = ["victoria"]

DAY = 24 * parts.HOUR


def stored(t_ns: int = parts.T0, unit=parts.PACK, n: int = 5) -> StoredChunk:
    batch = parts.samples(n, t_ns)
    data = parts.PlayedGateway().telemetry(batch, unit=unit)[1]
    span = int(batch.t_ns[0]), int(batch.t_ns[-1])
    return StoredChunk(
        RecordAddress("station-1", parts.EPOCH, 1), Chunk(unit, "3", *span, n), data, t_ns
    )


def entry(body, leaf: int = 0, **about) -> Entry:
    one = parts.signed(body, **about)
    return Entry(leaf, parts.T0, one.event_id, encode_event(one))


START = Cursor()


def portion(*chunks: StoredChunk, entries=(), begin=START) -> Portion:
    end = Cursor(begin.chunk + len(chunks), begin.leaf + len(entries))
    return Portion(begin, end, chunks, entries)


@pytest.fixture
def receiver():
    made = Receiver()
    made.start()
    yield made
    made.stop()


def test_a_sample_is_a_line_with_the_extremes_of_its_cells():
    first, *_ = chunk_lines(stored(), cells=False)
    series, fields, t_ns = first.rsplit(" ", 2)
    assert series == f"telemetry,pack={parts.CODE}"
    assert int(t_ns) == parts.T0
    values = dict(pair.split("=") for pair in fields.split(","))
    assert values["pack_voltage_v"] == "350"
    assert (values["cell_voltage_max_v"], values["temperature_min_c"]) == ("3.3", "27")
    assert not any(name.startswith("cell_voltage_v") for name in values)


def test_cells_are_series_of_their_own_where_that_is_wanted():
    first, *_ = chunk_lines(stored(), cells=True)
    assert "cell_voltage_v_4=3.3" in first


def test_telemetry_without_a_pack_stands_under_its_slot():
    first, *_ = chunk_lines(stored(unit=None), cells=False)
    assert first.startswith("slot,gateway=station-1,slot=3 ")


def test_a_hostile_name_makes_no_second_tag():
    body = IncidentRecorded("a,b=c d", "watch", value=1.5)
    lines = list(entry_lines(entry(body)))
    assert lines[1].startswith(r"incident,kind=a\,b\=c\ d,pack=")
    assert "value=1.5" in lines[1]


def test_a_line_that_the_server_refuses_is_counted_and_the_others_arrive(receiver):
    # A server that refuses every write with 400, as InfluxDB does for a type conflict.
    receiver.status = 400
    influx = Influx(InfluxSettings(url=receiver.url.removesuffix("/hook")))
    influx.take(portion(stored(n=2)))
    influx.close()
    assert influx.spoiled == 2
    assert len(receiver.taken) == 3


@pytest.mark.parametrize("status", [401, 404, 500, 503, 429])
def test_a_server_that_says_no_for_now_is_asked_again(receiver, status):
    receiver.status = status
    influx = Influx(InfluxSettings(url=receiver.url.removesuffix("/hook")))
    with pytest.raises(TargetError, match=str(status)):
        influx.take(portion(stored()))
    influx.close()


def test_a_hook_with_a_shared_secret_signs_as_standard_webhooks(receiver, monkeypatch):
    monkeypatch.setenv("HOOK", "geheim")
    settings = HookSettings(name="erp", url=receiver.url, secret_env="HOOK")
    Hook(settings, parts.AUTHORITY, lambda: 1_775_000_000.5).take(
        portion(entries=[entry(parts.REGISTRATION), entry(parts.REGISTRATION, 1)])
    )
    (delivery,) = receiver.taken
    head = delivery.headers
    assert (head["webhook-id"], head["webhook-timestamp"]) == ("erp.0-1", "1775000000")
    message = b"erp.0-1.1775000000." + delivery.body
    made = base64.b64encode(hmac.new(b"geheim", message, hashlib.sha256).digest()).decode()
    assert head["webhook-signature"] == f"v1,{made}"
    facts = json.loads(delivery.body)["facts"]
    assert [fact["leaf"] for fact in facts] == [0, 1]


def test_a_hook_without_a_secret_is_signed_with_the_bridges_key(receiver):
    hook = Hook(HookSettings(name="erp", url=receiver.url), parts.AUTHORITY)
    hook.take(portion(entries=[entry(parts.REGISTRATION)]))
    (delivery,) = receiver.taken
    kind, _, signature = delivery.headers["webhook-signature"].partition(",")
    stamp = delivery.headers["webhook-timestamp"]
    message = f"erp.0-0.{stamp}.".encode() + delivery.body
    assert kind == "v1a"
    assert parts.AUTHORITY.public.accepts(HOOK_DOMAIN, message, base64.b64decode(signature))


def test_a_hook_gets_only_what_it_asked_for(receiver):
    settings = HookSettings(name="erp", url=receiver.url, event_types=("IncidentRecorded",))
    hook = Hook(settings, parts.AUTHORITY)
    hook.take(portion(entries=[entry(parts.REGISTRATION)]))
    assert receiver.taken == []
    hook.take(portion(entries=[entry(IncidentRecorded("x", "watch"))]))
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("status", [307, 400, 410, 500])
def test_a_receiver_that_does_not_say_yes_gets_it_again(receiver, status):
    receiver.status = status
    hook = Hook(HookSettings(name="erp", url=receiver.url), parts.AUTHORITY)
    with pytest.raises(TargetError, match=str(status)):
        hook.take(portion(entries=[entry(parts.REGISTRATION)]))
    assert len(receiver.taken) == 1


def rows_of(lake: Path, day: str) -> tuple[int, list[int]]:
    """How many files a day has, and its times."""
    files = sorted((lake / "telemetry" / f"pack={parts.CODE}" / f"day={day}").glob("*.parquet"))
    times = [
        t for file in files for t in parquet.read_table(file, partitioning=None)["t_ns"].to_pylist()
    ]
    return len(files), times


def test_the_files_of_a_day_that_is_over_become_one(tmp_path):
    today = parts.T0 + DAY
    lake = Lake(tmp_path, lambda: today)
    late, early, now = stored(parts.T0 + parts.HOUR), stored(), stored(today)
    lake.take(portion(late, now))
    lake.take(portion(early, now, begin=Cursor(2)))
    lake.tidy()
    assert rows_of(tmp_path, "2026-04-01")[0] == 1
    times = rows_of(tmp_path, "2026-04-01")[1]
    assert times == sorted(times)
    assert len(times) == 10
    assert rows_of(tmp_path, "2026-04-02")[0] == 2
    lake.tidy()
    assert len(rows_of(tmp_path, "2026-04-01")[1]) == 10


def test_a_compaction_that_was_cut_short_leaves_nothing_double(tmp_path):
    lake = Lake(tmp_path, lambda: parts.T0 + DAY)
    lake.take(portion(stored()))
    lake.take(portion(stored(parts.T0 + parts.HOUR), begin=Cursor(1)))
    folder = tmp_path / "telemetry" / f"pack={parts.CODE}" / "day=2026-04-01"
    leftovers = {file.name: file.read_bytes() for file in folder.glob("*.parquet")}
    lake.tidy()
    for name, data in leftovers.items():  # the plug was pulled before they were deleted
        (folder / name).write_bytes(data)
    lake.tidy()
    count, times = rows_of(tmp_path, "2026-04-01")
    assert (count, len(times)) == (1, 10)


def test_a_chunk_over_midnight_lies_in_both_days(tmp_path):
    midnight = parts.T0 - 8 * parts.HOUR + DAY
    Lake(tmp_path).take(portion(stored(midnight - 2 * parts.SECOND)))
    assert [len(rows_of(tmp_path, f"2026-04-0{day}")[1]) for day in (1, 2)] == [2, 3]


def test_a_running_bridge_carries_its_projections_and_its_records_wait_for_none(
    mosquitto, tmp_path, victoria, receiver
):
    receiver.status = 503
    more = {
        "influx": {"url": victoria.url, "settle_s": 0},
        "lake": {"path": str(tmp_path / "lake")},
        "hook": [{"name": "erp", "url": receiver.url}],
    }
    gateway = parts.PlayedGateway()
    with running(settings_for(tmp_path, mosquitto.port, **more)) as bridge:
        with Wire(mosquitto.port) as wire:
            wire.send(gateway.telemetry(), gateway.tell(parts.installed().event.body))
            wire.receipt(2)
        until(lambda: bridge.store.cursor("lake").chunk == 1)
        until(lambda: bridge.store.cursor("influx").chunk == 1)
        until(lambda: receiver.taken)
        assert bridge.store.cursor("hook:erp").leaf == -1
        assert bridge.health().ok
        text = bridge.metrics.text().decode()
        assert 'packtrail_bridge_projected_total{kind="chunk",projection="lake"} 1.0' in text
        assert 'packtrail_bridge_projection_faults_total{projection="hook:erp"}' in text
    assert len(rows_of(tmp_path / "lake", "2026-04-01")[1]) == 60


def test_a_projection_is_rebuilt_by_command_while_the_bridge_runs(
    tmp_path, mosquitto, capsys, monkeypatch
):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    path = tmp_path / "bridge.toml"
    path.write_text(
        'key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n[lake]\npath = "lake"\n'
    )
    more = {"lake": {"path": str(tmp_path / "lake")}}
    with running(settings_for(tmp_path, mosquitto.port, **more)) as bridge:
        until(lambda: bridge.store.cursor("lake").leaf == 2)
        before = bridge.store.cursor("lake").moved_ns
        assert run_line(["bridge", "rebuild", "lake", "--settings", str(path)]) == 0
        until(lambda: bridge.store.cursor("lake").leaf == 2)
        assert bridge.store.cursor("lake").moved_ns > before
        (file,) = (tmp_path / "lake" / "facts").glob("*.parquet")
        assert parquet.read_table(file).num_rows == 3
    assert run_line(["bridge", "rebuild", "moon", "--settings", str(path)]) == 2
    assert "the settings have: lake" in capsys.readouterr().err
