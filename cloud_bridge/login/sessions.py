"""Logins: a random secret in a cookie, its SHA-256 in the store; they end by themselves."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final

import msgspec

from cloud_bridge.access.fields import Purpose
from cloud_bridge.access.visitor import Bearer, Mandate
from cloud_bridge.login.people import People, mandate_of
from cloud_bridge.store.accounts import Accounts, PersonRow, SessionRow
from cloud_bridge.store.factors import BY_PASSWORD, PASSWORD

OIDC: Final = "oidc"
SECRET_BYTES: Final = 32
MINUTE_NS: Final = 60 * 10**9
HOUR_NS: Final = 60 * MINUTE_NS


class SessionBook:
    """Opens, resumes and ends logins.

    Args:
        accounts: where they are kept.
        people: who may be logged in by a password; None where nobody may any more.
        hours: after so many hours a login ends.
        idle_minutes: and after so many minutes without a request.
        now: UTC ns.
        needs_code: whether a login of somebody holds only if he told a code.
    """

    def __init__(
        self,
        accounts: Accounts,
        people: People | None,
        hours: float,
        idle_minutes: float,
        now: Callable[[], int],
        needs_code: Callable[[PersonRow], bool] = lambda _person: False,
    ) -> None:
        self._accounts = accounts
        self._people = people
        self._longest_ns = round(hours * HOUR_NS)
        self._idle_ns = round(idle_minutes * MINUTE_NS)
        self._now = now
        self._needs_code = needs_code

    def open(self, name: str, via: str, mandate: Mandate) -> str:
        """Log somebody in; what the cookie holds."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        now_ns = self._now()
        row = SessionRow(
            digest=_digest(secret),
            name=name,
            via=via,
            mandate=msgspec.json.encode(mandate).decode(),
            purpose=mandate.purposes[0],
            made_ns=now_ns,
            seen_ns=now_ns,
            ends_ns=now_ns + self._longest_ns,
        )
        self._accounts.open_session(row, now_ns)
        return secret

    def resume(self, secret: str) -> Bearer | None:
        """See `cloud_bridge.access.visitor.Sessions`."""
        row = self._accounts.session(_digest(secret))
        if row is None or not self._holds(row):
            return None
        mandate = self._mandate(row)
        if mandate is None:
            return None
        purpose = Purpose(row.purpose)
        if self._now() - row.seen_ns > MINUTE_NS:
            self._accounts.touch_session(row.digest, row.purpose, self._now())
        return Bearer(
            mandate,
            purpose if purpose in mandate.purposes else mandate.purposes[0],
            row.name,
            f"{row.via} {row.name}",
            row.digest,
            forms_of(secret),
            row.ends_ns,
        )

    def read_for(self, bearer: Bearer, purpose: Purpose) -> None:
        """From now on, somebody's login reads for another of his purposes."""
        self._accounts.touch_session(bearer.session, purpose, self._now())

    def end(self, bearer: Bearer) -> None:
        """Log out."""
        self._accounts.end_session(bearer.session)

    def _holds(self, row: SessionRow) -> bool:
        now_ns = self._now()
        # A clock that was set back must not make a login last longer.
        return row.made_ns <= now_ns + MINUTE_NS and now_ns < min(
            row.ends_ns, row.seen_ns + self._idle_ns
        )

    def _mandate(self, row: SessionRow) -> Mandate | None:
        """Of a person as it is now; of a provider's as it was told on logging in."""
        if row.via not in BY_PASSWORD:
            return mandate_of(row.mandate)
        person = self._people.find(row.name) if self._people else None
        if person is None or (row.via == PASSWORD and self._needs_code(person)):
            return None
        return mandate_of(person.mandate)


def forms_of(secret: str) -> str:
    """What the forms of a login bring back: nobody else's page can know it."""
    return hmac.new(secret.encode(), b"packtrail forms", hashlib.sha256).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
