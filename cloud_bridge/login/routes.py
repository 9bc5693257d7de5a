"""Logging in and out; every form that changes something proves of whose page it is."""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated, Final
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from cloud_bridge.access.doorway import too_many, visitor_of
from cloud_bridge.access.fields import Purpose
from cloud_bridge.access.proxies import LOCAL
from cloud_bridge.access.visitor import COOKIE, Bearer, Visitor, cookie, cookie_name
from cloud_bridge.api.context import Bridge, Context, Language
from cloud_bridge.api.problems import Problem
from cloud_bridge.errors import BridgeError, StoreError
from cloud_bridge.login.desk import WRONG, LoginDesk, WaitError
from cloud_bridge.login.sessions import OIDC, PASSWORD, forms_of
from cloud_bridge.pages.paper import Paper
from packtrail import logs
from packtrail.language import Text

FORM_COOKIE: Final = "packtrail-form"
ERRAND_COOKIE: Final = "packtrail-errand"
OFF: Final = Text("nobody logs in at this bridge", "本云桥未启用登录")
FOREIGN: Final = Text(
    "this form is not of a page of yours: load the page again",
    "表单校验失败：请重新加载页面后提交",
)
OPEN_WIRE: Final = Text(
    "no password over an open wire: use https (behind a proxy: http.trusted_proxies)",
    "不可在明文连接上输入口令：请使用 https（如在代理之后，请设置 http.trusted_proxies）",
)

log = logs.get("cloud_bridge.login")
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


def desk_of(bridge: Bridge) -> LoginDesk:
    """The login desk.

    Raises:
        Problem: 404 where nobody can log in.
    """
    if bridge.login is None:
        raise Problem(404, OFF)
    return bridge.login


def sender_of(request: Request, _desk: Annotated[LoginDesk, Depends(desk_of)]) -> Visitor:
    """Who sent the request."""
    found = visitor_of(request)
    assert found is not None, "where somebody can log in, there is a gate"
    return found


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; of one that came twice, the last."""
    text = (await request.body()).decode("utf-8", "replace")
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise Problem(400, FOREIGN) from error
    return {name: values[-1] for name, values in fields.items()}


Desk = Annotated[LoginDesk, Depends(desk_of)]
Sender = Annotated[Visitor, Depends(sender_of)]
Form = Annotated[dict[str, str], Depends(form_of)]
Wanted = Annotated[str, Query(alias="next", max_length=500)]


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
    return _login_page(request, bridge, desk, sender, language, wanted)


@router.post("/login")
async def log_in(
    request: Request, bridge: Bridge, desk: Desk, sender: Sender, language: Language, form: Form
) -> Response:
    """Take a name and a password."""
    _same_site(request)
    held = cookie(
        Headers(scope=request.scope), cookie_name(FORM_COOKIE, secure=sender.origin.secure)
    )
    _match(form, forms_of(held) if held else "")
    if not _private(request, sender):
        raise Problem(403, OPEN_WIRE)
    wanted, name = form.get("next", "/"), form.get("name", "")[:256]
    try:
        secret = await run_in_threadpool(
            desk.log_in, name, form.get("password", ""), sender.origin.block
        )
    except WaitError as error:
        _tell(bridge, sender, "slowed_down", PASSWORD)
        page = _login_page(request, bridge, desk, sender, language, wanted, name, _said(error))
        page.status_code = 429
        page.headers["Retry-After"] = str(too_many(error.seconds).more["retry_after_s"])
        return page
    if secret is None:
        _tell(bridge, sender, "refused", PASSWORD)
        page = _login_page(request, bridge, desk, sender, language, wanted, name, WRONG)
        page.status_code = 401
        return page
    _tell(bridge, sender, "let_in", PASSWORD)
    return _logged_in(sender, secret, wanted)


@router.post("/logout")
async def log_out(desk: Desk, sender: Sender, request: Request, form: Form) -> Response:
    """End the login, here and in the store."""
    bearer = _own_form(request, sender, form)
    await run_in_threadpool(desk.sessions.end, bearer)
    answer = RedirectResponse("/", 303)
    _forget(answer, COOKIE, sender)
    return answer


@router.get("/account")
def account(request: Request, bridge: Bridge, sender: Sender, language: Language) -> Response:
    """Who is logged in, as what, until when."""
    if sender.bearer is None or not sender.bearer.session:
        return RedirectResponse("/login?next=%2Faccount", 303)
    return _account_page(request, bridge, sender.bearer, language)


@router.post("/account/purpose")
async def choose_purpose(desk: Desk, sender: Sender, request: Request, form: Form) -> Response:
    """Read for another purpose from now on."""
    bearer = _own_form(request, sender, form)
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
    bearer = _own_form(request, sender, form)
    if not bearer.reader.startswith(f"{PASSWORD} "):
        raise Problem(403, Text("your provider keeps your password", "您的口令由身份提供方管理"))
    try:
        fault = await run_in_threadpool(_change, desk, bearer, form, sender.origin.block)
    except BridgeError as error:
        if error.retryable:
            raise
        fault = _said(error)
    if fault is not None:
        page = _account_page(request, bridge, bearer, language, fault)
        page.status_code = 422
        return page
    secret = await run_in_threadpool(desk.sessions.open, bearer.name, PASSWORD, bearer.mandate)
    return _logged_in(sender, secret, "/account")


@router.get("/login/oidc")
def to_provider(request: Request, desk: Desk, sender: Sender, wanted: Wanted = "/") -> Response:
    """Go to the provider."""
    if desk.provider is None:
        raise Problem(404, OFF)
    if not _private(request, sender):
        raise Problem(403, OPEN_WIRE)
    scheme = "https" if sender.origin.secure else "http"
    back = f"{scheme}://{request.headers.get('host', '')}/login/oidc/return"
    url, errand = desk.provider.start(back, inside(wanted))
    answer = RedirectResponse(url, 303)
    # Lax, as every cookie of ours: strict ones would not come along on the way back.
    _hold(answer, ERRAND_COOKIE, errand, sender, seconds=600)
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
        secret, wanted = desk.returned(_held(request, ERRAND_COOKIE, sender), state, code, error)
    except StoreError:
        raise
    except BridgeError as fault:
        _tell(bridge, sender, "refused", OIDC, fault.describe("en"))
        page = _login_page(request, bridge, desk, sender, language, "/", "", _said(fault))
        page.status_code = 502 if fault.retryable else 403
        _forget(page, ERRAND_COOKIE, sender)
        return page
    _tell(bridge, sender, "let_in", OIDC)
    answer = _logged_in(sender, secret, wanted)
    _forget(answer, ERRAND_COOKIE, sender)
    return answer


def _tell(bridge: Context, sender: Visitor, outcome: str, via: str, why: str = "") -> None:
    """Count a try, and log where it came from; never what was typed: it may be a password."""
    bridge.metrics.logins.labels(outcome).inc()
    log.info("login", outcome=outcome, via=via, address=sender.origin.address, why=why)


def inside(path: str) -> str:
    """A path of ours, or the front page: nobody is led elsewhere by a link to our login."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return quote(path, safe="/?&=%:+,;@~-._") if safe else "/"


def _login_page(
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
        open_wire=None if _private(request, sender) else OPEN_WIRE,
    )
    _hold(page, FORM_COOKIE, held, sender, seconds=3600)
    return page


def _account_page(
    request: Request, bridge: Context, bearer: Bearer, language: str, fault: Text | None = None
) -> HTMLResponse:
    return Paper(request, language, bridge.now()).render(
        "account.html",
        here="/account",
        bearer=bearer,
        fault=fault,
        own_password=bearer.reader.startswith(f"{PASSWORD} "),
    )


def _change(desk: LoginDesk, bearer: Bearer, form: dict[str, str], address: str) -> Text | None:
    """Whoever finds an open browser shall not lock its owner out, nor guess there."""
    try:
        secret = desk.log_in(bearer.name, form.get("old", ""), address)
    except WaitError as error:
        return _said(error)
    if secret is None:
        return Text("the old password is wrong", "原口令错误")
    desk.people.change_password(bearer.name, form.get("new", ""))
    return None


def _said(error: BridgeError) -> Text:
    """What is wrong and what helps; where in the settings is for the operator's log."""
    parts = [
        part if isinstance(part, Text) else Text(part, part) for part in (error.what, error.hint)
    ]
    return Text(
        " — ".join(part.en for part in parts if part.en),
        " — ".join(part.zh for part in parts if part.zh),
    )


def _own_form(request: Request, sender: Visitor, form: dict[str, str]) -> Bearer:
    """The person whose page the form is of.

    Raises:
        Problem: 401 for nobody, 403 for a form of another page.
    """
    _same_site(request)
    if sender.bearer is None or not sender.bearer.session:
        raise Problem(401, Text("log in first", "请先登录"))
    _match(form, sender.bearer.forms)
    return sender.bearer


def _same_site(request: Request) -> None:
    """Browsers say where a form comes from (Fetch Metadata); others have to have the token."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, FOREIGN)


def _match(form: dict[str, str], expected: str) -> None:
    if not expected or not hmac.compare_digest(form.get("form", "").encode(), expected.encode()):
        raise Problem(403, FOREIGN)


def _private(request: Request, sender: Visitor) -> bool:
    """Whether nobody can listen: over TLS, or within this machine."""
    return sender.origin.secure or request.url.hostname in LOCAL


def _logged_in(sender: Visitor, secret: str, wanted: str) -> Response:
    answer = RedirectResponse(inside(wanted), 303)
    _hold(answer, COOKIE, secret, sender)
    _forget(answer, FORM_COOKIE, sender)
    return answer


def _held(request: Request, name: str, sender: Visitor) -> str:
    named = cookie_name(name, secure=sender.origin.secure)
    return cookie(Headers(scope=request.scope), named)


def _hold(
    answer: Response, name: str, value: str, sender: Visitor, seconds: int | None = None
) -> None:
    """Let the browser hold something that no script sees and no other site's form brings."""
    secure = sender.origin.secure
    answer.set_cookie(
        cookie_name(name, secure=secure),
        value,
        max_age=seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _forget(answer: Response, name: str, sender: Visitor) -> None:
    secure = sender.origin.secure
    answer.delete_cookie(
        cookie_name(name, secure=secure), path="/", secure=secure, httponly=True, samesite="lax"
    )
