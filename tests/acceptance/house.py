"""A whole house of real processes that can be killed: gateway, broker, bridge, database.

A gateway's outbox and uplink with a stream of known records, mosquitto or the embedded broker,
`packtrail bridge run` on SQLite or PostgreSQL, each of ours on a slow disk. `strike` kills at
seeded moments; `settle` ends the stream; `verdict` says what was lost or doubled.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from packtrail.columns import decode_columns
from packtrail.event import IncidentRecorded, decode_event
from packtrail.record import unseal
from packtrail.signing import SigningKey
from tests.databases import Postgres
from tests.services import LOOPBACK, Mosquitto, free_port, wait_for_port

GATEWAY = "station-7"
DRAIN_S = 900


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

    def __init__(
        self, folder: Path, port: int, protocol: str, gateway: str, postgres: str = ""
    ) -> None:
        super().__init__(folder, "bridge")
        SigningKey.generate().save(folder / "bridge.pem")
        self.key = SigningKey.load(folder / "bridge.pem").public.text
        self.store, self.postgres = folder / "bridge.db", postgres
        self.http_port = free_port()
        self.settings = folder / "bridge.toml"
        place = f'postgres = "{postgres}"' if postgres else f'path = "{self.store.name}"'
        self.settings.write_text(
            f'key_file = "bridge.pem"\n[store]\n{place}\n'
            f'[mqtt]\nhost = "{LOOPBACK}"\nport = {port}\nprotocol = "{protocol}"\n'
            f"[http]\nport = {self.http_port}\n"
            f'[[trust]]\nparty = "{GATEWAY}"\nrole = "gateway"\npublic_key = "{gateway}"\n'
        )

    def arguments(self) -> list[str]:
        return ["packtrail", "bridge", "run", "--settings", str(self.settings)]

    def rows(self, query: str) -> list[tuple]:
        """What a statement finds in the store, whichever database it is."""
        if self.postgres:
            with psycopg.connect(self.postgres) as connection:
                return connection.execute(query.encode()).fetchall()
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    def committed(self) -> int:
        """How many records the bridge has dealt with; none before it has made its store."""
        try:
            count: int = self.rows("SELECT count(*) FROM record")[0][0]
        except (sqlite3.OperationalError, psycopg.Error):
            return 0
        return count

    def numbers(self) -> Counter[int]:
        """How often each known number took effect."""
        found: Counter[int] = Counter()
        for (data,) in self.rows("SELECT data FROM chunk"):
            batch = decode_columns(unseal(bytes(data)).read().body)
            found.update(int(n) for n in batch.values["charge_throughput_ah"])
        for (data,) in self.rows("SELECT signed FROM ledger"):
            body = decode_event(bytes(data)).read().body
            if isinstance(body, IncidentRecorded):
                found[int(body.value or 0)] += 1
        return found

    def sequences(self) -> dict[str, list[int]]:
        """The sequence numbers of each epoch that the bridge has taken."""
        taken: dict[str, list[int]] = {}
        for epoch, seq in self.rows("SELECT epoch, seq FROM record ORDER BY seq"):
            taken.setdefault(epoch, []).append(seq)
        return taken


class Amqtt(Process):
    """The embedded broker of the demo, which speaks MQTT 3.1.1 only."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "broker")
        self.port = free_port()

    def arguments(self) -> list[str]:
        return ["tests.acceptance.embedded_broker", str(self.port)]


@dataclass(frozen=True)
class Verdict:
    """What became of the known records."""

    known: int
    lost: list[int]
    doubled: list[int]
    holes: list[str]
    kills: Counter[str]


class House:
    """All of them, running.

    Args:
        folder: theirs.
        broker: `mosquitto` or `amqtt`.
        protocol: MQTT's version.
        seed: of the kills.
        database: a PostgreSQL server for the bridge; None for SQLite.
    """

    def __init__(
        self, folder: Path, broker: str, protocol: str, seed: int, database: Postgres | None = None
    ) -> None:
        self.broker = Mosquitto(folder / "mosquitto") if broker == "mosquitto" else Amqtt(folder)
        SigningKey.generate().save(folder / "gateway.pem")
        public = SigningKey.load(folder / "gateway.pem").public.text
        conninfo = database.database() if database else ""
        self.bridge = Bridge(folder, self.broker.port, protocol, public, conninfo)
        self.stream = Stream(folder, self.broker.port, protocol, self.bridge.key)
        self.database, self.chance = database, random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.restarts = 0

    def start(self) -> None:
        """Begin."""
        for part in (self.broker, self.bridge, self.stream):
            part.start()
        wait_for_port(self.bridge.http_port, self.bridge.process)

    def end(self) -> None:
        """Kill what is left."""
        for part in (self.stream, self.bridge, self.broker):
            part.kill()

    def strike(self, count: int) -> Iterator[int]:
        """Kill so many times, each time somebody else; yields the number of each."""
        parts = [[self.stream], [self.broker], [self.bridge]]
        parts.append([self.bridge, self.broker, self.stream])
        if self.database:
            parts += [[self.database], [self.bridge, self.database]]
        for turn in range(count):
            if turn % 2:
                struck = self.chance.choice(parts)
                time.sleep(self.chance.uniform(0.1, 1.5))
            else:
                # A broker that survives would bring the bridge again what it had not
                # acknowledged: only their deaths together, in full flow, show a receipt before
                # its commit.
                struck = [self.bridge, self.broker]
                self._wait_for_flow()
                time.sleep(self.chance.uniform(0.0, 0.4))
            for part in struck:
                part.kill()
            time.sleep(self.chance.choice([0, 0, 0.5]))
            for part in reversed(struck):
                part.start()
            self.kills.update(type(part).__name__ for part in struck)
            yield turn + 1

    def settle(self) -> None:
        """End the stream, wait for its last receipt, stop the bridge."""
        self._supervise()
        self.stream.until.touch()
        assert self.stream.process is not None
        assert self.bridge.process is not None
        if self.stream.process.poll() is None or self.stream.process.returncode:
            self.stream.process.wait(DRAIN_S)
        assert self.stream.process.returncode == 0, self.stream.log.read_text()[-2000:]
        wait_for_port(self.bridge.http_port, self.bridge.process)
        self.bridge.process.terminate()
        assert self.bridge.process.wait(15) == 0, self.bridge.log.read_text()[-2000:]

    def verdict(self) -> Verdict:
        """Compare what the outbox had on disk with what took effect."""
        journal = [int(line) for line in (self.stream.folder / "journal").read_text().split()]
        found = self.bridge.numbers()
        doubled = [number for number, times in found.items() if times > 1]
        lost = [number for number in journal if number not in found]
        holes = [
            epoch
            for epoch, taken in self.bridge.sequences().items()
            if taken != list(range(1, len(taken) + 1))
        ]
        return Verdict(len(journal), lost, doubled, holes, self.kills)

    def _supervise(self) -> None:
        """Start again what ended by itself, as systemd does: a bridge without its database."""
        for part in (self.bridge, self.stream):
            if part.process is not None and part.process.poll() is not None:
                self.restarts += 1
                part.start()

    def _wait_for_flow(self, seconds: float = 40) -> None:
        """Until the bridge commits records, as it does when all live."""
        deadline = time.monotonic() + seconds
        before = self.bridge.committed()
        while self.bridge.committed() == before:
            self._supervise()
            assert time.monotonic() < deadline, "nothing flows"
            time.sleep(0.02)
