"""Routes of somebody's own login: what it is, what it reads for, its password."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from cloud_bridge.access.fields import Purpose
from cloud_bridge.access.visitor import Bearer
from cloud_bridge.api.context import Bridge, Language
from cloud_bridge.api.problems import Problem
from cloud_bridge.errors import BridgeError
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.login.factor import WaitError
from cloud_bridge.login.forms import Desk, Form, Sender, logged_in, own_form, said
from cloud_bridge.login.papers import account_paper, by_password
from packtrail.language import Text

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/account")
def account(request: Request, bridge: Bridge, sender: Sender, language: Language) -> Response:
    """Who is logged in, as what, until when."""
    if sender.bearer is None or not sender.bearer.session:
        return RedirectResponse("/login?next=%2Faccount", 303)
    return account_paper(request, bridge, sender.bearer, language)


@router.post("/account/purpose")
async def choose_purpose(desk: Desk, sender: Sender, request: Request, form: Form) -> Response:
    """Read for another purpose from now on."""
    bearer = own_form(request, sender, form)
    asked = form.get("purpose", "")
    if asked not in bearer.mandate.purposes:
        known = ", ".join(bearer.mandate.purposes)
        raise Problem(403, Text(f"you may read for: {known}", f"您的可用用途：{known}"))
    await run_in_threadpool(desk.sessions.read_for, bearer, Purpose(asked))
    return RedirectResponse("/account", 303)


@router.post("/account/password")
async def choose_password(
    request: Request, bridge: Bridge, desk: Desk, sender: Sender, language: Language, form: Form
) -> Response:
    """Choose another password; every other login of this person ends."""
    bearer = own_form(request, sender, form)
    if not by_password(bearer):
        raise Problem(403, Text("your provider keeps your password", "您的口令由身份提供方管理"))
    try:
        fault = await run_in_threadpool(_change, desk, bearer, form, sender.origin.block)
    except BridgeError as error:
        if error.retryable:
            raise
        fault = said(error)
    if fault is not None:
        page = account_paper(request, bridge, bearer, language, fault)
        page.status_code = 422
        return page
    # As strong as the login that he changed it in.
    via = bearer.reader.partition(" ")[0]
    secret = await run_in_threadpool(desk.sessions.open, bearer.name, via, bearer.mandate)
    return logged_in(sender, secret, "/account")


def _change(desk: LoginDesk, bearer: Bearer, form: dict[str, str], address: str) -> Text | None:
    """Whoever finds an open browser shall not lock its owner out, nor guess there."""
    try:
        person = desk.known(bearer.name, form.get("old", ""), address)
    except WaitError as error:
        return said(error)
    if person is None:
        return Text("the old password is wrong", "原口令错误")
    desk.people.change_password(bearer.name, form.get("new", ""))
    return None
