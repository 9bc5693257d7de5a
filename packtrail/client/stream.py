"""Server-sent events, read on over lost connections from where they broke off."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from packtrail.client.errors import ClientError, UnreachableError, problem_of
from packtrail.client.transport import MOST_BYTES, Query, Transport
from packtrail.language import Text
from packtrail.shapes import from_json

SILENCE_S: Final = 45.0
"""Three heartbeats: after so long a connection is taken for dead."""
RETRY_S: Final = 3.0


class Growth(msgspec.Struct, frozen=True):
    """How many lines the ledger has."""

    size: int


class Raw(NamedTuple):
    """One event as it came."""

    name: str
    data: bytes
    id: str


class Stream:
    """Goes on until somebody stops asking.

    Args:
        transport: asks.
        path: of the stream.
        query: of the first request and all others.
        patience_s: how long to go on without an answer before giving up.
        sleep: waits, seconds.
    """

    def __init__(
        self,
        transport: Transport,
        path: str,
        query: Query,
        patience_s: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = transport
        self._path = path
        self._query = query
        self._patience_s = patience_s
        self._sleep = sleep
        self._retry_s = RETRY_S
        self._last_id = ""
        self._alone_since: float | None = None

    def events(self) -> Iterator[Raw]:
        """Each event once; the position that was reached goes with every new connection.

        Raises:
            ClientError: the bridge says no, or nothing for longer than the patience lasts.
        """
        while True:
            try:
                yield from self._once()
                wait_s = self._retry_s
            except ClientError as error:
                self._alone_since = self._alone_since or time.monotonic()
                alone_s = time.monotonic() - self._alone_since
                if not error.retryable or alone_s >= self._patience_s:
                    raise
                wait_s = getattr(error, "retry_after_s", None) or self._retry_s
            self._sleep(wait_s)

    def _once(self) -> Iterator[Raw]:
        """The events of one connection."""
        headers = {"Accept": "text/event-stream"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        opened = self._transport.open(self._path, self._query, headers=headers, timeout_s=SILENCE_S)
        self._alone_since = None
        with opened as reply:
            try:
                yield from self._parsed(reply)
            except (OSError, http.client.HTTPException) as error:
                what = Text(f"the stream broke off: {error}", f"事件流中断：{error}")
                raise UnreachableError(what, self._transport.url + self._path) from error

    def _parsed(self, reply: http.client.HTTPResponse) -> Iterator[Raw]:
        """After HTML, 9.2.6: an empty line ends an event, a colon first makes a comment."""
        name, data, last_id = "", [], self._last_id
        while line := reply.readline(MOST_BYTES):
            field, _, value = line.rstrip(b"\r\n").partition(b":")
            value = value.removeprefix(b" ")
            match field:
                case b"event":
                    name = value.decode("utf-8", "replace")
                case b"data":
                    data.append(value)
                case b"id":
                    last_id = value.decode("utf-8", "replace")
                case b"retry" if value.isdigit():
                    self._retry_s = min(int(value) / 1000, 60.0)
                case b"" if not line.strip():
                    if data:
                        self._last_id = last_id
                        yield Raw(name, b"\n".join(data), last_id)
                    name, data = "", []


def decoded(raw: Raw, shapes: dict[str, type[msgspec.Struct]], where: str) -> Any:
    """What an event says; None for a name that a newer bridge has.

    Raises:
        ProblemError: the bridge ends the stream with it.
        UnreachableError: it cannot be read.
    """
    try:
        if raw.name == "problem":
            said = from_json(raw.data, dict[str, Any])
            raise problem_of(int(said.get("status", 500)), said, where)
        shape = shapes.get(raw.name)
        return None if shape is None else from_json(raw.data, shape)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UnreachableError(Text(f"no event: {error}", f"不是事件：{error}"), where) from error
