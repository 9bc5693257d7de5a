"""The port where swap stations report over OCPP 2.1: `ws://HOST:PORT/ocpp/STATION`.

HTTP basic authentication with the station's id as user name, as security profiles 1 and 2 of OCPP
2.1 part 2, A.3 want it. One connection a station: a new one ends the old, which is usually dead.
Frames are bounded, calls of a station are answered in order, and a slow store slows its own
station only.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from websockets.asyncio.server import Server, ServerConnection, basic_auth, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from cloud_bridge.errors import BridgeError
from cloud_bridge.feeds.desk import SwapDesk
from cloud_bridge.feeds.dialogue import Dialogue
from cloud_bridge.feeds.settings import OcppSettings
from cloud_bridge.feeds.stations import Station, StationBook
from cloud_bridge.ingest.presence import Presence
from packtrail import logs
from packtrail.errors import reason_of
from packtrail.language import Text
from packtrail.ocpp import SUBPROTOCOL

MOST_BYTES: Final = 65_536
OPEN_S: Final = 10.0
NO_MORE: Final = 1008
"""Close code 1008, policy: the station has connected anew, or lost its voice."""
PATH: Final = "/ocpp/"

log = logs.get("cloud_bridge.feeds.ocpp")


class OcppFeed:
    """The server, in a thread of its own.

    Args:
        settings: where to listen.
        open_desk: makes the desk of a station that has proven who it is.
        count: told what became of each call and each connection.
        presence: told which station is connected.
        now: UTC nanoseconds.

    Raises:
        BridgeError: the certificate cannot be used.
    """

    def __init__(
        self,
        settings: OcppSettings,
        book: StationBook,
        open_desk: Callable[[Station], SwapDesk],
        count: Callable[[str], None],
        presence: Presence,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings, self._open_desk, self._count, self._now = settings, open_desk, count, now
        self._presence = presence
        self._book = book
        self._tls = _tls(settings)
        self._lines: dict[str, ServerConnection] = {}
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="ocpp")

    def start(self) -> None:
        """Take the port and let stations in.

        Raises:
            BridgeError: somebody else has the port.
        """
        self._thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        except OSError as error:
            self.stop()
            raise BridgeError(
                Text("the port cannot be had", "端口不可用"),
                where=f"ocpp {self._settings.host}:{self._settings.port}",
                hint=reason_of(error),
            ) from error
        log.info("ocpp_ready", port=self.port)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    @property
    def alive(self) -> bool:
        """Whether it can still answer."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish the calls under way, close every line and the port."""
        if self._server:
            asyncio.run_coroutine_threadsafe(self._close(self._server), self._loop).result()
            self._server = None
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        if not self._loop.is_closed():
            self._loop.close()

    @staticmethod
    async def _close(server: Server) -> None:
        server.close()
        await server.wait_closed()

    async def _listen(self) -> Server:
        return await serve(
            self._speak,
            self._settings.host,
            self._settings.port,
            process_request=self._enter,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            ssl=self._tls,
            max_size=MOST_BYTES,
            max_queue=4,
            open_timeout=OPEN_S,
            compression=None,  # nothing that unpacks to more than it came as
        )

    async def _enter(self, line: ServerConnection, request: Request) -> Response | None:
        """Let a station in under its own name only."""
        refusal = await basic_auth("packtrail ocpp", check_credentials=self._proves)(line, request)
        if refusal is not None:
            self._count("not_trusted")
            return refusal
        if request.path != f"{PATH}{line.username}":
            self._count("not_trusted")
            return line.respond(HTTPStatus.NOT_FOUND, "connect to /ocpp/ and your own id\n")
        offered = request.headers.get_all("Sec-WebSocket-Protocol")
        if SUBPROTOCOL not in {name.strip() for one in offered for name in one.split(",")}:
            self._count("other_version")
            return line.respond(HTTPStatus.BAD_REQUEST, f"only {SUBPROTOCOL} is spoken here\n")
        return None

    async def _proves(self, name: str, password: str) -> bool:
        return await asyncio.to_thread(self._book.known, name, password) is not None

    async def _speak(self, line: ServerConnection) -> None:
        station = await asyncio.to_thread(self._book.find, line.username or "")
        if station is None:
            return
        before = self._lines.get(station.id)
        self._lines[station.id] = line
        if before is not None:
            await before.close(NO_MORE, "connected anew")
        desk = await asyncio.to_thread(self._open_desk, station)
        dialogue = Dialogue(
            station.id, desk.take, self._count, self._settings.heartbeat_s, self._now
        )
        log.info("station_connected", station=station.id)
        self._presence.note(station.party, online=True)
        try:
            await self._converse(line, station, dialogue)
        except ConnectionClosed as ended:
            log.info("station_lost", station=station.id, why=str(ended))
        finally:
            if self._lines.get(station.id) is line:
                del self._lines[station.id]
                self._presence.note(station.party, online=False)

    async def _converse(self, line: ServerConnection, station: Station, dialogue: Dialogue) -> None:
        async for frame in line:
            if not await asyncio.to_thread(self._book.holds, station):
                await line.close(NO_MORE, "no longer trusted")
                return
            answer = await asyncio.to_thread(dialogue.answer, frame)
            if answer is not None:
                await line.send(answer.decode())


def _tls(settings: OcppSettings) -> ssl.SSLContext | None:
    if settings.tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls.certificate, settings.tls.key)
    except (OSError, ssl.SSLError) as error:
        raise BridgeError(
            Text(f"cannot be used: {error}", f"无法使用：{error}"),
            where=f"ocpp.tls {settings.tls.certificate}",
            hint=Text("PEM files of a chain and its key", "应为 PEM 格式的证书链与私钥"),
        ) from error
    return context
