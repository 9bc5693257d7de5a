"""Conditional reads: every answer carries an ETag, and who has it already is sent nothing again.

The tag is the digest of the answer, so it changes with what the reader may see of it. An answer
that shows more than anybody may see is kept by no cache (RFC 9111, `no-store`); its reader may
keep the tag and ask again all the same. A route that knows what its answer follows from sets the
tag itself; who has it then costs neither the answer nor its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

VARY: Final = "Authorization, Cookie, Accept, Accept-Language"
RESTRICTED: Final = "private, no-store"
FOR_ANYBODY: Final = "no-cache"
ON_THIS_MACHINE: Final = "private, no-cache"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ReadRoute(APIRoute):
    """A route whose answers to GET can be asked for again cheaply (RFC 9110, 13.1.2)."""

    def get_route_handler(self) -> Handler:
        """The handler, with what it answers tagged."""
        plain = super().get_route_handler()

        async def handle(request: Request) -> Response:
            response = await plain(request)
            return tagged(request, response) if request.method == "GET" else response

        return handle


def tagged(request: Request, response: Response) -> Response:
    """`response` with its tag and its rule for caches, or 304 for who has it."""
    body = getattr(response, "body", None)
    etag = response.headers.get("ETag", "")
    if response.status_code != 200 or not (etag or isinstance(body, bytes)):
        return response
    etag = etag or f'"{hashlib.sha256(body or b"").hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    response.headers["Vary"] = VARY
    response.headers["Cache-Control"] = _rule(request)
    if not _known(request.headers.get("if-none-match", ""), etag):
        return response
    kept = {"ETag", "Vary", "Cache-Control", "Link", "Content-Location"}
    again = {name: response.headers[name] for name in kept if name in response.headers}
    return Response(status_code=304, headers=again)


def _known(header: str, etag: str) -> bool:
    """Whether the reader names the tag; the weak comparison serves here."""
    named = [one.strip().removeprefix("W/") for one in header.split(",")]
    return etag in named or named == ["*"]


def _rule(request: Request) -> str:
    if getattr(request.state, "restricted", False):
        return RESTRICTED
    return FOR_ANYBODY if request.app.state.context.access else ON_THIS_MACHINE
