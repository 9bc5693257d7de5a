"""Who stands at the door: what a request brought (key, certificate, login), and from where.

Nothing is refused here: a key that is not good is noted, and whoever answers the request says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final, Protocol

import msgspec
from starlette.datastructures import Headers
from starlette.types import Scope

from cloud_bridge.access.certificates import Certificates
from cloud_bridge.access.fields import Purpose, Reader
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.limits import Limits
from cloud_bridge.access.proxies import Origin, Proxies

COOKIE: Final = "packtrail"
HOST_PREFIX: Final = "__Host-"
"""A cookie of that prefix is of this host alone and came over TLS (RFC 6265bis, 4.1.3.2)."""


class Mandate(msgspec.Struct, frozen=True):
    """What the access table judges somebody as.

    Attributes:
        role: his role.
        purposes: what he may read for; the first where nothing else was said.
        codes: he has his role for codes that begin so; for the rest he is the public. Empty: all.
    """

    role: Reader
    purposes: tuple[Purpose, ...]
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bearer:
    """Somebody whom a key, a certificate or a login has told.

    Attributes:
        mandate: what he is judged as.
        purpose: what he reads for where the request does not say.
        name: as a page shows him.
        reader: as the log of reads names him; unlike for unlike bearers.
        session: SHA-256 of his login's secret; "" for machines.
        forms: what a form of his login has to bring back; "" for machines.
        ends_ns: when the login ends, UTC ns; 0 for machines.
    """

    mandate: Mandate
    purpose: Purpose
    name: str
    reader: str
    session: str = ""
    forms: str = ""
    ends_ns: int = 0


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request's sender.

    Attributes:
        origin: where it comes from, and whether it came over TLS.
        bearer: who he is; None for anybody.
        bad_key: whether he brought a key that is not good.
    """

    origin: Origin
    bearer: Bearer | None = None
    bad_key: bool = False


class Sessions(Protocol):
    """Logins of people."""

    def resume(self, secret: str) -> Bearer | None:
        """Whose login a cookie holds; None for one that is over or never was."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Ways in beside keys.

    Attributes:
        sessions: logins of people; None for none.
        certificates: client certificates of machines.
        proxies: those whose word on a request's origin is taken.
        limits: how much each may ask; None without limits.
    """

    sessions: Sessions | None = None
    certificates: Certificates = field(default_factory=Certificates)
    proxies: Proxies = field(default_factory=Proxies)
    limits: Limits | None = None


def visitor_of(scope: Scope, doors: Doors, keys: KeyRing, now_ns: int) -> Visitor:
    """Who sent the request: by its key, else its certificate, else its login.

    Raises:
        StoreError: the database that holds the logins does not answer.
    """
    headers = Headers(scope=scope)
    origin = doors.proxies.origin(scope)
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind:
        key = keys.known(token.strip(), now_ns) if kind.lower() == "bearer" else None
        if key is None:
            return Visitor(origin, bad_key=True)
        mandate = Mandate(key.role, key.purposes, key.codes)
        return Visitor(origin, _machine(mandate, key.name, f"{key.id} {key.name}"))
    holder = doors.certificates.holder(origin.certificate) if origin.certificate else None
    if holder is not None:
        mandate = Mandate(holder.role, holder.purposes, holder.codes)
        return Visitor(origin, _machine(mandate, holder.name, f"certificate {holder.name}"))
    secret = cookie(headers, cookie_name(COOKIE, secure=origin.secure))
    return Visitor(origin, doors.sessions.resume(secret) if doors.sessions and secret else None)


def cookie_name(name: str, *, secure: bool) -> str:
    """How a cookie is called where it may only travel over TLS, and where not."""
    return f"{HOST_PREFIX}{name}" if secure else name


def cookie(headers: Headers, name: str) -> str:
    """What the request's cookie of that name holds, "" for none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _machine(mandate: Mandate, name: str, reader: str) -> Bearer:
    return Bearer(mandate, mandate.purposes[0], name, reader)
