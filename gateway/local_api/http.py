"""The HTTP under the local interface: bounded threads, bounded bodies, loopback or a socket file.

A request enters, whatever it holds; an answer leaves. Hosts that are not loopback are refused
(a web page elsewhere must not reach in through a browser), a body is JSON or nothing (so that
no foreign form can be sent here), and no request holds a thread for long.
"""

from __future__ import annotations

import socket
import socketserver
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from gateway.errors import GatewayError
from gateway.local_api.acts import MAX_BODY_BYTES, RefusedError
from packtrail import logs
from packtrail.errors import reason_of
from packtrail.language import LANGUAGES, Text, accepted_language

ANSWER_S: Final = 10.0
CONNECTION_S: Final = 30.0
"""A peer that dribbles, or that asks again and again, gives its thread back after this."""
MOST_THREADS: Final = 16
MOST_DIGITS: Final = 9
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    kind: str
    body: bytes


def json_answer(content: object, status: int = HTTPStatus.OK) -> Answer:
    """An answer in JSON."""
    return Answer(status, "application/json; charset=utf-8", msgspec.json.encode(content))


class Site(Protocol):
    """What answers requests."""

    connection_s: float

    def get(self, path: str, language: str) -> Answer:
        """Answer a GET."""
        ...

    def post(self, path: str, body: bytes) -> Answer:
        """Answer a POST."""
        ...


class Server(ThreadingHTTPServer):
    """Bounded threads; a request beyond them is turned away at once."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32
    local = False
    """Whether peers come through a file of this computer and need no host name."""

    def __init__(self, address: Any, site: Site) -> None:
        self.site = site
        self._ends: dict[socket.socket, float] = {}
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread if one is free."""
        if len(self._ends) >= MOST_THREADS:
            self.shutdown_request(request)
            return
        self._ends[request] = time.monotonic() + self.site.connection_s
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


class FileServer(Server):
    """The same on a Unix socket: who may write to the file may speak."""

    address_family = socket.AF_UNIX
    local = True

    def server_bind(self) -> None:
        """Bind; there is no host name to look up."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address), 0


def serve_port(host: str, port: int, site: Site) -> Server:
    """A server on a loopback port.

    Raises:
        GatewayError: the port is taken.
    """
    try:
        return Server((host, port), site)
    except OSError as error:
        hint = Text("set another [local_api] port", "请更换 [local_api] 的 port")
        raise _unusable(f"{host}:{port}", error, hint) from error


def serve_file(path: Path, site: Site) -> FileServer:
    """A server on a socket file, for its owner and group only; a dead one's file makes room.

    Raises:
        GatewayError: another process serves it, or the folder cannot be written.
    """
    hint = Text("set another [local_api] socket", "请更换 [local_api] 的 socket")
    try:
        if path.is_socket() and not _is_served(path):
            path.unlink()
        server = FileServer(str(path), site)
        path.chmod(0o660)
    except OSError as error:
        raise _unusable(str(path), error, hint) from error
    return server


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(str(path)) == 0


def _unusable(where: str, error: OSError, hint: Text) -> GatewayError:
    what = Text("cannot be used: {why}", "不可用：{why}").fill(why=reason_of(error))
    return GatewayError(what, where=where, hint=hint)


class Handler(BaseHTTPRequestHandler):
    """Reads a request within limits and lets the site answer."""

    protocol_version = "HTTP/1.1"
    server_version = "packtrail"
    sys_version = ""
    timeout = ANSWER_S
    server: Server

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer(lambda path: self.server.site.get(path, self._language()))

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer(lambda path: self.server.site.post(path, self._body()))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Say nothing: acts are logged by the interface, the rest is noise."""

    def _language(self) -> str:
        """That of the address (`?lang=zh`), else that of the browser."""
        chosen = parse_qs(urlsplit(self.path).query, max_num_fields=8).get("lang", [""])[0]
        return chosen if chosen in LANGUAGES else accepted_language(self._header("Accept-Language"))

    def _header(self, name: str) -> str:
        value: str = self.headers.get(name, "")
        return value

    def _answer(self, respond: Callable[[str], Answer]) -> None:
        try:
            self._check_host()
            answer = respond(unquote(urlsplit(self.path).path))
        except RefusedError as refused:
            self.close_connection = True
            told = refused.text.say(self._language())
            answer = json_answer({"error": told}, refused.status)
        except ValueError as error:  # an address that is none
            self.close_connection = True
            answer = json_answer({"error": str(error)[:300]}, HTTPStatus.BAD_REQUEST)
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
        self.send_header("Content-Security-Policy", _POLICY)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def _check_host(self) -> None:
        host = self._header("Host")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in _LOOPBACK and not self.server.local:
            raise RefusedError(
                HTTPStatus.MISDIRECTED_REQUEST, "this interface serves loopback only"
            )

    def _body(self) -> bytes:
        if self.headers.get_content_type() != "application/json":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
        length = self._header("Content-Length")
        if not length.isascii() or not length.isdigit():
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "send Content-Length")
        if len(length) > MOST_DIGITS or int(length) > MAX_BODY_BYTES:
            why = f"at most {MAX_BODY_BYTES} bytes"
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
        return self.rfile.read(int(length))
