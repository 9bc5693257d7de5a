"""Routes of one's own second factor: taking one up, another, none, other recovery codes."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from cloud_bridge.access.visitor import COOKIE, Bearer
from cloud_bridge.api.context import Bridge, Language
from cloud_bridge.api.problems import Problem
from cloud_bridge.login.by_code import USED_CODE, WRONG_CODE, confirmed, taken_up
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.login.factor import Step, Taken, WaitError
from cloud_bridge.login.factor_papers import STEP_COOKIE, factor_paper, recovery_paper
from cloud_bridge.login.forms import Desk, Form, Sender, held_by, hold, own_form, said
from cloud_bridge.login.papers import account_paper, by_password
from cloud_bridge.login.settings import Factor
from cloud_bridge.store.accounts import PersonRow
from cloud_bridge.store.factors import PASSWORD
from packtrail.language import Text

PROVIDERS: Final = Text("your provider asks for your second factor", "第二因素由您的身份提供方管理")
MUST: Final = Text("your role has to have a second factor", "您的角色必须使用第二因素")
NOT_OFFERED: Final = Text("this bridge asks for no second factor", "本云桥未启用第二因素")
WRONG_PASSWORD: Final = Text("the password is wrong", "口令错误")

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.post("/account/factor")
async def change_factor(
    request: Request, bridge: Bridge, desk: Desk, sender: Sender, language: Language, form: Form
) -> Response:
    """Begin what `do` names (`set`, `remove`, `recovery`) for who tells password and code."""
    bearer = own_form(request, sender, form)
    if not by_password(bearer):
        raise Problem(403, PROVIDERS)
    wanted, address = form.get("do", ""), sender.origin.block
    found = await run_in_threadpool(_himself, desk, bearer, form, address)
    fault = found if isinstance(found, Text) else _forbidden(desk, found, wanted)
    if isinstance(found, Text) or fault is not None:
        page = account_paper(request, bridge, bearer, language, factor_fault=fault)
        page.status_code = 422
        return page
    if wanted == "recovery":
        fresh = await run_in_threadpool(desk.factors.renew_recovery, found.name)
        return recovery_paper(request, bridge, language, fresh, "/account")
    answer = RedirectResponse("/account/factor" if wanted == "set" else "/account", 303)
    if wanted == "set":
        ticket = desk.factors.ticket(found, Step.ANOTHER, "/account")
        hold(answer, STEP_COOKIE, ticket, sender, seconds=600)
    else:
        await run_in_threadpool(desk.factors.remove, found.name)
        hold(answer, COOKIE, await run_in_threadpool(desk.open, found, PASSWORD), sender)
    return answer


@router.get("/account/factor")
def factor_page(
    request: Request, bridge: Bridge, desk: Desk, sender: Sender, language: Language
) -> Response:
    """The secret for the app."""
    found = desk.factors.take(held_by(request, STEP_COOKIE, sender), Step.ANOTHER)
    if found is None:
        return RedirectResponse("/account", 303)
    return factor_paper(request, bridge, desk, sender, language, found[0])


@router.post("/account/factor/confirm")
async def confirm_factor(
    request: Request, bridge: Bridge, desk: Desk, sender: Sender, language: Language, form: Form
) -> Response:
    """Take the first code of the app."""
    found = await run_in_threadpool(taken_up, request, desk, sender, form, Step.ANOTHER)
    if found is None:
        return RedirectResponse("/account", 303)
    return await confirmed(request, bridge, desk, sender, language, form, *found)


def _himself(
    desk: LoginDesk, bearer: Bearer, form: dict[str, str], address: str
) -> PersonRow | Text:
    """The person, or what is wrong: whoever finds an open browser shall not change the factor."""
    try:
        person = desk.known(bearer.name, form.get("password", ""), address)
        if person is None:
            return WRONG_PASSWORD
        if not desk.factors.has(person.name):
            return person
        taken = desk.factors.check(person.name, form.get("code", ""), address)
    except WaitError as error:
        return said(error)
    if taken in (Taken.RIGHT, Taken.RECOVERY):
        return person
    return USED_CODE if taken is Taken.REPLAYED else WRONG_CODE


def _forbidden(desk: LoginDesk, person: PersonRow, wanted: str) -> Text | None:
    """Why this may not be done, None if it may."""
    policy = desk.factors.policy(person)
    if wanted not in ("set", "remove", "recovery") or policy is Factor.OFF:
        return NOT_OFFERED
    if wanted == "recovery" and not desk.factors.has(person.name):
        return NOT_OFFERED
    return MUST if wanted == "remove" and policy is Factor.REQUIRED else None
