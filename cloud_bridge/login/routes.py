"""Logging in and out; every form that changes something proves of whose page it is."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from cloud_bridge.access.doorway import too_many
from cloud_bridge.access.visitor import COOKIE, cookie, cookie_name
from cloud_bridge.api.context import Bridge, Language
from cloud_bridge.api.problems import Problem
from cloud_bridge.login import account, by_code, by_provider, own_factor
from cloud_bridge.login.by_code import half_way
from cloud_bridge.login.desk import WRONG
from cloud_bridge.login.factor import Step, WaitError
from cloud_bridge.login.forms import (
    FORM_COOKIE,
    OPEN_WIRE,
    Desk,
    Form,
    Sender,
    Wanted,
    forget,
    inside,
    logged_in,
    match_form,
    own_form,
    private,
    said,
    same_site,
    tell,
)
from cloud_bridge.login.papers import login_paper
from cloud_bridge.login.sessions import forms_of
from cloud_bridge.store.factors import PASSWORD

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
router.include_router(account.router)
router.include_router(own_factor.router)
router.include_router(by_code.router)
router.include_router(by_provider.router)


@router.get("/login")
def login_page(
    request: Request,
    bridge: Bridge,
    desk: Desk,
    sender: Sender,
    language: Language,
    wanted: Wanted = "/",
) -> Response:
    """Where a person logs in."""
    if sender.bearer is not None and sender.bearer.session:
        return RedirectResponse(inside(wanted), 303)
    return login_paper(request, bridge, desk, sender, language, wanted)


@router.post("/login")
async def log_in(
    request: Request, bridge: Bridge, desk: Desk, sender: Sender, language: Language, form: Form
) -> Response:
    """Take a name and a password."""
    same_site(request)
    held = cookie(
        Headers(scope=request.scope), cookie_name(FORM_COOKIE, secure=sender.origin.secure)
    )
    match_form(form, forms_of(held) if held else "")
    if not private(request, sender):
        raise Problem(403, OPEN_WIRE)
    wanted, name = form.get("next", "/"), form.get("name", "")[:256]
    try:
        person = await run_in_threadpool(
            desk.known, name, form.get("password", ""), sender.origin.block
        )
    except WaitError as error:
        tell(bridge, sender, "slowed_down", PASSWORD)
        page = login_paper(request, bridge, desk, sender, language, wanted, name, said(error))
        page.status_code = 429
        page.headers["Retry-After"] = str(too_many(error.seconds).more["retry_after_s"])
        return page
    if person is None:
        tell(bridge, sender, "refused", PASSWORD)
        page = login_paper(request, bridge, desk, sender, language, wanted, name, WRONG)
        page.status_code = 401
        return page
    step = await run_in_threadpool(desk.factors.step_for, person)
    if step is not Step.NOTHING:
        tell(bridge, sender, "half_way", PASSWORD)
        return await run_in_threadpool(half_way, desk, sender, person, step, wanted)
    tell(bridge, sender, "let_in", PASSWORD)
    return logged_in(sender, await run_in_threadpool(desk.open, person, PASSWORD), wanted)


@router.post("/logout")
async def log_out(desk: Desk, sender: Sender, request: Request, form: Form) -> Response:
    """End the login, here and in the store."""
    bearer = own_form(request, sender, form)
    await run_in_threadpool(desk.sessions.end, bearer)
    answer = RedirectResponse("/", 303)
    forget(answer, COOKIE, sender)
    return answer
