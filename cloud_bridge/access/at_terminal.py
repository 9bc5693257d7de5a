"""What `packtrail bridge key` and `packtrail bridge reads` do and say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud_bridge.access.fields import Purpose, Reader
from cloud_bridge.access.keys import ApiKey, KeyRing
from cloud_bridge.access.reads import ReadLog
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.opening import open_store
from packtrail.language import Text
from packtrail.settings import load
from packtrail.times import format_time


def add(
    settings: Path,
    name: str,
    role: Reader,
    purposes: tuple[Purpose, ...],
    codes: tuple[str, ...],
    now_ns: int,
    days: float,
) -> list[str]:
    """Make a key; its token comes last, alone on its line."""
    with _ring(settings) as ring:
        token = ring.add(name, role, purposes, codes, now_ns, days)
    once = Text(
        "keep it: it is shown this once. Send it as `Authorization: Bearer TOKEN`",
        "请妥善保存，仅显示这一次。请求时以 `Authorization: Bearer TOKEN` 发送",
    )
    return [once.say(), token]


def listed(settings: Path, now_ns: int) -> list[str]:
    """One line per key."""
    with _ring(settings) as ring:
        keys = ring.all()
    return [_line(key, now_ns) for key in keys] or [Text("no keys", "尚无密钥").say()]


def revoke(settings: Path, number: str, now_ns: int) -> list[str]:
    """End a key."""
    with _ring(settings) as ring:
        key = ring.revoke(number, now_ns)
    return [Text("revoked: {name}", "已吊销：{name}").say(name=key.name)]


def reads(settings: Path, most: int, about: str) -> list[str]:
    """One line per restricted read, the newest last."""
    found = ReadLog(load(BridgeSettings, settings).access.folder).newest(most, about)
    lines = [
        f"{one.at}  {one.reader} ({one.role}, {one.purpose})  {one.what}  "
        f"[{', '.join(one.fields)}]  {one.address}"
        for one in found
    ]
    return lines or [Text("nothing restricted was read", "无受限数据访问记录").say()]


@contextmanager
def _ring(path: Path) -> Iterator[KeyRing]:
    settings = load(BridgeSettings, path)
    store = open_store(settings.store)
    try:
        ring = KeyRing(store)
        ring.take_over(settings.access.folder)
        yield ring
    finally:
        store.close()


def _line(key: ApiKey, now_ns: int) -> str:
    what = f"{key.id}  {key.name}  {key.role}  {','.join(key.purposes)}"
    scope = ",".join(key.codes) or Text("all codes", "全部编码").say()
    return f"{what}  {scope}  {_standing(key, now_ns)}"


def _standing(key: ApiKey, now_ns: int) -> str:
    if key.revoked_ns:
        return Text("revoked {at}", "已于 {at} 吊销").say(at=format_time(key.revoked_ns))
    if not key.holds(now_ns):
        return Text("expired {at}", "已于 {at} 过期").say(at=format_time(key.expires_ns))
    if key.expires_ns:
        return Text("until {at}", "有效至 {at}").say(at=format_time(key.expires_ns))
    return Text("without end", "长期有效").say()
