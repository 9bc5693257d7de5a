"""Estimates on the edge: asked for, made in another process, and never in the way."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from gateway.health import HealthDesk, Request
from packtrail.columns import encode_columns
from packtrail.estimate import Estimate
from packtrail.sample import SampleBatch
from tests.gateway.bridge_player import eventually
from tests.gateway.drafts import PACK, T0
from tests.gateway.slots import SPEC


def chunks() -> list[bytes]:
    """A rest, an hour of charge and a rest, of four LFP cells."""
    t_s = np.arange(0, 7200, 10.0)
    current = np.where((t_s > 1800) & (t_s < 5400), 60.0, 0.0)
    soc = 0.2 + np.cumsum(current) * 10 / 3600 / 100
    volts = 3.2 + 0.15 * soc + current * 0.0005
    batch = SampleBatch.from_arrays(
        t_s=t_s, t0_ns=T0, pack_current_a=current, cell_voltage_v=np.stack([volts] * 4, axis=1)
    )
    return [encode_columns(batch.window(n, n + 60)) for n in range(0, len(batch), 60)]


@pytest.fixture
def delivered() -> list[tuple[Request, Estimate]]:
    return []


@pytest.fixture
def make_desk(delivered):
    desks: list[HealthDesk] = []

    def _make(**options) -> HealthDesk:
        desk = HealthDesk(lambda *told: delivered.append(told), **options)
        desks.append(desk)
        desk.start()
        return desk

    yield _make
    for desk in desks:
        desk.stop()


def request() -> Request:
    return Request(PACK, "1", SPEC, chunks(), 97.0)


def test_an_estimate_comes_back_from_a_process_that_is_gone_afterwards(make_desk, delivered):
    desk = make_desk()
    desk.ask(request())
    eventually(lambda: delivered, seconds=60)
    ((asked, answer),) = delivered
    estimate = answer.estimate
    assert asked.unit == PACK
    assert (estimate.samples, estimate.rated_ah, estimate.from_ns) == (720, 100.0, T0)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    assert not children.exists() or b"health.worker" not in children.read_bytes()


def test_a_worker_that_dies_costs_that_estimate_only(make_desk, delivered, tmp_path):
    flag = tmp_path / "died"
    script = (
        f"import os; p = {str(flag)!r}\n"
        "if not os.path.exists(p): open(p, 'w').close(); os.abort()\n"
        "from gateway.health import worker; worker.main()"
    )
    desk = make_desk(worker=(sys.executable, "-c", script))
    desk.ask(request())
    desk.ask(request())
    eventually(lambda: delivered, seconds=60)
    assert (desk.state.failed, desk.state.made) == (1, 1)


def test_a_worker_that_hangs_is_ended(make_desk):
    desk = make_desk(worker=(sys.executable, "-c", "import time; time.sleep(60)"), timeout_s=0.3)
    desk.ask(request())
    eventually(lambda: desk.state.timed_out == 1)


@pytest.mark.parametrize("says", ["b''", "b'nonsense'", "b'\\xff' * 10"])
def test_a_worker_that_talks_nonsense_is_counted(make_desk, delivered, says):
    script = f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({says})"
    desk = make_desk(worker=(sys.executable, "-c", script))
    desk.ask(request())
    eventually(lambda: desk.state.failed == 1)
    assert not delivered


def test_a_command_that_does_not_exist_is_counted(make_desk):
    desk = make_desk(worker=("/no/such/program",))
    desk.ask(request())
    eventually(lambda: desk.state.failed == 1)


def test_too_many_requests_are_dropped_and_counted(delivered):
    desk = HealthDesk(lambda *told: delivered.append(told))
    for _ in range(40):
        desk.ask(Request(PACK, "1", SPEC, [], None))
    assert desk.state.dropped == 8


def test_a_desk_that_cannot_deliver_says_so():
    desk = HealthDesk(lambda *_: 1 / 0)
    desk.start()
    desk.ask(request())
    eventually(lambda: desk.failure, seconds=60)
    assert isinstance(desk.failure, ZeroDivisionError)
    desk.stop()


def test_stopping_does_not_wait_for_a_worker(make_desk):
    desk = make_desk(worker=(sys.executable, "-c", "import time; time.sleep(60)"))
    desk.ask(request())
    eventually(lambda: desk._running is not None)
    desk.stop()
    assert desk._running is None
