"""What stands before every route: a limit on bodies, and headers that confine the browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_bridge.api.context import language_of
from cloud_bridge.api.problems import Problem
from packtrail.language import Text

MAX_BODY_BYTES: Final = 1_048_576
NOT_OURS: Final = Text("no bridge is here under this name", "本云桥不以此主机名提供服务")
ALLOW: Final = Text(
    "ask by a name of http.allowed_hosts, or add this one to it",
    "请使用 http.allowed_hosts 中的主机名访问，或将此名称加入其中",
)
TLS_ONLY: Final = "max-age=31536000"
"""Once seen over TLS, a browser comes over TLS for a year (RFC 6797)."""


def content_policy(inline: Iterable[str]) -> str:
    """A policy that lets in exactly the given inline styles and scripts, and nothing foreign."""
    hashes = " ".join(f"'sha256-{_sha256(text)}'" for text in inline)
    return (
        f"default-src 'none'; style-src {hashes}; script-src {hashes}; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class Guard:
    """ASGI middleware around the whole application.

    Args:
        app: what it guards.
        policy: the Content-Security-Policy.
    """

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Cache-Control": "no-store",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guard one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                visitor = scope.get("state", {}).get("visitor")
                if scope.get("scheme") == "https" or (visitor and visitor.origin.secure):
                    headers.setdefault("Strict-Transport-Security", TLS_ONLY)
            await send(message)

        body = await _body(scope, receive)
        if body is None:
            detail = Text(f"at most {MAX_BODY_BYTES} bytes", f"最多 {MAX_BODY_BYTES} 字节")
            response = Problem(413, detail).response(language_of(Request(scope)))
            await response(scope, receive, sending)
            return
        await self._app(scope, _replayed(body, receive), sending)


class Names:
    """ASGI middleware: answers to our own names alone.

    A page elsewhere may resolve its own name to loopback.

    Args:
        app: what is behind it.
        hosts: the names, without ports; `*.example.com` for all below one.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or say that it asks for somebody else."""
        ours = False

        async def let_in(*request: Any) -> None:
            nonlocal ours
            ours = True
            await self._app(*request)

        async def sending(message: Message) -> None:
            if ours:  # what the library says of other names is plain text
                await send(message)

        library = TrustedHostMiddleware(let_in, self._hosts, www_redirect=False)
        await library(scope, receive, sending)
        if not ours:
            asked = Headers(scope=scope).get("host", "")[:100]
            problem = Problem(400, NOT_OURS, remedy=ALLOW, host=asked)
            await problem.response(language_of(Request(scope)))(scope, receive, send)


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body, or None when it is larger than allowed; a GET has none to wait for."""
    if scope["method"] in ("GET", "HEAD"):
        return b""
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return b"".join(pieces)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the application the body that was read, then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
