"""The doorway: tells who sent a request, and lets in no more than each may ask.

Answers 429 with `Retry-After` (RFC 6585, RFC 9110); who the sender is goes with the request.
"""

from __future__ import annotations

import math
from typing import Final

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud_bridge.access.gate import Gate
from cloud_bridge.access.visitor import COOKIE, Visitor
from cloud_bridge.api.context import context_of, language_of
from cloud_bridge.api.problems import Problem
from cloud_bridge.errors import StoreError
from packtrail.language import Text

UNCOUNTED: Final = frozenset({"/health"})
"""What watches a bridge has to be answered however busy it is."""


class Doorway:
    """ASGI middleware before the routes.

    Args:
        app: what it leads to.
        rooms: the application whose context holds the gate.
    """

    def __init__(self, app: ASGIApp, rooms: FastAPI) -> None:
        self._app = app
        self._rooms = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or tell it to wait."""
        gate: Gate | None = self._rooms.state.context.access
        if scope["type"] != "http" or gate is None:
            await self._app(scope, receive, send)
            return
        try:
            visitor = await _visitor(gate, scope)
        except StoreError:
            problem = Problem(503, Text("the store does not answer now", "数据库暂时无响应"))
            await problem.response(language_of(Request(scope)))(scope, receive, send)
            return
        wait_s = 0.0 if scope["path"] in UNCOUNTED else _wait_s(gate, visitor)
        if wait_s:
            who = "known" if visitor.bearer else "anybody"
            self._rooms.state.context.metrics.told_to_wait.labels(who).inc()
            await _told_to_wait(wait_s, language_of(Request(scope)))(scope, receive, send)
            return
        scope.setdefault("state", {})["visitor"] = visitor
        await self._app(scope, receive, send)


async def _visitor(gate: Gate, scope: Scope) -> Visitor:
    """Keys and logins are looked up in the store; a thread for all others would cost more."""
    headers = Headers(scope=scope)
    if "authorization" in headers or COOKIE in headers.get("cookie", ""):
        return await run_in_threadpool(gate.visitor, scope)
    return gate.visitor(scope)


def visitor_of(request: Request) -> Visitor | None:
    """Who sent a request; None where only this machine can ask."""
    found = request.scope.get("state", {}).get("visitor")
    if isinstance(found, Visitor):
        return found
    gate = context_of(request).access
    return gate.visitor(request.scope) if gate else None


def too_many(wait_s: float) -> Problem:
    """What is said to whom has to wait."""
    seconds = max(1, math.ceil(wait_s))
    detail = Text(f"ask again in {seconds} s", f"请在 {seconds} 秒后重试")
    return Problem(429, detail, retry_after_s=seconds)


def counted_as(visitor: Visitor) -> str:
    """Under what name a visitor's requests are counted: his own, or his address's."""
    bearer = visitor.bearer
    return f"of {bearer.reader}" if bearer else f"from {visitor.origin.block}"


def charge(request: Request, pages: int) -> None:
    """Let a file of so many pages of JSON cost as much as they would; one is paid at the door.

    Raises:
        Problem: 429.
    """
    gate, visitor = context_of(request).access, visitor_of(request)
    if gate is None or visitor is None or pages < 2:
        return
    wait_s = _wait_s(gate, visitor, pages - 1)
    if wait_s:
        who = "known" if visitor.bearer else "anybody"
        context_of(request).metrics.told_to_wait.labels(who).inc()
        raise too_many(wait_s)


def _wait_s(gate: Gate, visitor: Visitor, tokens: int = 1) -> float:
    limits = gate.doors.limits
    if limits is None:
        return 0.0
    known = visitor.bearer is not None
    return limits.wait_s(counted_as(visitor), known=known, tokens=tokens)


def _told_to_wait(wait_s: float, language: str) -> ASGIApp:
    return too_many(wait_s).response(language)
