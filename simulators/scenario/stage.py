"""The house of a scenario: every part as a process, and the stagehand who pulls the plugs.

The station speaks from this process, through a bus server, so that the gateway can be killed and
come back to buses that went on; between gateway and broker lies a network that can be cut.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from simulators.demo.layout import CHANNEL, Layout, Ports
from simulators.demo.loopback import LOOPBACK
from simulators.demo.processes import Child, Family
from simulators.demo.web import answers
from simulators.fleet import SLOT_STARTS
from simulators.scenario.proxy import Proxy
from simulators.scenario.script import (
    ClockStep,
    DiskFull,
    NetworkDown,
    NetworkSlow,
    PowerCut,
    Scenario,
)
from simulators.scenario.small_disk import SmallDisk
from simulators.wire.bus_server import BusServer

START_S: Final = 60.0
AGAIN_S: Final = 0.5
PROGRAMS: Final = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin"
"""Debian's mosquitto lies where a user's PATH need not lead."""
Step = tuple[float, Callable[[], None]]


class Stage:
    """Everything that a scenario needs, started by `raise_curtain`.

    Args:
        folder: for keys, settings, databases and logs; empty or not there yet.
        scenario: what will happen.
        start: station time of the beginning, RFC 3339.
    """

    def __init__(self, folder: Path, scenario: Scenario, start: str) -> None:
        ports = Ports.choose(0)
        self.buses = BusServer({CHANNEL.format(slot=s.slot): s.slot for s in SLOT_STARTS})
        self.network = Proxy(ports.broker)
        self.layout = Layout(folder, ports, self.network.port, self.buses.port)
        self.layout.write(start=start, speed=scenario.speed, seed=scenario.seed)
        self._disk = SmallDisk(self.layout.outbox) if scenario.fills_disk else None
        self._family = Family(folder / "logs")
        self._children: dict[str, Child] = {}
        self._lines = {
            "broker": _broker(folder, ports.broker),
            "bridge": ["line", "bridge", "run", "--settings", str(self.layout.bridge)],
            "gateway": ["line", "gateway", "run", "--settings", str(self.layout.gateway)],
        }

    def raise_curtain(self) -> None:
        """Start broker, bridge and gateway, and wait until they answer.

        Raises:
            SimulationError: one of them does not come up.
        """
        ready = {
            "broker": lambda: _listens(self.layout.ports.broker),
            "bridge": lambda: answers(f"{self.layout.bridge_url}/health"),
            "gateway": lambda: answers(f"{self.layout.gateway_url}/health"),
        }
        for name, up in ready.items():
            self._start(name)
            self._family.wait_until(up, self._children[name], START_S)

    def steps(self, scenario: Scenario) -> list[Step]:
        """What the stagehand has to do when, in order."""
        steps: list[Step] = []
        for deed in scenario.deeds:
            end_s = deed.at_s + getattr(deed, "for_s", 0.0)
            match deed:
                case PowerCut(on=name):
                    steps.append((deed.at_s, partial(self._kill, name)))
                    steps.append((end_s, partial(self._start, name)))
                case NetworkDown():
                    steps += [(deed.at_s, self.network.cut), (end_s, self.network.mend)]
                case NetworkSlow(bytes_per_s=rate):
                    steps.append((deed.at_s, partial(self._slow, rate)))
                    steps.append((end_s, partial(self._slow, 0)))
                case ClockStep(step_s=ahead):
                    steps.append((deed.at_s, partial(self._set_clock, ahead)))
                    steps.append((end_s, partial(self._set_clock, 0.0)))
                case DiskFull(for_s=length):
                    # Whatever the gateway frees is taken again at once.
                    fills = range(round(length / AGAIN_S))
                    steps += [(deed.at_s + n * AGAIN_S, self._fill_disk) for n in fills]
                    steps.append((end_s, self._clear_disk))
                case _:
                    continue
        return sorted(steps, key=lambda step: step[0])

    def said(self, name: str, word: str) -> int:
        """How many lines of a process's log have a word in them."""
        log = self.layout.folder / "logs" / f"{name}.log"
        return sum(word in line for line in log.read_text("utf-8", "replace").splitlines())

    def check(self) -> None:
        """Raise what ended without having been killed.

        Raises:
            SimulationError: with the last line of its log.
        """
        self._family.check()

    def close(self) -> None:
        """End everything."""
        self.network.mend()
        self._family.stop()
        self.network.close()
        self.buses.close()

    def _start(self, name: str) -> None:
        before = self._disk.before if self._disk and name == "gateway" else ()
        self._children[name] = self._family.start(name, self._lines[name], before)

    def _set_clock(self, ahead_s: float) -> None:
        self._children["gateway"].set_clock(ahead_s)

    def _fill_disk(self) -> None:
        if self._disk:
            self._disk.fill(self._children["gateway"].pid)

    def _clear_disk(self) -> None:
        if self._disk:
            self._disk.clear(self._children["gateway"].pid)

    def _kill(self, name: str) -> None:
        self._family.kill(self._children[name])

    def _slow(self, rate: int) -> None:
        self.network.bytes_per_s = rate


def _broker(folder: Path, port: int) -> list[str]:
    """Mosquitto where it is installed, as stations have it; else the demonstration's own.

    The latter (amqtt 0.12) may stop to deliver after a connection that ended without a word.
    """
    program = shutil.which("mosquitto", path=PROGRAMS)
    if program is None:
        return ["broker", str(port)]
    home = folder / "broker"
    home.mkdir()
    settings = home / "mosquitto.conf"
    lines = (
        f"listener {port} {LOOPBACK}",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {home}/",
        # It would give up root's rights, and with them the folder that root has made.
        f"user {getpass.getuser()}",
        "max_queued_messages 0",
    )
    settings.write_text("\n".join(lines) + "\n", "utf-8")
    return ["mosquitto", program, str(settings)]


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), 0.5):
            return True
    except OSError:
        return False
