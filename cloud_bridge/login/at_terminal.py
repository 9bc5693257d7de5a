"""What `packtrail bridge people` does and says."""

from __future__ import annotations

import getpass
import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import segno

from cloud_bridge.access.visitor import Mandate
from cloud_bridge.errors import BridgeError
from cloud_bridge.login import codes
from cloud_bridge.login.factor import SecondFactors
from cloud_bridge.login.passwords import LONGEST
from cloud_bridge.login.people import People, mandate_of
from cloud_bridge.login.settings import Factor
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import Store
from cloud_bridge.store.accounts import PersonRow
from cloud_bridge.store.opening import open_store
from packtrail.language import Text
from packtrail.settings import load
from packtrail.signing import SigningKey
from packtrail.times import format_time


def add(settings: Path, name: str, mandate: Mandate) -> list[str]:
    """Let somebody log in."""
    with _people(settings) as (people, known):
        person = people.add(name, mandate, _asked())
    lines = [Text("may log in: {name}", "已允许登录：{name}").say(name=person.name)]
    if not known.access_enforced:
        open_ = Text(
            "this bridge answers to this machine alone and shows everything: "
            "[access] enforce = true makes people log in",
            "本云桥仅响应本机且显示全部内容：设置 [access] enforce = true 后才需登录",
        )
        lines.append(open_.say())
    return lines


def listed(settings: Path) -> list[str]:
    """One line per person."""
    with _people(settings) as (people, _):
        found = people.all()
        coded = people.with_factor()
    return [_line(person, coded=person.name in coded) for person in found] or [
        Text("nobody", "尚无用户").say()
    ]


def close(settings: Path, name: str) -> list[str]:
    """Let somebody in no more."""
    with _people(settings) as (people, _):
        gone = people.close(name)
    return [Text("closed: {name}", "已停用：{name}").say(name=gone.name)]


def password(settings: Path, name: str) -> list[str]:
    """Give somebody another password."""
    with _people(settings) as (people, _):
        people.known(name)
        people.change_password(name, _asked())
    return [Text("changed; his logins have ended", "已修改，其全部登录已结束").say()]


def factor(settings: Path, name: str, *, off: bool) -> list[str]:
    """Give somebody a second factor, or take it away; the secret and codes are shown this once.

    Raises:
        PacktrailError: there is nobody of that name, or the bridge's key cannot be read.
    """
    with _opened(settings) as (store, known):
        person = People(store, time.time_ns).known(name)
        if off:
            store.remove_factor(person.name)
            return [
                Text("no second factor any more: {name}", "已停用第二因素：{name}").say(name=name)
            ]
        key = SigningKey.load(known.key_file)
        factors = SecondFactors(store, known.login, key, time.time_ns)
        secret, fresh = factors.give(person.name)
        lines = _given(secret, person.name, fresh)
        if factors.policy(person) is Factor.OFF:
            idle = Text(
                "nobody asks for it: [login] second_factor is off for this person",
                "当前不会要求验证：该用户的 [login] second_factor 为 off",
            )
            lines.append(idle.say())
        return lines


def _given(secret: bytes, name: str, fresh: list[str]) -> list[str]:
    address = codes.address_of(secret, name)
    drawn = io.StringIO()
    segno.make(address, error="l", micro=False).terminal(out=drawn, border=2, compact=True)
    once = Text(
        "hand them over: they are shown this once. For the app (scan, or type the secret):",
        "请转交本人，仅显示这一次。供应用扫描，或手动输入密钥：",
    )
    kept = Text("recovery codes, each serves once:", "恢复码，每个仅能使用一次：")
    secret_line = Text("secret: {secret}", "密钥：{secret}").say(secret=codes.spelled(secret))
    return [once.say(), drawn.getvalue(), address, secret_line, kept.say(), *fresh]


@contextmanager
def _people(path: Path) -> Iterator[tuple[People, BridgeSettings]]:
    with _opened(path) as (store, settings):
        yield People(store, time.time_ns), settings


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Store, BridgeSettings]]:
    settings = load(BridgeSettings, path)
    store = open_store(settings.store)
    try:
        yield store, settings
    finally:
        store.close()


def _asked() -> str:
    """The password, typed twice unseen, or the first line of what is piped in.

    Raises:
        BridgeError: the two differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
    first = getpass.getpass(Text("password: ", "口令：").say())
    if getpass.getpass(Text("again: ", "再次输入：").say()) != first:
        raise BridgeError(
            Text("the two differ", "两次输入不一致"),
            where="password",
            hint=Text("try again", "请重试"),
        )
    return first


def _line(person: PersonRow, *, coded: bool) -> str:
    mandate = mandate_of(person.mandate)
    scope = ",".join(mandate.codes) or Text("all codes", "全部编码").say()
    standing = (
        Text("closed {at}", "已于 {at} 停用").say(at=format_time(person.closed_ns))
        if person.closed_ns
        else Text("may log in", "可登录").say()
    )
    factor = Text(", with a code", "，须验证码").say() if coded else ""
    purposes = ",".join(mandate.purposes)
    return f"{person.name}  {mandate.role}  {purposes}  {scope}  {standing}{factor}"
