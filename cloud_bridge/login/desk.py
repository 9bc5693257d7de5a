"""The login desk: takes names and passwords, or what a provider says, and opens logins."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cloud_bridge.errors import BridgeError
from cloud_bridge.login.guesses import Guesses
from cloud_bridge.login.oidc import Provider
from cloud_bridge.login.passwords import fits, hashed
from cloud_bridge.login.people import People, folded, mandate_of
from cloud_bridge.login.sessions import OIDC, PASSWORD, SessionBook
from cloud_bridge.login.settings import LoginSettings
from cloud_bridge.store.accounts import Accounts
from packtrail.language import Text

WRONG = Text("name or password is wrong", "用户名或口令错误")


class WaitError(BridgeError):
    """Too many failures: try again later."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            Text("too many wrong passwords", "错误次数过多"),
            where="login",
            hint=Text("wait, then try again", "请稍后重试"),
            retryable=True,
        )


class LoginDesk:
    """Logs people in.

    Args:
        accounts: where people and logins are kept.
        settings: how.
        now: UTC ns.

    Raises:
        PacktrailError: the provider's secret is not set, or its library is missing.
    """

    def __init__(self, accounts: Accounts, settings: LoginSettings, now: Callable[[], int]) -> None:
        self.by_password = settings.password
        self.people = People(accounts, now)
        known = self.people if settings.password else None
        self.sessions = SessionBook(
            accounts, known, settings.session_hours, settings.idle_minutes, now
        )
        self.provider = Provider(settings.oidc, accounts, now) if settings.oidc else None
        self._guesses = Guesses(accounts, now)

    def log_in(self, name: str, password: str, address: str) -> str | None:
        """What the cookie of a new login holds; None for a wrong name or password.

        Raises:
            WaitError: too many wrong ones under that name, or from that address.
            BridgeError: too many log in at this moment.
        """
        who = folded(name)[:256]
        wait_s = self._guesses.wait_s(who, address)
        if wait_s > 0:
            raise WaitError(wait_s)
        self._guesses.count(who, address)
        person = self.people.find(who)
        # A name that nobody has takes as long as one that somebody has.
        right = fits(password, person.password if person else _nobodys())
        if person is None or not right or not self.by_password:
            return None
        self._guesses.forget(who, address)
        return self.sessions.open(person.name, PASSWORD, mandate_of(person.mandate))

    def returned(self, errand: str, state: str, code: str, error: str) -> tuple[str, str]:
        """Somebody comes back from the provider: his cookie, and the page that he wanted.

        Raises:
            BridgeError: the provider does not vouch for him, or gives him no role here.
        """
        assert self.provider is not None
        told = self.provider.returned(errand, state, code, error)
        return self.sessions.open(told.name, OIDC, told.mandate), told.wanted


@cache
def _nobodys() -> str:
    """The hash of a password that nobody knows."""
    import secrets  # noqa: PLC0415 - of this function alone

    return hashed(secrets.token_urlsafe())
