"""Routes of a login at an OpenID Connect provider: the way there, and back."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from cloud_bridge.api.context import Bridge, Language
from cloud_bridge.api.problems import Problem
from cloud_bridge.errors import BridgeError, StoreError
from cloud_bridge.login.forms import (
    OFF,
    OPEN_WIRE,
    Desk,
    Sender,
    Wanted,
    forget,
    held_by,
    hold,
    inside,
    logged_in,
    private,
    said,
    tell,
)
from cloud_bridge.login.papers import login_paper
from cloud_bridge.login.sessions import OIDC

ERRAND_COOKIE: Final = "packtrail-errand"

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/login/oidc")
def to_provider(request: Request, desk: Desk, sender: Sender, wanted: Wanted = "/") -> Response:
    """Go to the provider."""
    if desk.provider is None:
        raise Problem(404, OFF)
    if not private(request, sender):
        raise Problem(403, OPEN_WIRE)
    scheme = "https" if sender.origin.secure else "http"
    back = f"{scheme}://{request.headers.get('host', '')}/login/oidc/return"
    url, errand = desk.provider.start(back, inside(wanted))
    answer = RedirectResponse(url, 303)
    # Lax, as every cookie of ours: strict ones would not come along on the way back.
    hold(answer, ERRAND_COOKIE, errand, sender, seconds=600)
    return answer


@router.get("/login/oidc/return")
def from_provider(
    request: Request,
    bridge: Bridge,
    desk: Desk,
    sender: Sender,
    language: Language,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Come back from the provider."""
    if desk.provider is None:
        raise Problem(404, OFF)
    try:
        secret, wanted = desk.returned(held_by(request, ERRAND_COOKIE, sender), state, code, error)
    except StoreError:
        raise
    except BridgeError as fault:
        tell(bridge, sender, "refused", OIDC, fault.describe("en"))
        page = login_paper(request, bridge, desk, sender, language, "/", "", said(fault))
        page.status_code = 502 if fault.retryable else 403
        forget(page, ERRAND_COOKIE, sender)
        return page
    tell(bridge, sender, "let_in", OIDC)
    answer = logged_in(sender, secret, wanted)
    forget(answer, ERRAND_COOKIE, sender)
    return answer
