"""What every form of a login shares: who sent it, of whose page it is, what the browser holds."""

from __future__ import annotations

import hmac
from typing import Annotated, Final
from urllib.parse import parse_qs, quote

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers

from cloud_bridge.access.doorway import visitor_of
from cloud_bridge.access.proxies import LOCAL
from cloud_bridge.access.visitor import COOKIE, Bearer, Visitor, cookie, cookie_name
from cloud_bridge.api.context import Bridge, Context
from cloud_bridge.api.problems import Problem
from cloud_bridge.errors import BridgeError
from cloud_bridge.login.desk import LoginDesk
from packtrail import logs
from packtrail.language import Text

FORM_COOKIE: Final = "packtrail-form"
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


def tell(bridge: Context, sender: Visitor, outcome: str, via: str, why: str = "") -> None:
    """Count a try, and log where it came from; never what was typed: it may be a password."""
    bridge.metrics.logins.labels(outcome).inc()
    log.info("login", outcome=outcome, via=via, address=sender.origin.address, why=why)


def inside(path: str) -> str:
    """A path of ours, or the front page: nobody is led elsewhere by a link to our login."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return quote(path, safe="/?&=%:+,;@~-._") if safe else "/"


def said(error: BridgeError) -> Text:
    """What is wrong and what helps; where in the settings is for the operator's log."""
    parts = [
        part if isinstance(part, Text) else Text(part, part) for part in (error.what, error.hint)
    ]
    return Text(
        " — ".join(part.en for part in parts if part.en),
        " — ".join(part.zh for part in parts if part.zh),
    )


def own_form(request: Request, sender: Visitor, form: dict[str, str]) -> Bearer:
    """The person whose page the form is of.

    Raises:
        Problem: 401 for nobody, 403 for a form of another page.
    """
    same_site(request)
    if sender.bearer is None or not sender.bearer.session:
        raise Problem(401, Text("log in first", "请先登录"))
    match_form(form, sender.bearer.forms)
    return sender.bearer


def same_site(request: Request) -> None:
    """Browsers say where a form comes from (Fetch Metadata); others have to have the token."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, FOREIGN)


def match_form(form: dict[str, str], expected: str) -> None:
    """Refuse a form of another page: it lacks what that browser holds.

    Raises:
        Problem: 403.
    """
    if not expected or not hmac.compare_digest(form.get("form", "").encode(), expected.encode()):
        raise Problem(403, FOREIGN)


def private(request: Request, sender: Visitor) -> bool:
    """Whether nobody can listen: over TLS, or within this machine."""
    return sender.origin.secure or request.url.hostname in LOCAL


def logged_in(sender: Visitor, secret: str, wanted: str) -> Response:
    """Into the login that `secret` opens, and on to the page that was wanted."""
    answer = RedirectResponse(inside(wanted), 303)
    hold(answer, COOKIE, secret, sender)
    forget(answer, FORM_COOKIE, sender)
    return answer


def held_by(request: Request, name: str, sender: Visitor) -> str:
    """What the browser holds under a name of ours, "" for nothing."""
    named = cookie_name(name, secure=sender.origin.secure)
    return cookie(Headers(scope=request.scope), named)


def hold(
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


def forget(answer: Response, name: str, sender: Visitor) -> None:
    """Let the browser forget what it holds under a name."""
    secure = sender.origin.secure
    answer.delete_cookie(
        cookie_name(name, secure=secure), path="/", secure=secure, httponly=True, samesite="lax"
    )
