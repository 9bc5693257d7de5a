"""The people of one store: who they are, as what they read, and their passwords."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

import msgspec

from cloud_bridge.access.visitor import Mandate
from cloud_bridge.errors import BridgeError
from cloud_bridge.login.passwords import fault_of, hashed
from cloud_bridge.store.accounts import Accounts, PersonRow
from packtrail.language import Text
from packtrail.shapes import from_json

NAME: Final = re.compile(r"\w[\w.@-]{0,63}")


class People:
    """Adds, closes and finds people.

    Args:
        accounts: where they are kept.
        now: UTC ns.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], int]) -> None:
        self._accounts = accounts
        self._now = now

    def add(self, name: str, mandate: Mandate, password: str) -> PersonRow:
        """Let somebody log in; one who was closed may come back under his name.

        Raises:
            BridgeError: no name, no good password, or the name is taken.
        """
        known = _name(name)
        old = self._accounts.person(known)
        if old is not None and not old.closed_ns:
            raise BridgeError(
                Text("the name is taken", "用户名已存在"),
                where=known,
                hint=Text("see `packtrail bridge people list`", "见 packtrail bridge people list"),
            )
        person = PersonRow(known, _kept(password, known), _json(mandate), self._now())
        self._accounts.remove_factor(known)
        self._accounts.save_person(person)
        return person

    def close(self, name: str) -> PersonRow:
        """Let somebody in no more, end his logins and take his second factor away.

        Raises:
            BridgeError: there is nobody of that name.
        """
        gone = msgspec.structs.replace(self.known(name), closed_ns=self._now())
        self._accounts.save_person(gone)
        self._accounts.remove_factor(gone.name)
        return gone

    def change_password(self, name: str, password: str) -> None:
        """Give somebody another password, and end his logins.

        Raises:
            BridgeError: there is nobody of that name, or the password is not good.
        """
        person = self.known(name)
        fresh = msgspec.structs.replace(person, password=_kept(password, person.name))
        self._accounts.save_person(fresh)

    def known(self, name: str) -> PersonRow:
        """Who may log in under a name.

        Raises:
            BridgeError: nobody.
        """
        found = self.find(name)
        if found is None:
            raise BridgeError(
                Text("nobody of that name may log in", "没有此用户，或已停用"),
                where=name[:64],
                hint=Text("see `packtrail bridge people list`", "见 packtrail bridge people list"),
            )
        return found

    def find(self, name: str) -> PersonRow | None:
        """Who may log in under a name; None for nobody."""
        found = self._accounts.person(folded(name))
        return found if found and not found.closed_ns else None

    def all(self) -> list[PersonRow]:
        """Everybody, those who were closed too."""
        return self._accounts.people()

    def with_factor(self) -> frozenset[str]:
        """The names of those who have a second factor."""
        return frozenset(one.name for one in self._accounts.factors())


def folded(name: str) -> str:
    """A name as it is kept, however it was typed."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def mandate_of(json: str) -> Mandate:
    """What was kept."""
    return from_json(json, Mandate)


def _json(mandate: Mandate) -> str:
    return msgspec.json.encode(mandate).decode()


def _name(name: str) -> str:
    known = folded(name)
    if not NAME.fullmatch(known):
        raise BridgeError(
            Text(
                "a name has 1 to 64 letters, digits, and . @ - _ after the first",
                "用户名为 1 至 64 个字母或数字，首位之后可用 . @ - _",
            ),
            where=name[:64],
            hint=Text("choose another", "请另选用户名"),
        )
    return known


def _kept(password: str, name: str) -> str:
    fault = fault_of(password, name)
    if fault is not None:
        raise BridgeError(
            Text("the password is not good: {why}", "口令不符合要求：{why}").fill(why=fault),
            where=name,
            hint=Text("a few unusual words are a good one", "建议使用若干不常见词语的组合"),
        )
    return hashed(password)
