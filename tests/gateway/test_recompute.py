"""What the records carry is enough to compute an estimate again, to the same digest and numbers."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

import soh_model
from can_decoder.gbt32960 import Command, Edition, Login, Unit, build, build_login, build_report
from can_decoder.gbt32960.units import FIXED
from packtrail.columns import decode_columns
from packtrail.command import run_line
from packtrail.event import ConditionCommitted, decode_event
from packtrail.record import Kind
from packtrail.sample import SampleBatch
from packtrail.times import NS_PER_S
from soh_model import PackSpec
from tests.gateway.bridge_player import BridgePlayer
from tests.gateway.drafts import T0
from tests.gateway.stations import write_settings

VIN, CODE = "LSVAA4182E2100001", "001PB24F3A0000FBV0000123"
START = T0 - T0 % NS_PER_S
MODEL = '[[pack_model]]\nprefix = "001"\nchemistry = "NMC"\nrated_ah = 50\ncells_in_series = 8\n'
PERIOD_S = 10
TRUE_AH = 46.0


def charge() -> bytes:
    """Rest, a charge from 15 to 90 %, and a quarter of an hour of rest, as a vehicle reports it."""
    current = np.concatenate([np.zeros(180), np.full(497, 25.0), np.zeros(100)])
    soc = 0.15 + np.cumsum(current) * PERIOD_S / 3600 / TRUE_AH
    rest_v = 3.4 + 0.75 * soc
    said = Login(START, 1, "89860000000000000001", (CODE,))
    out = [build(Command.LOGIN, VIN, build_login(said, Edition.OF_2016))]
    for n, (ampere, volt) in enumerate(zip(current, rest_v + 0.001 * current, strict=True)):
        out.append(report(n, float(ampere), float(volt), float(soc[n])))
    return b"".join(out)


def report(n: int, ampere: float, volt: float, soc: float) -> bytes:
    names = [place.name for place in FIXED[Edition.OF_2016, 0x01][1]]
    numbers = dict.fromkeys(names, 0.0) | {
        "voltage_v": 8 * volt,
        "current_a": -ampere,
        "soc_pct": round(100 * soc),
    }
    cells = Unit(
        kind="cells",
        code=8,
        numbers={"voltage_v": 8 * volt, "current_a": -ampere},
        lists={"cell_voltage_v": np.full(8, volt)},
    )
    vehicle = Unit(kind="vehicle", code=1, numbers=numbers)
    data = build_report(START + n * PERIOD_S * NS_PER_S, [vehicle, cells])
    return build(Command.REALTIME, VIN, data)


@pytest.fixture
def bridge(mosquitto):
    player = BridgePlayer(mosquitto.port)
    yield player
    player.close()


def test_anybody_with_the_records_computes_the_same_estimate(tmp_path, mosquitto, bridge):
    (tmp_path / "charge.bin").write_bytes(charge())
    settings = write_settings(tmp_path, mosquitto.port, MODEL)
    line = ["gateway", "replay", str(tmp_path / "charge.bin"), "--settings", str(settings)]
    assert run_line(line) == 0
    records = sorted(bridge.records.values(), key=lambda record: record.seq)
    (health,) = [record for record in records if record.kind is Kind.HEALTH]
    event = decode_event(health.body).read()
    told = event.body
    assert isinstance(told, ConditionCommitted)
    batches = [decode_columns(r.body) for r in records if r.kind is Kind.TELEMETRY]
    within = [b for b in batches if event.from_ns <= b.t_ns[0] and b.t_ns[-1] <= event.to_ns]
    samples = SampleBatch.joined(sorted(within, key=lambda batch: batch.t_ns[0]))
    again = soh_model.estimate(samples, msgspec.convert(told.spec, PackSpec))
    assert again.inputs_digest == told.estimate.inputs_digest
    assert msgspec.structs.replace(again, from_ns=0, to_ns=0) == told.estimate
    assert told.estimate.verdict == "told"
    assert (samples.t_ns[0], samples.t_ns[-1]) == (event.from_ns, event.to_ns)
