"""Streams of server-sent events: what one listener is told, piece by piece, until it leaves.

Each piece is judged anew by the access table and taken down as a plain read is. A stream ends
after half an hour, when the server stops, and when its reader may not go on; a browser comes back
by itself, and the position that it brings (`Last-Event-ID`) says what it has.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Final

import msgspec
from fastapi import Request
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from cloud_bridge.access.gate import Sight
from cloud_bridge.api.context import Context, language_of
from cloud_bridge.api.problems import TITLES, Problem
from cloud_bridge.api.sight import sight_now
from cloud_bridge.errors import StoreError
from cloud_bridge.live import Listener, Pulse, Seat
from packtrail.event import UnitRef

HEARTBEAT_S: Final = 15.0
LIFE_S: Final = 1800.0
"""Half of what a login may be idle by default: coming back counts as a request."""
SEND_S: Final = 30.0
"""Who takes nothing for so long is gone."""
RETRY_MS: Final = 3000


def event(name: str, data: msgspec.Struct, position: int | None = None) -> bytes:
    """One event of a stream; `position` is its `id`: lines of the ledger."""
    return format_sse_event(
        event=name,
        data_str=msgspec.json.encode(data).decode(),
        id=None if position is None else str(position),
    )


class Told(ABC):
    """What a stream tells; every method runs in a thread of its own, one at a time.

    Args:
        request: whose.
        bridge: of which bridge.
        after: how many lines of the ledger the reader has; None for none and no matter.
    """

    unit: UnitRef | None = None

    def __init__(self, request: Request, bridge: Context, after: int | None) -> None:
        self.request = request
        self.bridge = bridge
        self.after = after

    @abstractmethod
    def begin(self, listener: Listener) -> list[bytes]:
        """What comes first."""

    @abstractmethod
    def facts(self, listener: Listener) -> Iterator[bytes]:
        """After the ledger has grown by something that counts; a piece at a time."""

    def samples(self) -> list[bytes]:
        """After samples have come."""
        return []

    def sight(self) -> Sight:
        """What the reader may see now."""
        return sight_now(self.request, self.bridge)


class Stream(StreamingResponse):
    """A response that goes on; its seat is freed whatever ends it."""

    media_type = "text/event-stream"

    def __init__(self, told: Told, pulse: Pulse, seat: Seat, *, life_s: float = LIFE_S) -> None:
        # nginx and its like would hold small pieces back.
        super().__init__(_pieces(told, pulse, life_s), headers={"X-Accel-Buffering": "no"})
        self._seat = seat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell until it ends, the reader leaves or takes nothing any more."""

        async def sending(message: Message) -> None:
            async with asyncio.timeout(SEND_S):
                await send(message)

        try:
            await super().__call__(scope, receive, sending)
        finally:
            self._seat.leave()


async def _pieces(told: Told, pulse: Pulse, life_s: float) -> AsyncGenerator[bytes, None]:
    yield format_sse_event(retry=RETRY_MS + secrets.randbelow(RETRY_MS))
    try:
        async with aclosing(_news(told, pulse, time.monotonic() + life_s)) as news:
            async for piece in news:
                yield piece
    except Problem as problem:
        yield _last_word(told.request, problem)
    except StoreError:
        yield _last_word(told.request, Problem(503, TITLES[503]))


async def _news(told: Told, pulse: Pulse, until: float) -> AsyncGenerator[bytes, None]:
    """What there is to tell, and a comment now and then, so that nobody takes us for dead."""
    async with pulse.listening(told.unit) as listener:
        for piece in await run_in_threadpool(told.begin, listener):
            yield piece
        beat = time.monotonic() + HEARTBEAT_S
        while not pulse.closed and (left := until - time.monotonic()) > 0:
            # By the clock alone: a heart that waits after news would tell of hidden ones.
            if (rest := beat - time.monotonic()) <= 0:
                beat = time.monotonic() + HEARTBEAT_S
                yield format_sse_event(comment="")
            elif not (listener.facts or listener.samples):
                await listener.wait(min(rest, left))
                continue
            facts, samples = listener.facts, listener.samples
            listener.facts = listener.samples = False
            lines = told.facts(listener) if facts else iter(())
            while piece := await run_in_threadpool(next, lines, b""):
                yield piece
            for piece in await run_in_threadpool(told.samples) if samples else ():
                yield piece


def _last_word(request: Request, problem: Problem) -> bytes:
    """What is wrong, as the plain read would say it; then the stream ends."""
    body = problem.response(language_of(request)).body
    return format_sse_event(event="problem", data_str=bytes(body).decode())
