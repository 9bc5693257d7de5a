"""The pages of a login: where one logs in, and whose login it is."""

from __future__ import annotations

import secrets

from fastapi import Request
from fastapi.responses import HTMLResponse

from cloud_bridge.access.visitor import Bearer, Visitor
from cloud_bridge.api.context import Context
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.login.forms import FORM_COOKIE, OPEN_WIRE, hold, inside, private
from cloud_bridge.login.sessions import forms_of
from cloud_bridge.login.settings import Factor
from cloud_bridge.pages.paper import Paper
from cloud_bridge.store.factors import BY_PASSWORD
from packtrail.language import Text


def login_paper(
    request: Request,
    bridge: Context,
    desk: LoginDesk,
    sender: Visitor,
    language: str,
    wanted: str,
    name: str = "",
    fault: Text | None = None,
) -> HTMLResponse:
    """The page with a form that serves this browser alone."""
    held = secrets.token_urlsafe(32)
    page = Paper(request, language, bridge.now()).render(
        "login.html",
        here="/login",
        forms=forms_of(held),
        wanted=inside(wanted),
        name=name,
        fault=fault,
        by_password=desk.by_password,
        provider=desk.provider.label if desk.provider else "",
        open_wire=None if private(request, sender) else OPEN_WIRE,
    )
    hold(page, FORM_COOKIE, held, sender, seconds=3600)
    return page


def account_paper(
    request: Request,
    bridge: Context,
    bearer: Bearer,
    language: str,
    fault: Text | None = None,
    factor_fault: Text | None = None,
) -> HTMLResponse:
    """The page of somebody's own login."""
    desk, own = bridge.login, by_password(bearer)
    person = desk.people.find(bearer.name) if desk and own else None
    policy = desk.factors.policy(person) if desk and person else Factor.OFF
    has = bool(desk and person and desk.factors.has(person.name))
    return Paper(request, language, bridge.now()).render(
        "account.html",
        here="/account",
        bearer=bearer,
        fault=fault,
        factor_fault=factor_fault,
        own_password=own,
        factor=policy.value,
        has_factor=has,
        recovery_left=desk.factors.recovery_left(bearer.name) if desk and has else 0,
    )


def by_password(bearer: Bearer) -> bool:
    """Whether somebody logged in with a password that is kept here."""
    return bearer.reader.partition(" ")[0] in BY_PASSWORD
