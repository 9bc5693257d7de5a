"""What `packtrail bridge people` does and says."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud_bridge.access.visitor import Mandate
from cloud_bridge.errors import BridgeError
from cloud_bridge.login.passwords import LONGEST
from cloud_bridge.login.people import People, mandate_of
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.accounts import PersonRow
from cloud_bridge.store.opening import open_store
from packtrail.language import Text
from packtrail.settings import load
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
    return [_line(person) for person in found] or [Text("nobody", "尚无用户").say()]


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


@contextmanager
def _people(path: Path) -> Iterator[tuple[People, BridgeSettings]]:
    settings = load(BridgeSettings, path)
    store = open_store(settings.store)
    try:
        yield People(store, time.time_ns), settings
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


def _line(person: PersonRow) -> str:
    mandate = mandate_of(person.mandate)
    scope = ",".join(mandate.codes) or Text("all codes", "全部编码").say()
    standing = (
        Text("closed {at}", "已于 {at} 停用").say(at=format_time(person.closed_ns))
        if person.closed_ns
        else Text("may log in", "可登录").say()
    )
    return f"{person.name}  {mandate.role}  {','.join(mandate.purposes)}  {scope}  {standing}"
