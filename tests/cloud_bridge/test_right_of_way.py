"""Readers go first: background work steps aside while somebody waits, and no longer."""

from __future__ import annotations

import threading
import time

import anyio.lowlevel
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from cloud_bridge.api.waiting import Counted
from cloud_bridge.right_of_way import QUIET_S, SHARE, RightOfWay


def spent_s(way: RightOfWay, worked_s: float) -> float:
    """How long one stands aside who has worked for so long."""
    way.give()
    until = time.thread_time() + worked_s
    while time.thread_time() < until:
        pass
    begin = time.monotonic()
    way.give()
    return time.monotonic() - begin


def test_nobody_is_waited_for_where_nobody_waits():
    assert spent_s(RightOfWay(), 0.1) < 0.05


def test_work_stands_aside_for_its_share_and_no_longer():
    way = RightOfWay()
    way.enter()
    assert spent_s(way, 0.02) >= 0.02 * SHARE
    assert spent_s(way, 0.0) < 0.05


def test_work_goes_on_a_moment_after_the_last_answer():
    way = RightOfWay()
    way.enter()
    threading.Timer(0.1, way.leave).start()
    begin = time.monotonic()
    way._stand_aside(30)
    assert 0.1 + QUIET_S <= time.monotonic() - begin < 20


@pytest.fixture
def way():
    return RightOfWay()


def client(way, seen):
    async def plain(_request):
        seen.append(way._waiting)
        return PlainTextResponse("text")

    async def broken(_request):
        raise ValueError

    async def stream(_request):
        async def pieces():
            seen.append(way._waiting)
            await anyio.lowlevel.checkpoint()
            yield b"data: 1\n\n"

        return StreamingResponse(pieces(), media_type="text/event-stream")

    routes = [Route(f"/{one.__name__}", one) for one in (plain, broken, stream)]
    return TestClient(Counted(Starlette(routes=routes), way), raise_server_exceptions=False)


@pytest.mark.parametrize(("path", "inside"), [("plain", [1]), ("broken", []), ("stream", [0])])
def test_a_request_counts_until_its_answer_is_out(way, path, inside):
    seen: list[int] = []
    client(way, seen).get(f"/{path}")
    assert (seen, way._waiting) == (inside, 0)
    time.sleep(QUIET_S)
    assert way.free
