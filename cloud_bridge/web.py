"""The web side: the application over a bridge, and the server thread that serves it.

The port is taken before anything else starts, so that a taken one is one clear line.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from cloud_bridge.access.doorway import Doorway
from cloud_bridge.access.opening import gate_for, login_for
from cloud_bridge.access.peer import CertificateProtocol
from cloud_bridge.api import (
    appraisal,
    describing,
    enrolment,
    exports,
    findings,
    ledger,
    live,
    packs,
    problems,
    resolver,
    retention,
    takeback,
    telemetry,
    vehicles,
)
from cloud_bridge.api.context import Context
from cloud_bridge.api.guard import Guard, Names, content_policy
from cloud_bridge.api.waiting import Counted
from cloud_bridge.appraisal.opening import appraiser_for
from cloud_bridge.errors import BridgeError
from cloud_bridge.live.seats import IN_ALL, Seats
from cloud_bridge.login import routes as login
from cloud_bridge.pages import INLINE, appraisals
from cloud_bridge.pages import routes as pages
from cloud_bridge.pages import takeback as takeback_page
from cloud_bridge.right_of_way import RightOfWay
from cloud_bridge.service import Bridge
from cloud_bridge.settings import HttpSettings, HttpTlsSettings
from cloud_bridge.view import Packs, Stations
from packtrail import __version__
from packtrail.errors import reason_of
from packtrail.language import Text

STOP_S: Final = 5.0
CONNECTIONS: Final = 100
"""Beside those of who listens."""


def context_over(bridge: Bridge, settings_file: Path | None = None) -> Context:
    """What the routes need of `bridge`, which was made from `settings_file`."""
    packs = Packs(bridge.store)
    desk = login_for(bridge.settings, bridge.store, bridge.key)
    return Context(
        store=bridge.store,
        packs=packs,
        stations=Stations(bridge.store, packs, bridge.trust, bridge.presence, time.time_ns),
        trust=bridge.trust,
        metrics=bridge.metrics,
        health=bridge.health,
        origin=bridge.settings.ledger.origin,
        log_key=bridge.key.public,
        seal=bridge.authority.seal,
        enrolment=bridge.enrolment(settings_file),
        proof_key=bridge.key,
        appraiser=appraiser_for(bridge.settings),
        policy=bridge.policy,
        duties=bridge.duties,
        access=gate_for(bridge.settings, bridge.store, desk),
        login=desk,
        refuse_clear=bridge.settings.privacy.refuse_clear,
    )


def application(context: Context, streams: int = IN_ALL) -> FastAPI:
    """Routes and error answers, unguarded.

    Args:
        context: what they need of the bridge.
        streams: so many may listen at once.
    """
    app = FastAPI(
        title="packtrail bridge",
        version=__version__,
        description="The digital IDs of battery packs: signed facts, folded.",
        # The interactive pages of FastAPI load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    app.state.live = live.Live(context.store, Seats(streams))
    context.metrics.streams.set_function(lambda: len(app.state.live.seats))
    problems.install(app)
    describing.describe(app)
    # A pack's own path takes whatever is left, so what is more of a pack stands before it.
    routers = (
        exports,
        appraisal,
        appraisals,
        findings,
        live,
        telemetry,
        retention,
        packs,
        vehicles,
        takeback,
        ledger,
        enrolment,
        login,
        resolver,
        takeback_page,
        pages,
    )
    for one in routers:
        app.include_router(one.router)
    # As they are: an included route would not be asked whether it fits.
    app.router.routes.extend(resolver.compressed.routes)
    return app


def guarded(app: FastAPI, hosts: tuple[str, ...], way: RightOfWay | None = None) -> ASGIApp:
    """The application behind body limits, headers and the check of the Host header.

    Args:
        app: the routes.
        hosts: names that it answers to.
        way: is told who waits for an answer.
    """
    inner = Guard(Doorway(Names(app, hosts), app), content_policy(INLINE))
    return Counted(inner, way) if way else inner


def listen(settings: HttpSettings) -> socket.socket:
    """Take the port.

    Raises:
        BridgeError: somebody else has it, or it may not be had.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With its protocol said, asyncio turns Nagle off on what it accepts: else every answer waits
    # for the delayed acknowledgement of its own head, 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        # Who connects before the server is up waits instead of being refused.
        listener.listen()
    except OSError as error:
        listener.close()
        raise BridgeError(
            Text("cannot be used: {why}", "不可用：{why}").fill(why=reason_of(error)),
            where=f"{settings.host}:{settings.port}",
            hint=Text("choose another http.port", "请更换 http.port"),
        ) from error
    return listener


class WebServer:
    """Serves an application in its own thread.

    Args:
        app: the application.
        listener: the port that was taken.
        tls: certificate and key; None where a proxy has them.
        leaving: sends home who would listen for ever, before the server waits for all to go.
        streams: how many of them there may be.

    Raises:
        BridgeError: certificate or key cannot be used.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        tls: HttpTlsSettings | None = None,
        leaving: Callable[[], None] = lambda: None,
        streams: int = IN_ALL,
    ) -> None:
        self._leaving = leaving
        self._listener = listener
        self._scheme = "https" if tls else "http"
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                # Ours looks at whom it trusts before it believes a header.
                proxy_headers=False,
                **_tls_options(tls),
                limit_concurrency=CONNECTIONS + streams,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=int(STOP_S),
                lifespan="off",
            )
        )
        self._thread = threading.Thread(target=self._serve, name="web")

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self._listener.getsockname()[:2]
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def alive(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being answered, then leave."""
        self._leaving()
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])


def tls_context(tls: HttpTlsSettings) -> ssl.SSLContext:
    """TLS 1.2 and later; client certificates are asked for where an authority is named.

    Raises:
        BridgeError: a file cannot be read, or key and certificate do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            # A person's browser has none, and is let in to log in.
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise BridgeError(
            Text("cannot be used: {why}", "不可用：{why}").fill(why=str(error)),
            where="http.tls",
            hint=Text(
                "PEM files: certificate with its chain, its key, the clients' authority",
                "应为 PEM 文件：证书（含链）、私钥、客户端 CA",
            ),
        ) from error
    return context


def _tls_options(tls: HttpTlsSettings | None) -> dict[str, Any]:
    if tls is None:
        return {}
    context = tls_context(tls)
    return {"http": CertificateProtocol, "ssl_context_factory": lambda _config, _default: context}
