"""What `packtrail bridge ocpp-station` does and says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud_bridge.errors import BridgeError
from cloud_bridge.feeds.settings import OcppSettings
from cloud_bridge.feeds.stations import Station, StationBook
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.opening import open_store
from packtrail.language import Text
from packtrail.settings import load
from packtrail.times import format_time


def add(settings: Path, number: str, site: str, now_ns: int) -> list[str]:
    """Let a station in; its password comes last, alone on its line."""
    with _book(settings) as (book, ocpp):
        password = book.add(number, site, now_ns)
    told = Text(
        "set in the station: {scheme}://HOST:{port}/ocpp/{id}, user {id}, and this password; it is "
        "shown this once",
        "请在站点中设置：{scheme}://主机:{port}/ocpp/{id}，用户名 {id}，口令如下（仅显示这一次）",
    )
    scheme = "wss" if ocpp.tls else "ws"
    return [told.say(scheme=scheme, port=ocpp.port, id=number), password]


def listed(settings: Path) -> list[str]:
    """One line per station."""
    with _book(settings) as (book, _):
        stations = book.all()
    return [_line(station) for station in stations] or [Text("no stations", "尚无站点").say()]


def revoke(settings: Path, number: str, now_ns: int) -> list[str]:
    """End a station's voice."""
    with _book(settings) as (book, _):
        station = book.revoke(number, now_ns)
    return [Text("revoked: {id}", "已吊销：{id}").say(id=station.id)]


def _line(station: Station) -> str:
    made = Text("since {at}", "自 {at} 起").say(at=format_time(station.made_ns))
    gone = Text("revoked {at}", "已于 {at} 吊销").say(at=format_time(station.revoked_ns))
    return f"{station.id}  {station.site}  {gone if station.revoked_ns else made}"


@contextmanager
def _book(path: Path) -> Iterator[tuple[StationBook, OcppSettings]]:
    settings = load(BridgeSettings, path)
    ocpp = _told(settings.ocpp, path)
    store = open_store(settings.store)
    try:
        book = StationBook(store)
        if ocpp.folder:
            book.take_over(ocpp.folder)
        yield book, ocpp
    finally:
        store.close()


def _told(ocpp: OcppSettings | None, path: Path) -> OcppSettings:
    if ocpp is None:
        raise BridgeError(
            Text("the settings have no table [ocpp]", "配置中没有 [ocpp] 表"),
            where=str(path),
            hint=Text("add a line [ocpp] to them", "请在其中添加一行 [ocpp]"),
        )
    return ocpp
