"""What a pack did in a day, and what an estimate can be computed again from."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.health.coverage import coverage_pct, throughput_ah
from gateway.pipeline.usage import Usage
from packtrail.event import UsageRecorded, decode_event
from packtrail.sample import Sample, SampleBatch
from packtrail.times import NS_PER_S
from tests.gateway.drafts import PACK, T0, opened
from tests.gateway.memory_outbox import MemoryOutbox
from tests.gateway.slots import feed, make_slot, status

MIDNIGHT = 1_775_001_600 * NS_PER_S


def sample(seconds: float, current: float = 60.0, soc: float = 50.0, **more) -> Sample:
    values = {"pack_current_a": current, "soc_pct": soc, "pack_voltage_v": 400.0} | more
    return Sample(MIDNIGHT + round(seconds * NS_PER_S), values)


def histogram(recorded: UsageRecorded, quantity: str) -> tuple[float, ...]:
    return next(h.hours for h in recorded.histograms if h.quantity == quantity)


def test_hours_throughput_and_extremes_of_a_visit_are_counted():
    usage = Usage()
    for second in range(1801):
        usage.add(sample(second, current=60.0 if second < 900 else -30.0, soc=45.0))
    recorded = usage.finish()
    assert recorded.day == "2026-04-01"
    assert recorded.covered_h == 0.5
    assert recorded.charge_ah == pytest.approx(15.0)
    assert recorded.discharge_ah == pytest.approx(7.5)
    assert recorded.charge_kwh == pytest.approx(6.0)
    assert histogram(recorded, "soc_pct")[4] == 0.5
    assert sum(histogram(recorded, "pack_current_a")) == pytest.approx(0.5)
    current = next(e for e in recorded.extremes if e.quantity == "pack_current_a")
    assert (current.low, current.high) == (-30.0, 60.0)


def test_a_gap_is_a_gap_and_nothing_is_assumed_in_it():
    usage = Usage()
    for second in (*range(601), *range(4200, 4801)):
        usage.add(sample(second))
    recorded = usage.finish()
    assert recorded.covered_h == pytest.approx(1200 / 3600, abs=1e-4)
    assert recorded.gap_h == 1.0
    assert [(gap.from_time, gap.to_time) for gap in recorded.gaps] == [
        ("2026-04-01T00:10:00.000000000Z", "2026-04-01T01:10:00.000000000Z")
    ]


def test_midnight_divides_what_was_seen():
    usage = Usage()
    days = [usage.add(sample(second)) for second in range(-1200, 1200)]
    (finished,) = [day for day in days if day]
    assert finished.day == "2026-03-31"
    assert usage.finish().day == "2026-04-01"


def test_a_restart_goes_on_and_garbage_begins_anew():
    usage = Usage()
    for second in range(600):
        usage.add(sample(second))
    again = Usage()
    again.resume(usage.remember())
    for second in range(600, 901):
        again.add(sample(second))
    assert again.finish().covered_h == 0.25
    for garbage in (None, b"", b"\xc1", b"\x93"):
        fresh = Usage()
        fresh.resume(garbage)
        assert fresh.finish() is None


def test_a_clock_that_jumps_back_counts_nothing_twice():
    usage = Usage()
    for second in (*range(1000), *range(500, 1000)):
        usage.add(sample(second))
    assert usage.finish().covered_h < 1510 / 3600


def test_a_pack_that_leaves_takes_its_day_along():
    outbox = MemoryOutbox()
    slot = make_slot(outbox)
    slot.know(PACK, T0)
    feed(slot, [status(second, current=60) for second in range(900)])
    slot.leave(T0 + 900 * NS_PER_S)
    records = [opened(row.sealed) for row in outbox.waiting(after=0, limit=100)]
    (event,) = [e for r in records if r.kind.carries_event and (e := decode_event(r.body).read())]
    assert (event.unit, event.type) == (PACK, "UsageRecorded")
    assert event.body.charge_ah == pytest.approx(60 * 899 / 3600, rel=0.01)


def test_an_estimate_is_made_on_demand_of_what_was_said_so_far():
    outbox, asked = MemoryOutbox(), []
    slot = make_slot(outbox, asked)
    assert slot.estimate_now() is False
    slot.know(PACK, T0)
    feed(slot, [status(second, current=60) for second in range(100)])
    assert slot.estimate_now() is True
    assert asked[0].unit == PACK


def test_coverage_and_throughput_leave_gaps_out():
    t_s = np.concatenate([np.arange(0, 600.0), np.arange(1200, 1800.0)])
    batch = SampleBatch.from_arrays(t_s=t_s, pack_current_a=np.full(1200, -36.0))
    assert coverage_pct(batch) == pytest.approx(66.6, abs=0.1)
    assert throughput_ah(batch) == pytest.approx(36 * 1198 / 3600, abs=0.01)
    assert coverage_pct(batch.window(0, 1)) is None
    assert throughput_ah(SampleBatch.from_arrays(t_s=t_s)) is None
