"""Routes between a right password and a login: telling a code, or taking up a second factor."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from cloud_bridge.access.doorway import too_many
from cloud_bridge.access.visitor import COOKIE, Visitor
from cloud_bridge.api.context import Bridge, Language
from cloud_bridge.api.problems import Problem
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.login.factor import Step, Taken, Ticket, WaitError
from cloud_bridge.login.factor_papers import (
    STEP_COOKIE,
    code_paper,
    factor_paper,
    recovery_paper,
)
from cloud_bridge.login.forms import (
    OPEN_WIRE,
    Desk,
    Form,
    Sender,
    forget,
    held_by,
    hold,
    inside,
    logged_in,
    match_form,
    private,
    said,
    same_site,
    tell,
)
from cloud_bridge.login.sessions import forms_of
from cloud_bridge.store.accounts import PersonRow
from cloud_bridge.store.factors import CODE
from packtrail.language import Text

WRONG_CODE = Text("the code is wrong", "验证码错误")
USED_CODE = Text(
    "this code was used already: wait for the next one", "该验证码已使用过：请等待下一个"
)

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


def half_way(desk: LoginDesk, sender: Visitor, person: PersonRow, step: Step, to: str) -> Response:
    """On to what has to follow a right password."""
    answer = RedirectResponse("/login/code" if step is Step.CODE else "/login/factor", 303)
    hold(answer, STEP_COOKIE, desk.factors.ticket(person, step, inside(to)), sender, seconds=600)
    return answer


@router.get("/login/code")
def code_page(request: Request, bridge: Bridge, sender: Sender, language: Language) -> Response:
    """Where the code is told."""
    held = held_by(request, STEP_COOKIE, sender)
    if not held:
        return RedirectResponse("/login", 303)
    return code_paper(request, bridge, sender, language, held)


@router.post("/login/code")
async def tell_code(
    request: Request, bridge: Bridge, desk: Desk, sender: Sender, language: Language, form: Form
) -> Response:
    """Take a code, and log in."""
    found = await run_in_threadpool(taken_up, request, desk, sender, form, Step.CODE)
    if found is None:
        return RedirectResponse("/login", 303)
    ticket, person = found
    address, code = sender.origin.block, form.get("code", "")
    try:
        taken = await run_in_threadpool(desk.factors.check, person.name, code, address)
    except WaitError as error:
        tell(bridge, sender, "slowed_down", CODE)
        return _again(request, bridge, desk, sender, language, ticket, error)
    if taken in (Taken.WRONG, Taken.REPLAYED):
        tell(bridge, sender, "replayed" if taken is Taken.REPLAYED else "code_refused", CODE)
        fault = USED_CODE if taken is Taken.REPLAYED else WRONG_CODE
        page = code_paper(request, bridge, sender, language, desk.factors.keep(ticket), fault)
        page.status_code = 401
        return page
    tell(bridge, sender, "let_in", CODE, "recovery code" if taken is Taken.RECOVERY else "")
    secret = await run_in_threadpool(desk.open, person, CODE)
    answer = logged_in(sender, secret, ticket.wanted)
    forget(answer, STEP_COOKIE, sender)
    return answer


@router.get("/login/factor")
def factor_page(
    request: Request, bridge: Bridge, desk: Desk, sender: Sender, language: Language
) -> Response:
    """Where somebody who has to have a second factor takes one up."""
    found = desk.factors.take(held_by(request, STEP_COOKIE, sender), Step.ENROL)
    if found is None:
        return RedirectResponse("/login", 303)
    return factor_paper(request, bridge, desk, sender, language, found[0])


@router.post("/login/factor")
async def take_factor(
    request: Request, bridge: Bridge, desk: Desk, sender: Sender, language: Language, form: Form
) -> Response:
    """Take the first code of the app: from now on each login asks for one."""
    found = await run_in_threadpool(taken_up, request, desk, sender, form, Step.ENROL)
    if found is None:
        return RedirectResponse("/login", 303)
    return await confirmed(request, bridge, desk, sender, language, form, *found)


async def confirmed(
    request: Request,
    bridge: Bridge,
    desk: LoginDesk,
    sender: Visitor,
    language: str,
    form: dict[str, str],
    ticket: Ticket,
    person: PersonRow,
) -> Response:
    """Recovery codes and a login for whose app tells the right code, else the page once more."""
    address, code = sender.origin.block, form.get("code", "")
    try:
        fresh = await run_in_threadpool(desk.factors.confirm, ticket, code, address)
    except WaitError as error:
        tell(bridge, sender, "slowed_down", CODE)
        return _again(request, bridge, desk, sender, language, ticket, error)
    if fresh is None:
        tell(bridge, sender, "code_refused", CODE)
        page = factor_paper(request, bridge, desk, sender, language, ticket, WRONG_CODE)
        page.status_code = 401
        return page
    tell(bridge, sender, "let_in", CODE, "second factor taken up")
    page = recovery_paper(request, bridge, language, fresh, inside(ticket.wanted))
    hold(page, COOKIE, await run_in_threadpool(desk.open, person, CODE), sender)
    forget(page, STEP_COOKIE, sender)
    return page


def taken_up(
    request: Request, desk: LoginDesk, sender: Visitor, form: dict[str, str], step: Step
) -> tuple[Ticket, PersonRow] | None:
    """The ticket of whoever sent a form of his own page; None if it is over.

    Raises:
        Problem: 403 for a form of another page, or over an open wire.
    """
    same_site(request)
    held = held_by(request, STEP_COOKIE, sender)
    match_form(form, forms_of(held) if held else "")
    if not private(request, sender):
        raise Problem(403, OPEN_WIRE)
    return desk.factors.take(held, step)


def _again(
    request: Request,
    bridge: Bridge,
    desk: LoginDesk,
    sender: Visitor,
    language: str,
    ticket: Ticket,
    error: WaitError,
) -> Response:
    """The same page for who has to wait."""
    fault = said(error)
    if ticket.step is Step.CODE:
        page = code_paper(request, bridge, sender, language, desk.factors.keep(ticket), fault)
    else:
        page = factor_paper(request, bridge, desk, sender, language, ticket, fault)
    page.status_code = 429
    page.headers["Retry-After"] = str(too_many(error.seconds).more["retry_after_s"])
    return page
