"""What it costs to ask who reads: one pack's answer guarded, against the same answer unguarded.

Processor time of the whole request through the application, SQLite below. Also a password.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.timing import compared, processor_us, table
from cloud_bridge.access import Gate, Jurisdiction, Purpose, Reader, read_table
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.limits import Limits, Rate
from cloud_bridge.access.reads import ReadLog
from cloud_bridge.access.visitor import Doors, Mandate
from cloud_bridge.api.context import Context
from cloud_bridge.ingest.presence import Presence
from cloud_bridge.ledger.authority import Authority, TrustReader
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.login.passwords import fits, hashed
from cloud_bridge.login.sessions import OIDC
from cloud_bridge.login.settings import LoginSettings
from cloud_bridge.metrics import Metrics
from cloud_bridge.service import Health
from cloud_bridge.store import SqliteStore
from cloud_bridge.view import Packs, Stations
from cloud_bridge.web import application, guarded
from packtrail.event import KeyRegistered
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts

ORIGIN = "bridge.example/ledger"
PATH = f"/api/v1/packs/{parts.CODE}"
WIDE = Rate(1e6, 1_000_000)
RECYCLER = Mandate(Reader.RECYCLER, (Purpose.TRIAGE,))


def context_over(store: SqliteStore) -> Context:
    """A bridge without a broker, and a registered pack in it."""
    key = SigningKey.from_seed(b"authority".ljust(32, b"."))
    trust = TrustReader(store, key.public)
    authority = Authority(store, key, "bridge-1", ORIGIN)
    authority.publish_trust([KeyRegistered(parts.MAKER.public.text, "maker-1", "maker")])
    store.append([parts.registered()], time.time_ns())
    authority.seal()
    packs = Packs(store)
    return Context(
        store=store,
        packs=packs,
        stations=Stations(store, packs, trust, Presence(), time.time_ns),
        trust=trust,
        metrics=Metrics(),
        health=lambda: Health(()),
        origin=ORIGIN,
        log_key=key.public,
        seal=authority.seal,
    )


def asking(context: Context, headers: dict[str, str], path: str = PATH) -> Callable[[], int]:
    """A request through the whole application; its status."""
    app = guarded(application(context), ("testserver",))
    loop = asyncio.new_event_loop()
    sent = [(b"host", b"testserver"), *((k.encode(), v.encode()) for k, v in headers.items())]

    async def ask() -> int:
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: Any) -> None:
            told.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": sent,
            "client": ("192.0.2.1", 1),
            "server": ("testserver", 443),
            "http_version": "1.1",
        }
        await app(scope, receive, send)
        return int(told[0]["status"])

    def run() -> int:
        status = loop.run_until_complete(ask())
        assert status == 200, status
        return status

    return run


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = SqliteStore(folder / "db")
        context = context_over(store)
        login = LoginDesk(store, LoginSettings(), time.time_ns, parts.AUTHORITY)
        doors = Doors(login.sessions, limits=Limits(WIDE, WIDE))
        ring, log = KeyRing(store), ReadLog(folder)
        gate = Gate(read_table(), Jurisdiction.CN, ring, log, time.time_ns, doors)
        closed = replace(context, access=gate, login=login)
        token = ring.add("a", RECYCLER.role, RECYCLER.purposes, (), time.time_ns())
        secret = login.sessions.open("anne", OIDC, RECYCLER)
        found = compared(
            {
                "unguarded": asking(context, {}),
                "anybody": asking(closed, {}),
                "key, read logged": asking(closed, {"authorization": f"Bearer {token}"}),
                "login, read logged": asking(closed, {"cookie": f"__Host-packtrail={secret}"}),
            },
            "unguarded",
            repeat=100,
        )
        rows = [(who, f"{us:.0f}", f"{1 / ratio:.2f}") for who, (us, ratio) in found.items()]
        table(("who asks for a pack", "us", "times unguarded"), rows)
        store.close()
    kept = hashed("correct horse battery staple")
    took = processor_us({"a": lambda: fits("correct horse battery staple", kept)}, repeat=1)
    print(f"\na password (Argon2id, 64 MiB, 3 passes): {took['a'] / 1000:.0f} ms of processor time")


if __name__ == "__main__":
    main()
