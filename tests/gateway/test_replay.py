"""A recorded log takes the same path as a live bus, to the last receipt."""

from __future__ import annotations

import numpy as np
import pytest

import can_decoder
from gateway.playback import BURST, bursts
from packtrail.codes import PackCode
from packtrail.columns import decode_columns
from packtrail.command import run_line
from packtrail.event import decode_event
from packtrail.record import Kind
from packtrail.times import NS_PER_S, ClockQuality
from tests.gateway.bridge_player import BridgePlayer
from tests.gateway.drafts import T0
from tests.gateway.leaf import PROFILE, write_candump
from tests.gateway.stations import write_settings


@pytest.fixture
def code() -> str:
    from datetime import date

    return PackCode.make(maker="001", chemistry="LMO", made_on=date(2013, 1, 2), serial=3).text


@pytest.fixture
def bridge(mosquitto):
    player = BridgePlayer(mosquitto.port)
    yield player
    player.close()


def line(log, settings, code, *more) -> list[str]:
    words = ["gateway", "replay", log, "--settings", settings, "--profile", PROFILE]
    return [str(word) for word in (*words, "--pack", code, *more)]


def test_a_log_arrives_as_signed_records_of_the_named_pack(tmp_path, mosquitto, bridge, code):
    write_candump(tmp_path / "drive.log", 150)
    settings = write_settings(tmp_path, mosquitto.port)
    assert run_line(line(tmp_path / "drive.log", settings, code)) == 0
    records = list(bridge.records.values())
    batches = [decode_columns(r.body) for r in records if r.kind is Kind.TELEMETRY]
    assert sum(len(batch) for batch in batches) == 150
    assert {r.unit.id for r in records if r.kind is Kind.TELEMETRY} == {code}
    assert {r.clock for r in records} == {ClockQuality.RECORDED}
    volts = np.concatenate([batch.values["pack_voltage_v"] for batch in batches])
    assert (volts == 380.0).all()
    current = np.concatenate([batch.values["pack_current_a"] for batch in batches])
    assert (current == 40.0).all()
    events = [decode_event(r.body).read() for r in records if r.kind.carries_event]
    assert [event.type for event in events] == ["PackInstalled", "PackRemoved"]
    assert events[0].from_ns == T0


def test_without_receipts_the_records_wait_and_the_exit_code_says_so(
    tmp_path, mosquitto, code, capsys
):
    write_candump(tmp_path / "drive.log", 70)
    settings = write_settings(tmp_path, mosquitto.port)
    assert run_line(line(tmp_path / "drive.log", settings, code, "--wait", "0.5")) == 2
    assert "without a receipt" in capsys.readouterr().out
    player = BridgePlayer(mosquitto.port)
    assert run_line(line(tmp_path / "drive.log", settings, code)) == 0
    assert len(player.seqs()) >= 8
    player.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"--pack": "NOT A CODE"}, "NOT A CODE"),
        ({"--profile": "no_such"}, "no_such"),
        ({"log": "/no/such/file.log"}, "/no/such/file.log"),
        ({"--dbc": "/no/such.dbc"}, "no/such.dbc"),
        ({"--settings": "/no/such.toml"}, "/no/such.toml"),
        ({"--profile": "gbt27930"}, "understands none"),
    ],
)
def test_a_mistake_is_one_line_with_a_remedy_and_exit_code_2(tmp_path, code, capsys, change, said):
    write_candump(tmp_path / "drive.log", 2)
    words = line(change.get("log", tmp_path / "drive.log"), write_settings(tmp_path), code)
    for name, value in change.items():
        if name in words:
            words[words.index(name) + 1] = value
        elif name.startswith("--"):
            words += [name, value]
    assert run_line([*words, "--wait", "0.1"]) == 2
    said_lines = [
        row for row in capsys.readouterr().err.splitlines() if row.startswith("packtrail:")
    ]
    assert len(said_lines) == 1
    assert said in said_lines[0]


def test_a_wrong_profile_leaves_nothing_in_the_outbox(tmp_path, code, capsys):
    write_candump(tmp_path / "drive.log", 2)
    words = line(tmp_path / "drive.log", write_settings(tmp_path), code)
    words[words.index("--profile") + 1] = "gbt27930"
    assert run_line(words) == 2
    assert "understands none" in capsys.readouterr().err
    assert not (tmp_path / "outbox.db").exists()


def test_a_recording_without_a_date_begins_now(tmp_path):
    write_candump(tmp_path / "drive.log", 3, start_ns=5 * NS_PER_S)
    frames = list(bursts(can_decoder.read_log(tmp_path / "drive.log")))
    first_ns, last_ns = frames[0].t_ns[0], frames[-1].t_ns[-1]
    assert first_ns > T0
    assert last_ns - first_ns == 2_900_000_000


def test_no_frame_is_lost_between_bursts(tmp_path):
    count = write_candump(tmp_path / "drive.log", 120)
    sizes = [len(burst) for burst in bursts(can_decoder.read_log(tmp_path / "drive.log"))]
    assert sum(sizes) == count
    assert set(sizes[:-1]) == {BURST}
