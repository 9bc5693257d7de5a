"""The local interface: for the station controller, operators and Prometheus.

    POST /v1/slots/<slot>/scan | insert | remove | settle,  /v1/swaps,  /v1/ocpp,
         /v1/cases/<case>/settle | dismiss
    GET  /  /live  /v1/station  /v1/slots  /v1/cases  /health  /metrics

On a loopback port and, where the settings name one, on a socket file. A POST is answered
after what it told is on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from http import HTTPStatus
from importlib import resources
from pathlib import Path
from typing import Any, Final

from gateway.local_api.acts import Places, RefusedError, Told, read_act
from gateway.local_api.http import CONNECTION_S, Answer, Server, json_answer, serve_file, serve_port
from gateway.local_api.page import render_live, render_page
from gateway.metrics import render
from gateway.view import StationView
from packtrail import logs

Look = Callable[[], StationView]
Enter = Callable[[Told], Any]
_FILES: Final = {
    "/station.css": "text/css; charset=utf-8",
    "/station.js": "text/javascript; charset=utf-8",
}


class LocalApi:
    """Serves the local interface in threads of its own.

    Args:
        host: a loopback address.
        port: 0 for any free one.
        look: gives the view.
        enter: carries an act out and returns when it is on disk.
        estimate: asks for the health of a slot's pack; whether there was anything to ask.
        now_ns: the gateway's UTC.
        connection_s: how long one connection may last.
        socket_file: where to listen besides, None for nowhere.
        evses: OCPP's EVSE numbers -> slots.

    Raises:
        GatewayError: the port or the socket file is taken.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        look: Look,
        enter: Enter,
        estimate: Callable[[str], bool] = lambda _slot: False,
        now_ns: Callable[[], int],
        connection_s: float = CONNECTION_S,
        socket_file: Path | None = None,
        evses: Mapping[int, str] | None = None,
    ) -> None:
        self.look, self._enter, self._now_ns = look, enter, now_ns
        self._estimate = estimate
        self.connection_s = connection_s
        self._evses, self._socket_file = evses or {}, socket_file
        self._log = logs.get("gateway.local_api")
        self._servers: list[Server] = [serve_port(host, port, self)]
        if socket_file:
            try:
                self._servers.append(serve_file(socket_file, self))
            except BaseException:
                self._servers[0].server_close()
                raise
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.2,), name="local-api")
            for server in self._servers
        ]

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._servers[0].server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Answer no more."""
        for server, thread in zip(self._servers, self._threads, strict=True):
            if thread.ident is not None:
                server.shutdown()
                thread.join()
            server.server_close()
        if self._socket_file:
            self._socket_file.unlink(missing_ok=True)

    def get(self, path: str, language: str) -> Answer:
        """Answer a GET."""
        match path.rstrip("/"):
            case "":
                return _html(render_page(self.look(), language))
            case "/live":
                return _html(render_live(self.look(), language))
            case "/v1/slots" | "/v1/cases" as name:
                part = name.rpartition("/")[2]
                return json_answer({part: getattr(self.look(), part)})
            case "/v1/station":
                return json_answer(self.look())
            case "/health":
                return self._health()
        return self._file(path)

    def _file(self, path: str) -> Answer:
        """What is no JSON and no page."""
        if path == "/metrics":
            return Answer(HTTPStatus.OK, "text/plain; version=0.0.4", render(self.look))
        if path not in _FILES:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such path")
        content = resources.files("gateway.local_api").joinpath(path[1:]).read_bytes()
        return Answer(HTTPStatus.OK, _FILES[path], content)

    def post(self, path: str, body: bytes) -> Answer:
        """Answer a POST once what it tells is on disk."""
        match path.strip("/").split("/"):
            case ["v1", "slots", slot, "estimate"]:
                return self._ask_estimate(slot)
        told = self.tell(path, body)
        if told.answer is not None:
            return json_answer(told.answer)
        return json_answer({"slots": [s for s in self.look().slots if s.name in told.slots]})

    def _ask_estimate(self, slot: str) -> Answer:
        """Have the health of a slot's pack estimated; the answer comes as an event."""
        if slot not in {known.name for known in self.look().slots}:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"there is no slot {slot[:64]!r}")
        return json_answer({"slot": slot, "asked": self._estimate(slot)})

    def tell(self, path: str, body: bytes) -> Told:
        """Carry out what a path and a body tell, whichever way they came.

        Raises:
            RefusedError: they do not fit, or the disk does not take it (503): try again.
        """
        view = self.look()
        places = Places(
            {slot.name for slot in view.slots}, self._evses, {case.name for case in view.cases}
        )
        told = read_act(path, body, places, self._now_ns())
        try:
            self._enter(told)
        except (CancelledError, FutureTimeoutError) as error:
            why = "the gateway is stopping or its disk stands still"
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, why) from error
        states = [slot.state for slot in self.look().slots if slot.name in told.slots]
        self._log.info("act_told", path=path, states=states)
        return told

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


def _html(page: str) -> Answer:
    return Answer(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())
