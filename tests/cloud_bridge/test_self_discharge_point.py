"""The passport's self-discharge: from a long rest in the telemetry, or said to be unknown."""

from __future__ import annotations

import numpy as np
import pytest

from cloud_bridge.exports.datum import Missing, Source
from cloud_bridge.exports.formats import FORMATS
from cloud_bridge.exports.gathering import gather
from cloud_bridge.exports.making import prepared
from cloud_bridge.exports.passport import passport_of
from packtrail.event import ModelRef, PassportFacts, PassportStated
from packtrail.sample import SampleBatch
from packtrail.times import format_time
from tests.cloud_bridge import parts, passport_story
from tests.cloud_bridge.conftest import NOW
from tests.soh_model.invented import Cell

DAYS = 365.25 / 12
KEY = "self_discharge_now_pct_month"
MOVED = "self_discharge_evolution_pct"


def resting(gateway, *, days=7.0, pct_month=2.0, silence=None, current=0.05):
    """Chunks of three minutes, one each half hour, of an NMC pack that stands and loses charge."""
    chance, begin = np.random.default_rng(1), parts.T0 - 9 * passport_story.DAY
    messages = []
    for at in np.arange(0, days * 86400, 1800.0):
        if silence and silence[0] <= at / 86400 <= silence[1]:
            continue
        t_s = at + np.arange(0, 180, 60.0)
        cell = Cell().voltage(0.62 - pct_month / 100 / DAYS * t_s / 86400)
        batch = SampleBatch.from_arrays(
            t_s=t_s - at,
            t0_ns=begin + round(at * parts.SECOND),
            pack_voltage_v=108 * cell + chance.normal(0, 0.02, 3),
            pack_current_a=np.full(3, current),
            soc_pct=np.full(3, 60.0),
            temperature_c=np.full((3, 2), 24.0),
        )
        messages.append(gateway.telemetry(batch))
    return messages


def told(desk, category="lmt", initial=1.2, **how):
    desk.submit(passport_story.registered(chemistry="NMC", category=category))
    if initial is not None:
        facts = PassportFacts(self_discharge_pct_month=initial)
        body = PassportStated(facts, ModelRef("maker-1", "Demo 52"))
        desk.submit(passport_story.told(body, 3, unit=None))
    desk.receive(*resting(parts.PlayedGateway(), **how))
    return passport_of(gather(desk.store, parts.PACK))


def test_a_week_of_rest_tells_it_with_its_interval_and_where_from(desk):
    found = told(desk)
    datum = found.data[KEY]
    assert datum.low <= 2.0 <= datum.high
    assert datum.high - datum.low < 3.0
    assert (datum.unit, datum.source, datum.method) == ("%/month", Source.COMPUTED, "idle-loss/1")
    assert datum.from_time == format_time(parts.T0 - 9 * passport_story.DAY)
    assert datum.as_of < format_time(parts.T0)
    assert "a rest of 168 h" in datum.note
    moved = found.data[MOVED]
    assert moved.value == pytest.approx(100 * (datum.value / 1.2 - 1), abs=0.01)
    assert moved.low < moved.value < moved.high
    ready = prepared(desk.store, parts.PACK, NOW, key=parts.AUTHORITY)
    for name in ("batterypass-ready", "catenax", "batterypass", "idta"):
        assert str(datum.value) in str(FORMATS[name].write(ready)), name


def test_without_the_makers_value_there_is_nothing_to_compare_with(desk):
    found = told(desk, initial=None)
    assert KEY in found.data
    assert found.missing[MOVED] is Missing.NO_REFERENCE


@pytest.mark.parametrize(
    "how",
    [
        {"days": 0.9},
        {"silence": (0.9, 6.2)},
        {"current": 5.0},
        {"current": float("nan")},
        {"pct_month": -20.0},
    ],
    ids=["short", "silent", "in use", "current unknown", "charged unseen"],
)
def test_a_rest_that_cannot_tell_leaves_it_missing(desk, how):
    found = told(desk, **how)
    assert found.missing[KEY] is Missing.NOT_ENOUGH_DATA
    assert KEY not in found.data
    assert MOVED not in found.data
