"""Counts who waits for an answer; see `cloud_bridge.right_of_way`."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_bridge.right_of_way import RightOfWay


class Counted:
    """ASGI middleware: each request counts until its answer is out, a stream until it begins.

    Args:
        app: what answers.
        way: who counts.
    """

    def __init__(self, app: ASGIApp, way: RightOfWay) -> None:
        self._app = app
        self._way = way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inside = True
        self._way.enter()

        async def sending(message: Message) -> None:
            nonlocal inside
            if inside and _begins_a_stream(message):
                inside = False
                self._way.leave()
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if inside:
                self._way.leave()


def _begins_a_stream(message: Message) -> bool:
    return message["type"] == "http.response.start" and any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message["headers"]
    )
