"""Second factors: who needs one, giving one to somebody, and taking his codes.

Between password and code a person holds a ticket: a random secret in a cookie, kept in the store
under its hash, for ten minutes and for one try each. Every code counts as a guess until it was
right, apart from guesses at passwords: who knows the password may not guess on.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from cloud_bridge.errors import BridgeError
from cloud_bridge.login import codes
from cloud_bridge.login.codes import Seal
from cloud_bridge.login.guesses import Guesses
from cloud_bridge.login.people import People, mandate_of
from cloud_bridge.login.settings import Factor, LoginSettings
from cloud_bridge.store.accounts import Accounts, PersonRow
from cloud_bridge.store.factors import FactorRow
from packtrail.language import Text
from packtrail.shapes import from_json
from packtrail.signing import SigningKey

TICKET_NS: Final = 600 * 10**9
SECOND_NS: Final = 10**9


class Step(StrEnum):
    """What has to follow a right password."""

    NOTHING = "nothing"
    CODE = "code"
    ENROL = "enrol"
    ANOTHER = "another"
    """Of somebody logged in who takes one up, or another one."""


class Taken(StrEnum):
    """What became of a code."""

    RIGHT = "right"
    RECOVERY = "recovery"
    WRONG = "wrong"
    REPLAYED = "replayed"


class WaitError(BridgeError):
    """Too many failures: try again later."""

    def __init__(self, seconds: float, what: Text) -> None:
        self.seconds = seconds
        hint = Text("wait, then try again", "请稍后重试")
        super().__init__(what, where="login", hint=hint, retryable=True)


class Ticket(msgspec.Struct, frozen=True):
    """Of somebody half way.

    Attributes:
        name: who gave a right password.
        step: what he has to do.
        wanted: the page that he is on his way to.
        made_ns: when, UTC ns.
        password: SHA-256 of the row that he was known by; a person changed since begins anew.
        sealed: the secret that he is being given; empty where he has one.
    """

    name: str
    step: Step
    wanted: str
    made_ns: int
    password: str
    sealed: bytes = b""


class SecondFactors:
    """Gives second factors and takes codes.

    Args:
        accounts: where they are kept.
        settings: who needs one.
        key: the bridge's.
        now: UTC ns.
    """

    def __init__(
        self, accounts: Accounts, settings: LoginSettings, key: SigningKey, now: Callable[[], int]
    ) -> None:
        self._accounts = accounts
        self._settings = settings
        self._seal = Seal(key)
        self._people = People(accounts, now)
        self._guesses = Guesses(accounts, now)
        self._now = now

    def policy(self, person: PersonRow) -> Factor:
        """Whether this person may or must have one."""
        return self._settings.factor_for(mandate_of(person.mandate))

    def step_for(self, person: PersonRow) -> Step:
        """What has to follow this person's password."""
        policy = self.policy(person)
        if policy is Factor.OFF:
            return Step.NOTHING
        if self._accounts.factor(person.name):
            return Step.CODE
        return Step.ENROL if policy is Factor.REQUIRED else Step.NOTHING

    def has(self, name: str) -> bool:
        """Whether somebody has one."""
        return self._accounts.factor(name) is not None

    def recovery_left(self, name: str) -> int:
        """How many recovery codes somebody has left."""
        return self._accounts.recovery_left(name)

    def ticket(self, person: PersonRow, step: Step, wanted: str) -> str:
        """What the cookie of somebody half way holds; with a fresh secret where he enrols."""
        given = step is not Step.CODE
        secret = self._seal.close(codes.fresh_secret(), person.name) if given else b""
        made = Ticket(person.name, step, wanted, self._now(), _known_by(person), secret)
        return self.keep(made)

    def keep(self, ticket: Ticket) -> str:
        """Let a ticket serve once more; what the cookie holds now."""
        name, now_ns = secrets.token_urlsafe(32), self._now()
        content = msgspec.json.encode(ticket).decode()
        # As old as it was: tries do not prolong it.
        self._accounts.put_errand(_digest(name), content, ticket.made_ns, now_ns - TICKET_NS)
        return name

    def take(self, held: str, step: Step) -> tuple[Ticket, PersonRow] | None:
        """The ticket that a cookie holds, which is gone then, and whose; None for none."""
        content = self._accounts.take_errand(_digest(held), self._now() - TICKET_NS)
        ticket = from_json(content, Ticket) if content else None
        person = self._people.find(ticket.name) if ticket else None
        if ticket is None or person is None or ticket.step is not step:
            return None
        return (ticket, person) if _known_by(person) == ticket.password else None

    def secret_of(self, ticket: Ticket) -> bytes:
        """The secret that somebody is being given."""
        return self._seal.open(ticket.sealed, ticket.name)

    def check(self, name: str, code: str, address: str) -> Taken:
        """Take a code of somebody who has a factor, or a recovery code; each serves once.

        Raises:
            WaitError: too many wrong ones.
            StoreError: his secret was sealed with another bridge's key.
        """
        factor = self._accounts.factor(name)
        if factor is None:
            return Taken.WRONG
        who = self._count(name, address)
        typed = codes.plain(code[:64])
        if codes.is_of_an_app(typed):
            taken = self._of_an_app(factor, typed)
        else:
            digest = codes.recovery_digest(name, typed)
            right = self._accounts.take_recovery(name, digest)
            taken = Taken.RECOVERY if right else Taken.WRONG
        if taken in (Taken.RIGHT, Taken.RECOVERY):
            self._guesses.forget(who, address)
        return taken

    def confirm(self, ticket: Ticket, code: str, address: str) -> list[str] | None:
        """Give somebody the factor of his ticket if his app tells its code; recovery codes.

        Raises:
            WaitError: too many wrong ones.
        """
        who, typed = self._count(ticket.name, address), codes.plain(code[:64])
        secret = self.secret_of(ticket)
        step = codes.step_of(secret, typed, self._now() // SECOND_NS)
        if step is None:
            return None
        self._guesses.forget(who, address)
        return self._given(ticket.name, ticket.sealed, step)

    def give(self, name: str) -> tuple[bytes, list[str]]:
        """Give somebody a factor at once, as the operator does; the secret, recovery codes.

        Raises:
            BridgeError: there is nobody of that name.
        """
        person, secret = self._people.known(name), codes.fresh_secret()
        return secret, self._given(person.name, self._seal.close(secret, person.name), 0)

    def remove(self, name: str) -> None:
        """Take somebody's factor away."""
        self._accounts.remove_factor(name)

    def renew_recovery(self, name: str) -> list[str]:
        """Other recovery codes in place of those that somebody has."""
        fresh = codes.fresh_recovery()
        self._accounts.save_recovery(name, [codes.recovery_digest(name, one) for one in fresh])
        return fresh

    def _given(self, name: str, sealed: bytes, step: int) -> list[str]:
        fresh = codes.fresh_recovery()
        digests = [codes.recovery_digest(name, one) for one in fresh]
        self._accounts.save_factor(FactorRow(name, sealed, self._now(), step), digests)
        return fresh

    def _of_an_app(self, factor: FactorRow, code: str) -> Taken:
        secret = self._seal.open(factor.sealed, factor.name)
        step = codes.step_of(secret, code, self._now() // SECOND_NS)
        if step is None:
            return Taken.WRONG
        return Taken.RIGHT if self._accounts.take_step(factor.name, step) else Taken.REPLAYED

    def _count(self, name: str, address: str) -> str:
        """Count a try; no name of a person holds a space."""
        who = f"code of {name}"
        wait_s = self._guesses.wait_s(who, address)
        if wait_s > 0:
            raise WaitError(wait_s, Text("too many wrong codes", "验证码错误次数过多"))
        self._guesses.count(who, address)
        return who


def _known_by(person: PersonRow) -> str:
    return hashlib.sha256(f"{person.password}\0{person.mandate}".encode()).hexdigest()


def _digest(held: str) -> str:
    return hashlib.sha256(b"second factor\0" + held.encode()).hexdigest()
