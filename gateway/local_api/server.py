"""The local interface: HTTP on loopback for the station controller, operators and Prometheus.

    POST /v1/slots/<slot>/scan | insert | remove,  POST /v1/swaps
    GET  /  /v1/slots  /health  /metrics

A POST is answered after what it told is on disk. Bodies are small and checked whole, hosts
that are not loopback are refused (a web page elsewhere must not reach in through a browser),
and no request holds a thread for long.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from gateway.errors import GatewayError
from gateway.local_api.acts import MAX_BODY_BYTES, RefusedError, Told, read_act
from gateway.local_api.page import render_page
from gateway.metrics import render
from gateway.view import StationView
from packtrail import logs
from packtrail.errors import reason_of
from packtrail.language import Text, accepted_language

ANSWER_S: Final = 10.0
CONNECTION_S: Final = 30.0
"""A peer that dribbles, or that asks again and again, gives its thread back after this."""
MOST_THREADS: Final = 16
MOST_DIGITS: Final = 9
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})

Look = Callable[[], StationView]
Enter = Callable[[Told], Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    kind: str
    body: bytes


def json_answer(content: object, status: int = HTTPStatus.OK) -> Answer:
    """An answer in JSON."""
    return Answer(status, "application/json; charset=utf-8", msgspec.json.encode(content))


class LocalApi:
    """Serves the local interface in threads of its own.

    Args:
        host: a loopback address.
        port: 0 for any free one.
        look: gives the view.
        enter: carries an act out and returns when it is on disk.
        now_ns: the gateway's UTC.
        connection_s: how long one connection may last.

    Raises:
        GatewayError: the port is taken.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        look: Look,
        enter: Enter,
        now_ns: Callable[[], int],
        connection_s: float = CONNECTION_S,
    ) -> None:
        self.look, self._enter, self._now_ns = look, enter, now_ns
        self.connection_s = connection_s
        self._log = logs.get("gateway.local_api")
        try:
            self._server = _Server((host, port), self)
        except OSError as error:
            raise GatewayError(
                Text("cannot be used: {why}", "不可用：{why}").fill(why=reason_of(error)),
                where=f"{host}:{port}",
                hint=Text("set another [local_api] port", "请更换 [local_api] 的 port"),
            ) from error
        self._thread = threading.Thread(target=self._serve, name="local-api")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def get(self, path: str, language: str) -> Answer:
        """Answer a GET."""
        match path.rstrip("/"):
            case "":
                page = render_page(self.look(), language).encode()
                return Answer(HTTPStatus.OK, "text/html; charset=utf-8", page)
            case "/v1/slots":
                return json_answer({"slots": self.look().slots})
            case "/health":
                return self._health()
            case "/metrics":
                return Answer(HTTPStatus.OK, "text/plain; version=0.0.4", render(self.look))
        raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such path")

    def post(self, path: str, body: bytes) -> Answer:
        """Answer a POST once what it tells is on disk."""
        names = {slot.name for slot in self.look().slots}
        told = read_act(path, body, names, self._now_ns())
        try:
            self._enter(told)
        except (CancelledError, FutureTimeoutError) as error:
            why = "the gateway is stopping or its disk stands still"
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, why) from error
        slots = [slot for slot in self.look().slots if slot.name in told.slots]
        self._log.info("act_told", path=path, states=[slot.state for slot in slots])
        return json_answer({"slots": slots})

    def _health(self) -> Answer:
        view = self.look()
        faults = view.problems + view.troubles
        status = HTTPStatus.SERVICE_UNAVAILABLE if faults else HTTPStatus.OK
        return json_answer(
            {
                "status": "failing" if faults else "ok",
                "problems": faults,
                "link": "up" if view.uplink.connected else "down",
                "outbox_waiting": view.outbox.waiting,
            },
            status,
        )

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.2)


class _Server(ThreadingHTTPServer):
    """Bounded threads; a request beyond them is turned away at once."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, address: tuple[str, int], api: LocalApi) -> None:
        self.api = api
        self._ends: dict[socket.socket, float] = {}
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread if one is free."""
        if len(self._ends) >= MOST_THREADS:
            self.shutdown_request(request)
            return
        self._ends[request] = time.monotonic() + self.api.connection_s
        try:
            super().process_request(request, client_address)
        except BaseException:
            del self._ends[request]
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Free the thread's place whatever happens."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            del self._ends[request]

    def service_actions(self) -> None:
        """Several times a second: end connections whose time is up."""
        now = time.monotonic()
        for connection, end in list(self._ends.items()):
            if now > end:
                with suppress(OSError):  # it has ended by itself
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - its signature
        """A peer that went away is no error of ours."""
        logs.get("gateway.local_api").info("request_broken", why=repr(sys.exc_info()[1]))


class _Handler(BaseHTTPRequestHandler):
    """Reads a request within limits and lets the interface answer."""

    protocol_version = "HTTP/1.1"
    server_version = "packtrail"
    sys_version = ""
    timeout = ANSWER_S
    server: _Server

    def do_GET(self) -> None:
        """Answer a GET."""
        language = accepted_language(self.headers.get("Accept-Language", ""))
        self._answer(lambda path: self.server.api.get(path, language))

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer(lambda path: self.server.api.post(path, self._body()))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Say nothing: acts are logged by the interface, the rest is noise."""

    def _answer(self, respond: Callable[[str], Answer]) -> None:
        try:
            self._check_host()
            answer = respond(unquote(urlsplit(self.path).path))
        except RefusedError as refused:
            self.close_connection = True
            answer = json_answer({"error": refused.reason}, refused.status)
        except Exception as error:  # noqa: BLE001 - the peer learns that it failed, the log why
            self.close_connection = True
            logs.get("gateway.local_api").exception("request_failed", path=self.path[:200])
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            answer = json_answer({"error": type(error).__name__}, status)
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def _check_host(self) -> None:
        host = self.headers.get("Host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in _LOOPBACK:
            raise RefusedError(
                HTTPStatus.MISDIRECTED_REQUEST, "this interface serves loopback only"
            )

    def _body(self) -> bytes:
        if self.headers.get_content_type() != "application/json":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "send Content-Length")
        if len(length) > MOST_DIGITS or int(length) > MAX_BODY_BYTES:
            why = f"at most {MAX_BODY_BYTES} bytes"
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
        return self.rfile.read(int(length))
