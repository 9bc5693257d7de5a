"""Pages of second factors: telling a code, giving an app the secret, keeping recovery codes."""

from __future__ import annotations

from typing import Final

import segno
from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from cloud_bridge.access.visitor import Visitor
from cloud_bridge.api.context import Context
from cloud_bridge.login import codes
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.login.factor import Step, Ticket
from cloud_bridge.login.forms import hold
from cloud_bridge.login.sessions import forms_of
from cloud_bridge.pages.paper import Paper
from packtrail.language import Text

STEP_COOKIE: Final = "packtrail-step"
STEP_S: Final = 600


def code_paper(
    request: Request,
    bridge: Context,
    sender: Visitor,
    language: str,
    held: str,
    fault: Text | None = None,
) -> HTMLResponse:
    """Where somebody whose password was right tells a code."""
    page = Paper(request, language, bridge.now()).render(
        "login_code.html",
        here="/login",
        forms=forms_of(held),
        fault=fault,
        recovery="recovery" in request.query_params,
    )
    hold(page, STEP_COOKIE, held, sender, seconds=STEP_S)
    return page


def factor_paper(
    request: Request,
    bridge: Context,
    desk: LoginDesk,
    sender: Visitor,
    language: str,
    ticket: Ticket,
    fault: Text | None = None,
) -> HTMLResponse:
    """The secret, as a QR code and to be typed, and a form for the first code of the app."""
    held, secret = desk.factors.keep(ticket), desk.factors.secret_of(ticket)
    address = codes.address_of(secret, ticket.name, str(request.url.hostname or ""))
    page = Paper(request, language, bridge.now()).render(
        "factor.html",
        here="/login" if ticket.step is Step.ENROL else "/account",
        forms=forms_of(held),
        action="/login/factor" if ticket.step is Step.ENROL else "/account/factor/confirm",
        must=ticket.step is Step.ENROL,
        qr=_drawn(address),
        address=address,
        secret=" ".join(_fours(codes.spelled(secret))),
        fault=fault,
    )
    hold(page, STEP_COOKIE, held, sender, seconds=STEP_S)
    return page


def recovery_paper(
    request: Request, bridge: Context, language: str, fresh: list[str], wanted: str
) -> HTMLResponse:
    """Recovery codes, shown this once."""
    return Paper(request, language, bridge.now()).render(
        "recovery.html", here="/login", codes=fresh, wanted=wanted
    )


def _fours(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def _drawn(address: str) -> Markup:
    code = segno.make(address, error="m", micro=False)
    # Built by the library from the code's modules alone: no text of anybody stands in it.
    return Markup(code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True))  # noqa: S704
