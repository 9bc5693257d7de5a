"""The demonstration: starts every part, watches, and ends everything in order.

Broker, bridge, and the process that holds station and gateway are children of this one. When
the time is over or Ctrl-C comes, the station stops first, the gateway's outbox runs empty, and
only then the rest ends: so the last look can say whether anything was lost.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from packtrail.language import Text
from packtrail.times import NS_PER_S
from simulators.demo.expectations import Finding, judge_path, judge_run, judge_truth
from simulators.demo.layout import Layout
from simulators.demo.loopback import LOOPBACK
from simulators.demo.observed import Snapshot
from simulators.demo.processes import Child, Family
from simulators.demo.watch import Watcher
from simulators.demo.web import answers
from simulators.errors import SimulationError

START_S: Final = 60.0
LOOK_S: Final = 1.0
DRAIN_S: Final = 20.0
SECONDS_A_MINUTE: Final = 60.0
NEEDED: Final = ("amqtt", "fastapi", "jinja2", "uvicorn")

Show = Callable[[Snapshot], None]


@dataclass(frozen=True, slots=True)
class Course:
    """How a demonstration runs.

    Attributes:
        speed: station seconds per real second.
        seed: of the simulation.
        duration_s: real seconds, or None until Ctrl-C.
    """

    speed: float
    seed: int
    duration_s: float | None


class Demonstration:
    """One run in one folder.

    Args:
        layout: where everything stands.
        course: how it runs.
    """

    def __init__(self, layout: Layout, course: Course) -> None:
        self._layout, self._course = layout, course
        self._stop = threading.Event()
        self._family = Family(layout.folder / "logs")
        self._watcher = Watcher(layout.gateway_url, layout.bridge_url)
        self._station: Child | None = None
        self._start_ns = 0

    def prepare(self) -> None:
        """Write keys and settings, and start every part.

        Raises:
            SimulationError: the folder is taken, or a part does not come up.
        """
        _check_installed()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._stop.set())
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        self._start_ns = int(start.timestamp()) * NS_PER_S
        self._layout.write(
            start=start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            speed=self._course.speed,
            seed=self._course.seed,
        )
        ports = self._layout.ports
        broker = self._family.start("broker", ["broker", str(ports.broker)])
        self._family.wait_until(lambda: _listens(ports.broker), broker, START_S)
        line = ["line", "bridge", "run", "--settings", str(self._layout.bridge)]
        bridge = self._family.start("bridge", line)
        run = ["gateway", "run", "--settings", str(self._layout.gateway)]
        self._station = self._family.start("station", ["station", str(self._layout.station), *run])
        self._family.wait_until(
            lambda: answers(f"{self._layout.bridge_url}/health"), bridge, START_S
        )
        self._family.wait_until(
            lambda: answers(f"{self._layout.gateway_url}/health"), self._station, START_S
        )

    def watch(self, show: Show) -> None:
        """Look once a second until the time is over or somebody stops it.

        Raises:
            SimulationError: a part ended by itself.
        """
        begun_s = time.monotonic()
        while not self._stop.is_set() and not self._over(begun_s):
            self._family.check()
            show(self._watcher.look())
            self._stop.wait(LOOK_S)

    def finish(self, show: Show) -> list[Finding]:
        """Stop the station, let the outbox run empty, look a last time.

        Raises:
            SimulationError: a part ended by itself.
        """
        assert self._station is not None
        self._family.check()
        self._station.quieten()
        deadline = time.monotonic() + DRAIN_S
        snapshot = self._watcher.look()
        while not snapshot.path.complete and time.monotonic() < deadline:
            time.sleep(LOOK_S / 2)
            snapshot = self._watcher.look()
        show(snapshot)
        station_min = max(0, snapshot.t_ns - self._start_ns) / NS_PER_S / SECONDS_A_MINUTE
        tally = self._watcher.tally
        return [
            *judge_run(tally, station_min),
            judge_truth(tally, self._truth()),
            judge_path(snapshot.path),
        ]

    def close(self) -> None:
        """End every part, whatever state it is in."""
        self._family.stop()

    def _truth(self) -> dict[str, float]:
        """The true state of health of every pack, as far as the station wrote it."""
        if not self._layout.truth.exists():
            return {}
        packs = json.loads(self._layout.truth.read_text("utf-8"))["packs"]
        return {pack["code"]: pack["soh"] for pack in packs}

    def _over(self, begun_s: float) -> bool:
        duration_s = self._course.duration_s
        return duration_s is not None and time.monotonic() - begun_s >= duration_s


def _check_installed() -> None:
    """The demonstration needs more than a gateway does."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SimulationError(
            Text("{names} are not installed", "尚未安装 {names}").fill(names=", ".join(missing)),
            hint="pip install 'packtrail[bridge,fleet]'",
        )


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), 0.5):
            return True
    except OSError:
        return False
