"""The login desk: takes names and passwords, or what a provider says, and opens logins."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cloud_bridge.login.factor import SecondFactors, WaitError
from cloud_bridge.login.guesses import Guesses
from cloud_bridge.login.oidc import Provider
from cloud_bridge.login.passwords import fits, hashed
from cloud_bridge.login.people import People, folded, mandate_of
from cloud_bridge.login.sessions import OIDC, SessionBook
from cloud_bridge.login.settings import Factor, LoginSettings
from cloud_bridge.store.accounts import Accounts, PersonRow
from packtrail.language import Text
from packtrail.signing import SigningKey

WRONG = Text("name or password is wrong", "用户名或口令错误")


WRONG_OFTEN = Text("too many wrong passwords", "错误次数过多")


class LoginDesk:
    """Logs people in.

    Args:
        accounts: where people and logins are kept.
        settings: how.
        now: UTC ns.
        key: the bridge's; seals second factors.

    Raises:
        PacktrailError: the provider's secret is not set, or its library is missing.
    """

    def __init__(
        self, accounts: Accounts, settings: LoginSettings, now: Callable[[], int], key: SigningKey
    ) -> None:
        self.by_password = settings.password
        self.people = People(accounts, now)
        known = self.people if settings.password else None
        self.factors = SecondFactors(accounts, settings, key, now)
        self.sessions = SessionBook(
            accounts,
            known,
            settings.session_hours,
            settings.idle_minutes,
            now,
            lambda person: self.factors.policy(person) is Factor.REQUIRED,
        )
        self.provider = Provider(settings.oidc, accounts, now) if settings.oidc else None
        self._guesses = Guesses(accounts, now)

    def known(self, name: str, password: str, address: str) -> PersonRow | None:
        """Who has that name and password; None for a wrong name or password.

        Raises:
            WaitError: too many wrong ones under that name, or from that address.
            BridgeError: too many log in at this moment.
        """
        who = folded(name)[:256]
        wait_s = self._guesses.wait_s(who, address)
        if wait_s > 0:
            raise WaitError(wait_s, WRONG_OFTEN)
        self._guesses.count(who, address)
        person = self.people.find(who)
        # A name that nobody has takes as long as one that somebody has.
        right = fits(password, person.password if person else _nobodys())
        if person is None or not right or not self.by_password:
            return None
        self._guesses.forget(who, address)
        return person

    def open(self, person: PersonRow, via: str) -> str:
        """What the cookie of a new login holds."""
        return self.sessions.open(person.name, via, mandate_of(person.mandate))

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
