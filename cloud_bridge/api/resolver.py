"""Routes of the GS1 resolver: from the key on a label to the pack's page and documents.

A pack has a key by an `AliasBound` event, or was registered under it: the unit `gs1:GTIN.SERIAL`,
`gs1:8003.GRAI` or `gs1:8004.GIAI`. Compressed Digital Links are read as well; a word of their
alphabet that holds no key is an unknown address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from starlette.routing import Match
from starlette.types import Scope

from cloud_bridge.access.doorway import visitor_of
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge
from cloud_bridge.api.describing import problems
from cloud_bridge.api.downloads import liking
from cloud_bridge.api.links import CONTEXT, DEFAULT, LINKSET, Link, kind_of, links_of, linkset
from cloud_bridge.api.problems import Problem
from packtrail.codes.gs1 import KEYS, Gs1Key, read_path
from packtrail.errors import CodeError
from packtrail.language import Text

CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Accept-Language",
    "Access-Control-Expose-Headers": "Link, Location",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Any page may resolve a key: nothing here depends on who asks."""
VARY: Final = "Accept, Accept-Language"
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "All links, where a linkset was asked for",
        "content": {LINKSET: {"schema": {"type": "object", "required": ["linkset"]}}},
    },
    307: {
        "description": "The link that fits best",
        "headers": {"Location": {"schema": {"type": "string"}}},
    },
    **problems(404),
}

router = APIRouter(tags=["GS1 resolver"], route_class=ReadRoute)

Wanted = Annotated[
    str | None,
    Query(
        alias="linkType",
        max_length=200,
        description="`linkset`, or a type such as `gs1:pip`, `gs1:dpp`, `gs1:traceability`",
    ),
]


def _resolve(request: Request, bridge: Bridge, wanted: Wanted = None) -> Response:
    """Lead on to the page, to the link of a type, or give all links.

    With `linkType=linkset` or `Accept: application/linkset+json` all links come (RFC 9264). Of
    several links of a type the media type in `Accept` decides.
    """
    key = _key(request)
    if not bridge.packs.known(key.unit):
        nobody = Text("no pack is known under this key", "没有使用该标识的电池包")
        raise Problem(404, nobody, key=key.path)
    signs, appraises = bridge.proof_key is not None, bridge.appraiser is not None
    links = links_of(key, signs=signs, appraises=appraises)
    root = _root(request)
    accept = request.headers.get("accept", "").lower()
    if wanted in ("linkset", "all") or (wanted is None and _prefers_linkset(accept)):
        return _all_of_them(key, links, root)
    found = _best(links, kind_of(wanted or DEFAULT), accept)
    query = [(k, v) for k, v in request.query_params.multi_items() if k != "linkType"]
    target = root + found.path + (f"?{urlencode(query)}" if query else "")
    headers = {"Location": target, "Link": _to_linkset(key, root), "Vary": VARY, **CORS}
    return Response(status_code=307, headers=headers)


def _preflight() -> Response:
    """What a browser asks first for a page of somebody else's."""
    return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS", **CORS})


@router.get("/.well-known/gs1resolver", summary="What this resolver does")
def describe_resolver(request: Request, bridge: Bridge) -> Response:
    """Which keys it knows, and in which words it speaks of links."""
    said = {
        "name": f"packtrail {bridge.origin}",
        "resolverRoot": _root(request),
        "supportedPrimaryKeys": list(KEYS),
        "supportedLinkType": [{"namespace": "https://ref.gs1.org/voc/", "prefix": "gs1:"}],
    }
    return Response(msgspec.json.encode(said), media_type="application/json", headers=CORS)


def _of_gtin(
    request: Request,
    bridge: Bridge,
    gtin: Annotated[str, Path(description="8, 12, 13 or 14 digits")],  # noqa: ARG001 - see _key
    serial: Annotated[str, Path(description="1 to 20 characters")],  # noqa: ARG001
    wanted: Wanted = None,
) -> Response:
    return _resolve(request, bridge, wanted)


def _of_grai(
    request: Request,
    bridge: Bridge,
    grai: Annotated[str, Path(description="0, 13 digits, serial")],  # noqa: ARG001
    wanted: Wanted = None,
) -> Response:
    return _resolve(request, bridge, wanted)


def _of_giai(
    request: Request,
    bridge: Bridge,
    giai: Annotated[str, Path(description="company prefix and a number")],  # noqa: ARG001
    wanted: Wanted = None,
) -> Response:
    return _resolve(request, bridge, wanted)


def _add_routes() -> None:
    described: dict[str, tuple[Callable[..., Response], str]] = {
        "/01/{gtin}/21/{serial}": (_of_gtin, "A pack by GTIN and serial"),
        "/8003/{grai}": (_of_grai, "A pack by GRAI"),
        "/8004/{giai}": (_of_giai, "A pack by GIAI"),
    }
    for path, (answer, said) in described.items():
        router.add_api_route(
            path, answer, summary=said, description=_resolve.__doc__, responses=ANSWERS
        )
    # Also what has further qualifiers, escaped slashes, or asks for the head alone.
    for ai in KEYS:
        rest = f"/{ai}/{{rest:path}}"
        router.add_api_route(rest, _resolve, methods=["GET", "HEAD"], include_in_schema=False)
        router.add_api_route(rest, _preflight, methods=["OPTIONS"], include_in_schema=False)


_add_routes()


class CompressedRoute(ReadRoute):
    """Fits one segment that holds a key; every other address is as if this route were not."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See `starlette.routing.BaseRoute.matches`."""
        found = super().matches(scope)
        if found[0] is Match.NONE:
            return found
        try:
            read_path(str(found[1]["path_params"]["segment"]))
        except CodeError:
            return Match.NONE, {}
        return found


compressed = APIRouter(route_class=CompressedRoute, include_in_schema=False)
"""Stands behind all other routers."""
compressed.add_api_route("/{segment}", _resolve, methods=["GET", "HEAD"])
compressed.add_api_route("/{segment}", _preflight, methods=["OPTIONS"])


def _key(request: Request) -> Gs1Key:
    """The key of the path as it was sent: an escaped slash is part of a serial.

    Raises:
        Problem: 400, the path is none of a Digital Link.
    """
    raw = request.scope.get("raw_path") or request.url.path.encode()
    try:
        return read_path(raw.decode("ascii", "replace"))
    except CodeError as error:
        what = error.what if isinstance(error.what, Text) else Text(error.what, error.what)
        raise Problem(400, what, path=request.url.path[:200]) from error


def _root(request: Request) -> str:
    """Scheme and name that the reader reached us by; the name was checked at the door."""
    visitor = visitor_of(request)
    secure = visitor.origin.secure if visitor else request.url.scheme == "https"
    return f"{'https' if secure else 'http'}://{request.url.netloc}"


def _prefers_linkset(accept: str) -> bool:
    return LINKSET in accept and liking(accept, LINKSET) >= liking(accept, "text/html")


def _best(links: list[Link], kind: str, accept: str) -> Link:
    """The link of a type whose media type the reader likes best; of equals the first.

    Raises:
        Problem: 404, there is none of this type.
    """
    found = [link for link in links if link.kind == kind]
    if not found:
        known = ", ".join(dict.fromkeys(f"gs1:{link.kind}" for link in links))
        raise Problem(404, Text(f"link types: {known}", f"可用的链接类型：{known}"))
    return max(found, key=lambda link: liking(accept or "*/*", link.media))


def _to_linkset(key: Gs1Key, root: str) -> str:
    return f'<{root}{key.path}?linkType=linkset>; rel="linkset"; type="{LINKSET}"'


def _all_of_them(key: Gs1Key, links: list[Link], root: str) -> Response:
    context = f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    headers = {"Link": f"{context}, {_to_linkset(key, root)}", "Vary": VARY, **CORS}
    body = msgspec.json.encode(linkset(key, links, root))
    return Response(body, media_type=LINKSET, headers=headers)
