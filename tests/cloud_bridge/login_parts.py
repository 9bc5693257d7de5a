"""What tests of logging in share: a gate with people, and a browser that fills in forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any

from fastapi.testclient import TestClient

from cloud_bridge.access import Gate, Jurisdiction, Purpose, Reader, read_table
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.limits import Limits
from cloud_bridge.access.reads import ReadLog
from cloud_bridge.access.visitor import Doors, Mandate
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.login.settings import LoginSettings
from cloud_bridge.web import application, guarded
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW

SECRET = "correct horse battery staple"
RECYCLER = Mandate(Reader.RECYCLER, (Purpose.TRIAGE, Purpose.TRACE))
FIELD = re.compile(r'<input type="hidden" name="form" value="([^"]*)"')


@dataclass
class Clock:
    """A clock that the test sets."""

    ns: int = NOW

    def __call__(self) -> int:
        return self.ns

    def pass_(self, seconds: float) -> None:
        self.ns += round(seconds * 1e9)


@dataclass
class House:
    """A guarded bridge where people may log in."""

    context: Any
    gate: Gate
    login: LoginDesk
    clock: Clock
    browsers: list[TestClient] = field(default_factory=list)

    def browser(self, base: str = "https://testserver", address: str = "192.0.2.1") -> TestClient:
        """A browser with cookies of its own."""
        app = guarded(application(self.context), ("testserver", "127.0.0.1"))
        made = TestClient(
            app, base, follow_redirects=False, client=(address, 50_000), headers=ENGLISH
        )
        made.raise_server_exceptions = False
        self.browsers.append(made)
        return made


ENGLISH = {"Accept-Language": "en"}


def house_over(
    desk: Any,
    folder: Any,
    settings: LoginSettings | None = None,
    limits: Limits | None = None,
    **doors: Any,
) -> House:
    """Put a gate and a login desk before what `desk` has."""
    clock = Clock()
    login = LoginDesk(desk.store, settings or LoginSettings(), clock, parts.AUTHORITY)
    gate = Gate(
        read_table(),
        Jurisdiction.CN,
        KeyRing(desk.store),
        ReadLog(folder / "access"),
        clock,
        Doors(login.sessions, limits=limits, **doors),
    )
    return House(replace(desk.context, access=gate, login=login, now=clock), gate, login, clock)


def form_of(page: Any) -> str:
    """What the page's form brings back."""
    return unescape(FIELD.search(page.text)[1])


def log_in(browser: TestClient, name: str = "anne", password: str = SECRET, **more: str) -> Any:
    """Open the login page, fill it in, send it."""
    content = {"form": form_of(browser.get("/login")), "name": name, "password": password}
    return browser.post("/login", data=content | more)
