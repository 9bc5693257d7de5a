"""How long a person waits for `packtrail --help`, beside a bare interpreter in the same run.

And how much processor time checking a pack's proof in a file takes from start to end, beside an
interpreter that only loads Ed25519: other work on the machine moves that less than the clock.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.timing import table
from cloud_bridge.ledger.authority import Authority
from cloud_bridge.ledger.proof import prove
from cloud_bridge.store import SqliteStore
from packtrail.event import KeyRegistered
from tests.cloud_bridge import parts

ROUNDS = 15
LINES = {
    "python -c pass": ["-c", "pass"],
    "packtrail --help": ["-m", "packtrail", "--help"],
    "packtrail code read CODE": ["-m", "packtrail", "code", "read", "000PB0100000ABG410000001"],
    "packtrail gateway --help": ["-m", "packtrail", "gateway", "--help"],
    "packtrail bridge --help": ["-m", "packtrail", "bridge", "--help"],
}
ED25519 = "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey"
FACTS = 5
LIMIT_MS = 300
ORIGIN = "bench.example/ledger"


def milliseconds(arguments: list[str]) -> float:
    """Wall time of one process, from start to end."""
    begin = time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return (time.monotonic() - begin) * 1000


def processor_milliseconds(arguments: list[str]) -> float:
    """User and system time of one process, from start to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    milliseconds(arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def write_proof(folder: Path) -> Path:
    """The proof of a pack's whole story, in a file."""
    store = SqliteStore(folder / "bridge.sqlite")
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN)
    authority.publish_trust([KeyRegistered(parts.STATION.public.text, "station-1", "gateway")])
    store.append([parts.installed(counter=1 + number) for number in range(FACTS)], parts.T0)
    authority.seal()
    file = folder / "proof.json"
    file.write_bytes(msgspec.json.encode(prove(store, parts.PACK, ORIGIN, parts.AUTHORITY.public)))
    store.close()
    return file


def check_offline() -> None:
    """Processor time of `packtrail id verify FILE`."""
    with tempfile.TemporaryDirectory() as folder:
        file, key = write_proof(Path(folder)), parts.AUTHORITY.public.text
        lines = {
            "python -c pass": ["-c", "pass"],
            "python -c 'import ...ed25519'": ["-c", ED25519],
            "packtrail id verify FILE": [
                "-m",
                "packtrail",
                "id",
                "verify",
                str(file),
                "--key",
                key,
            ],
        }
        taken = {
            name: [processor_milliseconds(lines[name]) for _ in range(ROUNDS)] for name in lines
        }
    bare = median(taken["python -c 'import ...ed25519'"])
    rows = [
        (name, f"{median(t):.0f}", f"{median(t) / bare:.1f}", f"{median(t) / LIMIT_MS:.0%}")
        for name, t in taken.items()
    ]
    table(("process", "CPU ms, median", "x Ed25519 loaded", "of the 300 ms allowed"), rows)


def main() -> None:
    """Print the median of each line."""
    check_offline()
    taken = {name: [milliseconds(line) for line in [line] * ROUNDS] for name, line in LINES.items()}
    bare = median(taken["python -c pass"])
    rows = [(n, f"{median(t):.0f}", f"{median(t) / bare:.1f}") for n, t in taken.items()]
    table(("command", "ms, median", "x bare interpreter"), rows)
