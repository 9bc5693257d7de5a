"""Recorded buses through the whole path: what arrives makes physical sense."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from packtrail.codes import PackCode
from packtrail.columns import decode_columns
from packtrail.command import run_line
from packtrail.record import Kind
from packtrail.sample import SampleBatch
from tests.gateway.bridge_player import BridgePlayer
from tests.gateway.stations import write_settings

pytestmark = pytest.mark.real_data


@pytest.fixture
def arrive(tmp_path, mosquitto):
    """Replays a log and returns what the bridge stored of the pack."""
    code = PackCode.make(maker="001", chemistry="NMC", made_on=date(2020, 1, 2), serial=3).text

    def _arrive(log, profile: str) -> SampleBatch:
        bridge = BridgePlayer(mosquitto.port)
        settings = write_settings(tmp_path, mosquitto.port)
        words = ["gateway", "replay", log, "--settings", settings, "--profile", profile]
        assert run_line([str(word) for word in (*words, "--pack", code)]) == 0
        records = sorted(bridge.records.values(), key=lambda record: record.seq)
        bridge.close()
        chunks = [record for record in records if record.kind is Kind.TELEMETRY]
        assert {record.unit.id for record in chunks} == {code}
        return SampleBatch.joined([decode_columns(record.body) for record in chunks])

    return _arrive


def known(samples: SampleBatch, name: str) -> np.ndarray:
    column = samples.values[name]
    return column[np.isfinite(column)]


def test_a_recorded_charging_session_arrives(arrive, real_data):
    samples = arrive(real_data / "can" / "gbt27930_2015_session.csv.gz", "gbt27930")
    volts, current = known(samples, "pack_voltage_v"), known(samples, "pack_current_a")
    soc = known(samples, "soc_pct")
    assert len(volts) >= 10
    assert 200 < volts.min() <= volts.max() < 800
    assert (current >= -1).all()
    assert 0 <= soc.min() <= soc.max() <= 100
    assert (np.diff(soc) >= 0).all()


def test_a_recorded_drive_arrives(arrive, real_data):
    """The recording kept with the Leaf's DBC carries another vehicle's battery messages."""
    samples = arrive(real_data / "can" / "leaf_powertrain.candump.log.gz", "tesla_model_s")
    volts, current = known(samples, "pack_voltage_v"), known(samples, "pack_current_a")
    assert len(volts) >= 3
    assert 250 < volts.min() <= volts.max() < 450
    assert (np.abs(current) < 2000).all()
