"""The feed as a running whole: its port, its inbox and its writer.

It has a writer of its own, so that a burst of reports waits behind itself and not before the
gateways' alarms; judge and store are the gateways'.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from typing import Final

from cloud_bridge.errors import BridgeError
from cloud_bridge.feeds.gbt32960.acks import BATCH, Acks
from cloud_bridge.feeds.gbt32960.bindings import Bindings
from cloud_bridge.feeds.gbt32960.dialogue import Dialogue, Origin, Peer
from cloud_bridge.feeds.gbt32960.reporter import DAY_NS, Reporter
from cloud_bridge.feeds.gbt32960.server import Lines
from cloud_bridge.feeds.gbt32960.settings import FeedTls, Gbt32960Settings
from cloud_bridge.feeds.voices import voice_of
from cloud_bridge.ingest.inbox import Inbox
from cloud_bridge.ingest.intake import Intake
from cloud_bridge.metrics import Metrics
from cloud_bridge.store import Store
from packtrail import logs
from packtrail.errors import reason_of
from packtrail.language import Text
from packtrail.proof.trust import TrustList
from packtrail.settings import secret
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S

QUEUE: Final = 1_000
BATCH_S: Final = 0.05
"""A platform may wait for each answer before its next message."""

log = logs.get("cloud_bridge.feeds.gbt32960")


class Gbt32960Feed:
    """Listens for platforms.

    Args:
        settings: where, and for whom.
        key: the bridge's.
        store: where records end.
        trust: the trust list of this moment.
        metrics: counts.
        now: UTC nanoseconds.

    Raises:
        PacktrailError: a password or certificate cannot be had.
    """

    def __init__(
        self,
        settings: Gbt32960Settings,
        key: SigningKey,
        store: Store,
        trust: Callable[[], TrustList],
        metrics: Metrics,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings, self._store, self._metrics, self._now = settings, store, metrics, now
        self._passwords = {peer.name: secret(peer.password_env) for peer in settings.peer}
        self._key, self._tls = key, tls_context(settings.tls)
        self._inbox, acks = Inbox(QUEUE), Acks(key.public)
        self.intake = Intake(
            self._inbox,
            acks,
            store,
            trust,
            key,
            metrics,
            batch=BATCH,
            batch_s=BATCH_S,
            refuse_clear=True,
            now=now,
        )
        self._lines = Lines(settings, self._inbox, acks, self._open, self._count)
        self._peers: dict[str, Peer] = {}
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop.run_forever, name="gbt32960"),
            threading.Thread(target=self.intake.run, args=(self._stop,), name="gbt32960-intake"),
        ]

    def start(self) -> None:
        """Take the port and let platforms in; the trust list has to know them by now.

        Raises:
            BridgeError: somebody else has the port.
        """
        self._peers = self._reporters()
        for thread in self._threads:
            thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        except OSError as error:
            self.stop()
            raise BridgeError(
                Text("the port cannot be had", "端口不可用"),
                where=f"gbt32960 {self._settings.host}:{self._settings.port}",
                hint=reason_of(error),
            ) from error
        log.info("gbt32960_ready", port=self.port, platforms=len(self._peers))

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def alive(self) -> bool:
        """Whether it can still answer."""
        return all(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Close the port and every connection, finish the batch under way."""
        self._inbox.close()
        if self._server:
            asyncio.run_coroutine_threadsafe(self._close(self._server), self._loop).result()
            self._server = None
        self._stop.set()
        self._loop.call_soon_threadsafe(self._loop.stop)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._lines.worker.shutdown()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        settings = self._settings
        return await asyncio.start_server(
            self._lines.speak, settings.host, settings.port, ssl=self._tls, limit=65_536
        )

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        await self._lines.close()

    def _reporters(self) -> dict[str, Peer]:
        """By user; all of them share what is known of vehicles."""
        bindings = Bindings(self._store)
        settings = self._settings
        span = round(settings.oldest_days * DAY_NS), round(settings.ahead_s * NS_PER_S)
        return {
            peer.user: Peer(
                peer,
                self._passwords[peer.name],
                Reporter(
                    peer.party,
                    voice_of(self._key, peer.party),
                    self._store,
                    bindings,
                    lambda outcome: self._count(outcome, 1),
                    self._now,
                    span,
                ),
            )
            for peer in settings.peer
        }

    def _open(self, origin: Origin) -> Dialogue:
        return Dialogue(self._peers, origin, lambda outcome: self._count(outcome, 1), self._now)

    def _count(self, outcome: str, many: int) -> None:
        self._metrics.gbt32960.labels(outcome).inc(many)


def tls_context(tls: FeedTls | None) -> ssl.SSLContext | None:
    """TLS 1.2 and later, with a client certificate where an authority is named.

    Raises:
        BridgeError: a file cannot be read, or key and certificate do not belong together.
    """
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise BridgeError(
            Text("cannot be used: {why}", "不可用：{why}").fill(why=str(error)),
            where="gbt32960.tls",
            hint=Text(
                "PEM files: certificate with its chain, its key, the platforms' authority",
                "应为 PEM 文件：证书（含链）、私钥、平台 CA",
            ),
        ) from error
    return context
