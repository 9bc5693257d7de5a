"""A tester's pulses on record: reported over HTTP, estimated, stated, shown in the passport."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import SqliteStore
from cloud_bridge.view import Packs
from packtrail import event as e
from packtrail.command import run_line
from packtrail.settings import load
from tests.cloud_bridge import parts
from tests.cloud_bridge.appraising import estimate
from tests.cloud_bridge.test_appraisal_measured import TRUSTED
from tests.soh_model.test_pulse_command import write
from tests.soh_model.test_pulse_model import CHARGED, alike

LAB = {"author": "lab-1", "stream": "bench", "key": parts.STRANGER}
RATED = 10.0


@pytest.fixture
def reported(desk, tmp_path):
    """A registered unit whose pulses a laboratory reported, with the charge since empty."""
    lab = e.KeyRegistered(parts.STRANGER.public.text, "lab-1", "laboratory")
    desk.authority.publish_trust([*TRUSTED, lab])
    desk.submit(parts.registered().signed)
    rows, soh = alike()
    train = np.arange(0, 160, 3)
    names = [f"U{k // 10}" for k in train]
    reference = tmp_path / "reference.csv"
    write(reference, rows[train], soh=soh[train], unit=names, charged=CHARGED[train])
    charged = RATED * float(CHARGED[205])
    test = e.PulseTest(tuple(rows[205].tolist()), charged, RATED, 25.0)
    body = e.InspectionRecorded("pulses of 5 s", pulses=test)
    told = desk.submit(parts.signed(body, counter=1, **LAB))
    assert told.json()["outcomes"][0]["outcome"] == "recorded", told.text
    desk.submit(parts.signed(e.InspectionRecorded("visual"), counter=2, **LAB))
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    assert run_line(["bridge", "init", str(tmp_path)]) == 0
    settings = tmp_path / "bridge.toml"
    desk.store.close()
    (tmp_path / "bridge.sqlite").rename(load(BridgeSettings, settings).store.path)
    parts.STRANGER.save(tmp_path / "lab.pem")
    line = ["id", "pulses", parts.CODE, "--reference", str(reference), "--settings", str(settings)]
    return line, tmp_path, float(soh[205])


def test_reported_pulses_are_estimated_and_stated_with_all_they_were_made_of(reported, capsys):
    line, folder, soh = reported
    capsys.readouterr()
    assert run_line([*line, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["charged"] == pytest.approx(CHARGED[205])
    assert told["estimate"]["soh"]["low"] <= soh <= told["estimate"]["soh"]["high"]
    said = [*line, "--author", "lab-1", "--key", str(folder / "lab.pem")]
    assert run_line(said) == 0
    assert "1 events recorded" in capsys.readouterr().out
    store = SqliteStore(load(BridgeSettings, folder / "bridge.toml").store.path)
    state = Packs(store).state(parts.PACK)
    store.close()
    point = state.newest_health
    assert point.estimate.soh.value == pytest.approx(told["estimate"]["soh"]["value"])
    assert point.estimate.capacity_ah.value == pytest.approx(RATED * point.estimate.soh.value)
    assert point.at == state.inspections[0].at, "of the test's own time"
    assert point.author == "lab-1"
    assert len(point.estimate.inputs_digest) == 64


def test_a_unit_without_pulses_and_half_a_speaker_are_told_what_to_do(reported, capsys):
    line, _, _ = reported
    assert run_line([*line, "--author", "lab-1"]) == 2
    assert "--author and --key go together" in capsys.readouterr().err
    line[2] = parts.OTHER_CODE
    assert run_line(line) == 2
    assert "POST /api/v1/events" in capsys.readouterr().err


def test_pulses_of_another_length_are_refused_with_the_reason(desk):
    desk.submit(parts.registered().signed)
    gateway = parts.PlayedGateway()
    desk.receive(gateway.tell(e.ConditionCommitted(estimate())))
    body = e.InspectionRecorded("pulses", pulses=e.PulseTest((3.5,) * 20))
    answer = desk.submit(parts.signed(body, counter=1, author="maker-1", key=parts.MAKER))
    (outcome,) = answer.json()["outcomes"]
    assert outcome["outcome"] == "refused"
    assert "voltages_v" in outcome["detail"]
