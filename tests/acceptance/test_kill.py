"""The promise: nothing lost, nothing twice, whatever is killed with kill -9.

Real processes: a gateway's outbox and uplink, a broker, `packtrail bridge run` on SQLite. At
seeded moments one of them is killed and started again, while a stream of known records flows.
Then the stream ends, and every record that ever reached the outbox is in the bridge once.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from packtrail.columns import decode_columns
from packtrail.event import IncidentRecorded, decode_event
from packtrail.record import unseal
from packtrail.signing import SigningKey
from tests.services import LOOPBACK, Mosquitto, free_port, wait_for_port

KILLS = 30
GATEWAY = "station-7"
DRAIN_S = 90


class Process:
    """One of our commands, that can be killed and started again."""

    def __init__(self, folder: Path, name: str) -> None:
        self.log = folder / f"{name}.log"
        self.name = name
        self.runs = 0
        self.process: subprocess.Popen[bytes] | None = None

    def arguments(self) -> list[str]:
        """What to run this time."""
        raise AssertionError("each process says its own")

    def start(self) -> None:
        """Start once more."""
        self.runs += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments()], stdout=log, stderr=log
            )

    def kill(self) -> None:
        """Kill -9, by its own process id."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Stream(Process):
    """The gateway of `known_stream`."""

    def __init__(self, folder: Path, port: int, protocol: str, bridge: str) -> None:
        super().__init__(folder, "gateway")
        self.folder, self.port, self.protocol, self.bridge = folder, port, protocol, bridge
        self.until = folder / "enough"

    def arguments(self) -> list[str]:
        module = "tests.acceptance.known_stream"
        link = [str(self.port), self.protocol, self.bridge]
        return ["-m", module, str(self.folder), GATEWAY, *link, str(self.runs), str(self.until)]


class Bridge(Process):
    """`packtrail bridge run`."""

    def __init__(self, folder: Path, port: int, protocol: str, gateway: str) -> None:
        super().__init__(folder, "bridge")
        SigningKey.generate().save(folder / "bridge.pem")
        self.key = SigningKey.load(folder / "bridge.pem").public.text
        self.store = folder / "bridge.db"
        self.http_port = free_port()
        self.settings = folder / "bridge.toml"
        self.settings.write_text(
            f'key_file = "bridge.pem"\n[store]\npath = "{self.store.name}"\n'
            f'[mqtt]\nhost = "{LOOPBACK}"\nport = {port}\nprotocol = "{protocol}"\n'
            f"[http]\nport = {self.http_port}\n"
            f'[[trust]]\nparty = "{GATEWAY}"\nrole = "gateway"\npublic_key = "{gateway}"\n'
        )

    def arguments(self) -> list[str]:
        return ["-m", "packtrail", "bridge", "run", "--settings", str(self.settings)]


class Amqtt(Process):
    """The embedded broker of the demo, which speaks MQTT 3.1.1 only."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "broker")
        self.port = free_port()

    def arguments(self) -> list[str]:
        return ["-c", f"from simulators.demo.broker import serve; serve({self.port})"]


def make_broker(kind: str, folder: Path) -> Mosquitto | Amqtt:
    """The broker under test."""
    return Mosquitto(folder / "mosquitto") if kind == "mosquitto" else Amqtt(folder)


@pytest.fixture(
    params=[("mosquitto", "5", 7), ("amqtt", "3.1.1", 11)], ids=lambda p: f"{p[0]}-seed{p[2]}"
)
def house(request, tmp_path):
    """Broker, bridge and stream, running; all ended afterwards."""
    kind, protocol, seed = request.param
    broker = make_broker(kind, tmp_path)
    SigningKey.generate().save(tmp_path / "gateway.pem")
    gateway = SigningKey.load(tmp_path / "gateway.pem").public.text
    bridge = Bridge(tmp_path, broker.port, protocol, gateway)
    stream = Stream(tmp_path, broker.port, protocol, bridge.key)
    parts = [broker, bridge, stream]
    try:
        for part in parts:
            part.start()
        wait_for_port(bridge.http_port, bridge.process)
        yield bridge, stream, parts, random.Random(seed)
    finally:
        for part in reversed(parts):
            part.kill()


def numbers_in(store: Path) -> Counter[int]:
    """How often each known number took effect in the bridge."""
    found: Counter[int] = Counter()
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        for (data,) in database.execute("SELECT data FROM chunk"):
            batch = decode_columns(unseal(data).read().body)
            found.update(int(n) for n in batch.values["charge_throughput_ah"])
        for (data,) in database.execute("SELECT signed FROM ledger"):
            body = decode_event(data).read().body
            if isinstance(body, IncidentRecorded):
                found[int(body.value or 0)] += 1
    database.close()
    return found


def sequences_in(store: Path) -> dict[str, list[int]]:
    """The sequence numbers of each epoch that the bridge has taken."""
    taken: dict[str, list[int]] = {}
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        for epoch, seq in database.execute("SELECT epoch, seq FROM record ORDER BY seq"):
            taken.setdefault(epoch, []).append(seq)
    database.close()
    return taken


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_record_arrives_once_whatever_is_killed(house):
    bridge, stream, parts, chance = house
    kills: Counter[str] = Counter()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.1, 1.5))
        part = chance.choice(parts)
        part.kill()
        time.sleep(chance.choice([0, 0, 0.5]))
        part.start()
        kills[type(part).__name__] += 1

    stream.until.touch()
    if stream.process.poll() is None or stream.process.returncode:
        stream.process.wait(DRAIN_S)
    assert stream.process.returncode == 0, stream.log.read_text()[-2000:]
    bridge.process.terminate()
    assert bridge.process.wait(15) == 0, bridge.log.read_text()[-2000:]

    journal = [int(line) for line in (stream.folder / "journal").read_text().split()]
    found = numbers_in(bridge.store)
    doubled = [number for number, times in found.items() if times > 1]
    lost = [number for number in journal if number not in found]
    assert sum(kills.values()) >= KILLS
    assert len(journal) > 500
    assert (lost, doubled) == ([], [])
    for epoch, taken in sequences_in(bridge.store).items():
        assert taken == list(range(1, len(taken) + 1)), f"holes in epoch {epoch}"
