"""A reader of server-sent events over a real connection, and the server that it reads from."""

from __future__ import annotations

import http.client
import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cloud_bridge.settings import HttpSettings
from cloud_bridge.web import WebServer, application, guarded, listen


class Told(NamedTuple):
    """One event."""

    name: str
    data: Any
    id: str


class Ear:
    """Reads a stream in a thread of its own; `next` waits for what comes."""

    def __init__(self, url: str, path: str, headers: dict[str, str] | None = None) -> None:
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
        self._connection.request("GET", path, headers=headers or {})
        self.answer = self._connection.getresponse()
        self.status = self.answer.status
        self.comments = 0
        self._told: queue.Queue[Told | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        if self.status == 200:
            self._thread.start()

    def next(self, seconds: float = 5) -> Told | None:
        """The next event; None after the end; fails if nothing comes."""
        return self._told.get(timeout=seconds)

    def silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        try:
            self._told.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def next_within(self, seconds: float) -> Told | None:
        """The next event; None if none comes for so long."""
        try:
            return self._told.get(timeout=seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Hang up; what was still on its way is read first."""
        self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._connection.close()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self.answer:
                text = line.decode().rstrip("\n")
                if text.startswith(":"):
                    self.comments += 1
                elif text:
                    name, _, value = text.partition(": ")
                    fields[name] = value
                elif fields:
                    if "data" in fields:
                        data = json.loads(fields["data"])
                        self._told.put(Told(fields["event"], data, fields.get("id", "")))
                    fields = {}
        except (OSError, http.client.HTTPException):
            pass  # the test has hung up, or the server in the middle of a piece
        self._told.put(None)


@contextmanager
def serving(context: Any, **live: Any) -> Iterator[tuple[WebServer, Any]]:
    """A real server over a context; its application beside it."""
    app = application(context)
    app.state.live.pulse._every_s = 0.05
    for name, value in live.items():
        setattr(app.state.live, name, value)
    listener = listen(HttpSettings(port=0))
    web = WebServer(guarded(app, ("127.0.0.1",)), listener, leaving=app.state.live.close)
    web.start()
    try:
        yield web, app
    finally:
        web.stop()
