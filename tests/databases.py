"""Real databases for tests: PostgreSQL and VictoriaMetrics, each in a folder of its own.

PostgreSQL refuses to run as root, so where the tests do, its own account runs it; its folder
then lies beside pytest's, which nobody else may enter.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.services import LOOPBACK, free_port, wait_for_port

QUICK = ("-c", "max_connections=60", "-c", "shared_buffers=32MB", "-c", "jit=off")


class Postgres:
    """A PostgreSQL server that can be killed with kill -9 and started again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="packtrail-postgres-"))
        self._as = _account()
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        command = [_program("initdb"), "-D", self.folder / "data", "-A", "trust", "-U", "bridge"]
        more = ["--no-locale", "-E", "UTF8", "--no-sync"]
        subprocess.run([*command, *more], check=True, capture_output=True, **self._as, cwd="/")

    def start(self) -> None:
        """Start and wait until it answers."""
        data = self.folder / "data"
        (data / "postmaster.pid").unlink(missing_ok=True)
        command = [_program("postgres"), "-D", data, "-k", self.folder, "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "-h", LOOPBACK, *QUICK], stdout=log, stderr=log, **self._as, cwd="/"
            )
        wait_for_port(self.port, self.process)
        self._wait_until_ready()

    def kill(self) -> None:
        """kill -9 the server and every process of it, as a power cut would."""
        if self.process is None:
            return
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = [int(pid) for pid in children.read_text().split()]
        self.process.kill()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it noticed, and ended by itself
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def stop(self) -> None:
        """End it at once; what it kept is of no use any more."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)
            self.process = None

    def remove(self) -> None:
        """Stop, and delete what it kept."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self) -> str:
        """Make an empty database; how to connect to it."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.conninfo(name)

    def conninfo(self, name: str) -> str:
        """How to connect to the database `name`."""
        return f"postgresql://bridge@{LOOPBACK}:{self.port}/{name}"

    def _wait_until_ready(self) -> None:
        """After a crash the port is open before the log is replayed."""
        for _ in range(200):
            try:
                psycopg.connect(self.conninfo("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                assert self.process is not None
                assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.05)
            else:
                return
        pytest.fail((self.folder / "log").read_text()[-2000:])


class VictoriaMetrics:
    """An InfluxDB-compatible server that can be killed with kill -9 and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start and wait until it listens."""
        program = shutil.which("victoria-metrics", path="/usr/bin:/usr/local/bin")
        if program is None:
            pytest.fail("VictoriaMetrics is not installed (apt install victoria-metrics)")
        options = {
            "storageDataPath": self.folder,
            "httpListenAddr": f"{LOOPBACK}:{self.port}",
            "dedup.minScrapeInterval": "1ms",
            "retentionPeriod": "100y",
            "memory.allowedBytes": "128MB",
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, *(f"-{name}={value}" for name, value in options.items())],
                stdout=log,
                stderr=log,
            )
        wait_for_port(self.port, self.process)

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def stop(self) -> None:
        """Let it write its state and leave."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for many tests, each with a database of its own; nobody kills it."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def mortal_postgres() -> Iterator[Postgres]:
    """A server of this test's own, that it may kill."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    """A running InfluxDB-compatible server, empty."""
    server = VictoriaMetrics(tmp_path / "victoria")
    server.start()
    yield server
    server.stop()


def _account() -> dict[str, Any]:
    """For `subprocess`: somebody else, where root runs the tests."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.fail("no account to run PostgreSQL as")


def _program(name: str) -> str:
    """Debian keeps the server's programs out of the path."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=":".join([*map(str, places), os.environ.get("PATH", "")]))
    if found is None:
        pytest.fail(f"{name} is not installed (Debian: apt install postgresql)")
    return found
