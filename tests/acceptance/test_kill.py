"""The promise: nothing lost, nothing twice, whatever is killed with kill -9.

Real processes: a gateway's outbox and uplink, a broker, `packtrail bridge run` on SQLite, each
on a slow disk. At seeded moments one of them, two or all are killed and started again, while a
stream of known records flows. Then the stream ends, and every record that ever reached the
outbox is in the bridge once.

It fails when the bridge answers before it has committed, when duplicates are not removed, when
the outbox believes MQTT's acknowledgement, and when a receipt claims one number too many.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
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
        """The module to run this time, and its arguments."""
        raise AssertionError("each process says its own")

    def start(self) -> None:
        """Start once more."""
        self.runs += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.acceptance.slow_disk", *self.arguments()],
                stdout=log,
                stderr=log,
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
        return [module, str(self.folder), GATEWAY, *link, str(self.runs), str(self.until)]


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
        return ["packtrail", "bridge", "run", "--settings", str(self.settings)]


class Amqtt(Process):
    """The embedded broker of the demo, which speaks MQTT 3.1.1 only."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "broker")
        self.port = free_port()

    def arguments(self) -> list[str]:
        return ["tests.acceptance.embedded_broker", str(self.port)]


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
        yield broker, bridge, stream, random.Random(seed)
    finally:
        for part in reversed(parts):
            part.kill()


def numbers_in(store: Path) -> Counter[int]:
    """How often each known number took effect in the bridge."""
    found: Counter[int] = Counter()
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        for (data,) in database.execute("SELECT data FROM chunk"):
            batch = decode_columns(unseal(data).read().body)
            found.update(int(n) for n in batch.values["charge_throughput_ah"])
        for (data,) in database.execute("SELECT signed FROM ledger"):
            body = decode_event(data).read().body
            if isinstance(body, IncidentRecorded):
                found[int(body.value or 0)] += 1
    return found


def wait_for_flow(store: Path, seconds: float = 20) -> None:
    """Until the bridge commits records, as it does when all three live."""
    deadline = time.monotonic() + seconds
    before = committed_in(store)
    while committed_in(store) == before:
        assert time.monotonic() < deadline, "nothing flows"
        time.sleep(0.01)


def committed_in(store: Path) -> int:
    """How many records the bridge has dealt with; none before it has made its store."""
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
            count: int = database.execute("SELECT count(*) FROM record").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    return count


def sequences_in(store: Path) -> dict[str, list[int]]:
    """The sequence numbers of each epoch that the bridge has taken."""
    taken: dict[str, list[int]] = {}
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        for epoch, seq in database.execute("SELECT epoch, seq FROM record ORDER BY seq"):
            taken.setdefault(epoch, []).append(seq)
    return taken


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_record_arrives_once_whatever_is_killed(house):
    broker, bridge, stream, chance = house
    kills: Counter[str] = Counter()
    for turn in range(KILLS):
        if turn % 2:
            struck = chance.choice([[stream], [broker], [bridge], [bridge, broker, stream]])
            time.sleep(chance.uniform(0.1, 1.5))
        else:
            # A broker that survives would bring the bridge again what it had not acknowledged:
            # only their deaths together, in full flow, show a receipt before its commit.
            struck = [bridge, broker]
            wait_for_flow(bridge.store)
            time.sleep(chance.uniform(0.0, 0.4))
        for part in struck:
            part.kill()
        time.sleep(chance.choice([0, 0, 0.5]))
        for part in reversed(struck):
            part.start()
        kills.update(type(part).__name__ for part in struck)

    stream.until.touch()
    if stream.process.poll() is None or stream.process.returncode:
        stream.process.wait(DRAIN_S)
    assert stream.process.returncode == 0, stream.log.read_text()[-2000:]
    wait_for_port(bridge.http_port, bridge.process)
    bridge.process.terminate()
    assert bridge.process.wait(15) == 0, bridge.log.read_text()[-2000:]

    journal = [int(line) for line in (stream.folder / "journal").read_text().split()]
    found = numbers_in(bridge.store)
    doubled = [number for number, times in found.items() if times > 1]
    lost = [number for number in journal if number not in found]
    assert min(kills.values()) > 5
    assert len(journal) > 500
    assert (lost, doubled) == ([], [])
    for epoch, taken in sequences_in(bridge.store).items():
        assert taken == list(range(1, len(taken) + 1)), f"holes in epoch {epoch}"
