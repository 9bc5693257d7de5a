"""Setting up a bridge: a folder to begin with, and a check of everything before a run.

The check opens what a run would open, in the same order, and reports every fault with its
remedy instead of stopping at the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cloud_bridge.access.opening import try_access, try_login
from cloud_bridge.appraisal.opening import appraiser_for
from cloud_bridge.errors import BridgeError
from cloud_bridge.feeds.gbt32960.feed import tls_context as feed_tls
from cloud_bridge.ingest.mqtt import probe
from cloud_bridge.projections.chosen import chosen, find
from cloud_bridge.projections.follower import rebuild
from cloud_bridge.retention.policy import read_policy
from cloud_bridge.rules.reading import read_table
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.opening import open_existing, try_store
from cloud_bridge.web import listen, tls_context
from packtrail.errors import PacktrailError, reason_of
from packtrail.language import Text, locale_language
from packtrail.settings import load, secret
from packtrail.signing import SigningKey


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: what, and its fault or ""."""

    what: Text
    fault: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is as it has to be."""
        return not self.fault

    def line(self) -> str:
        """For the terminal."""
        mark = "✗" if self.fault else "✓"
        return f"{mark} {self.what.say()}{f': {self.fault}' if self.fault else ''}"


def init(folder: Path) -> list[Text]:
    """Make `bridge.toml` and `bridge.pem` in `folder`; what exists is left as it is.

    Raises:
        BridgeError: the folder cannot be written.
    """
    settings, key_file = folder / "bridge.toml", folder / "bridge.pem"
    told = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not key_file.exists():
            SigningKey.generate().save(key_file)
            told.append(Text(f"made {key_file}", f"已生成 {key_file}"))
        if not settings.exists():
            sample = files("cloud_bridge").joinpath("sample.toml").read_text("utf-8")
            settings.write_text(sample, "utf-8")
            told.append(Text(f"made {settings}", f"已生成 {settings}"))
        told += _samples(folder)
    except OSError as error:
        raise BridgeError(
            Text("cannot be written: {why}", "无法写入：{why}").fill(why=reason_of(error)),
            where=str(folder),
            hint=Text("choose another folder", "请换一个目录"),
        ) from error
    public = SigningKey.load(key_file).public.text
    told.append(Text(f"gateways pin this public key: {public}", f"网关需固定此公钥：{public}"))
    run = f"packtrail bridge run --settings {settings}"
    told.append(
        Text(
            f"add keys with `packtrail bridge trust`, then: {run}",
            f"用 packtrail bridge trust 登记公钥，然后：{run}",
        )
    )
    return told


def _samples(folder: Path) -> list[Text]:
    """What packs are appraised by, to be made one's own."""
    told = []
    for name in ("policy", "prices"):
        file = folder / f"{name}.toml"
        if not file.exists():
            sample = files("soh_model").joinpath(f"sample_{name}.toml").read_text("utf-8")
            file.write_text(sample, "utf-8")
            told.append(Text(f"made {file}", f"已生成 {file}"))
    return told


def check(path: Path) -> list[Finding]:
    """Look at settings, key, store, port, broker and what the projections need.

    A target that is down is no fault: its projection waits for it.

    Raises:
        SettingsError: the file itself cannot be used; nothing else can be looked at then.
    """
    settings = load(BridgeSettings, path)
    return [
        Finding(Text("settings", "配置")),
        _try(Text("key", "密钥"), lambda: SigningKey.load(settings.key_file)),
        _try(Text("store", "数据库"), lambda: try_store(settings.store)),
        _try(Text("port", "端口"), lambda: listen(settings.http).close()),
        _try(Text("broker", "消息代理"), lambda: _reach(settings)),
        _try(Text("projections", "投影"), lambda: _make_projections(settings)),
        *_appraisal(settings),
        _try(Text("TLS", "TLS"), lambda: _read_tls(settings)),
        _try(Text("GB/T 32960", "GB/T 32960"), lambda: _feed(settings)),
        _try(Text("access", "访问规则"), lambda: try_access(settings)),
        _try(Text("login", "登录"), lambda: try_login(settings)),
        _try(Text("retention", "保留规则"), lambda: read_policy(settings.retention.rules)),
        _try(Text("rules", "义务规则表"), lambda: read_table(settings.rules.table)),
        _trust(settings),
    ]


def rebuild_projection(path: Path, name: str) -> Text:
    """Begin a projection anew; a running bridge carries it from its next look at the store on.

    Raises:
        PacktrailError: no such projection, no store, or the target does not answer.
    """
    settings = load(BridgeSettings, path)
    projection = find(settings, SigningKey.load(settings.key_file), name)
    store = open_existing(settings.store)
    try:
        rebuild(projection, store, time.time_ns())
    finally:
        projection.close()
        store.close()
    return Text(f"{name} is made again from the beginning", f"{name} 将从头重建")


def _try(what: Text, action: Callable[[], object]) -> Finding:
    try:
        action()
    except PacktrailError as error:
        return Finding(what, error.describe(locale_language()))
    return Finding(what)


def _appraisal(settings: BridgeSettings) -> list[Finding]:
    appraiser = appraiser_for(settings)
    return [_try(Text("policy and prices", "判定规则与价格"), appraiser.check)] if appraiser else []


def _make_projections(settings: BridgeSettings) -> None:
    """A secret that is not set or a library that is missing would stop the start."""
    if not (settings.influx or settings.lake or settings.hook):
        return
    for projection in chosen(settings, SigningKey.load(settings.key_file)):
        projection.close()


def _read_tls(settings: BridgeSettings) -> None:
    if settings.http.tls is not None:
        tls_context(settings.http.tls)


def _feed(settings: BridgeSettings) -> None:
    """A password that is not set or a certificate that is none would stop the start."""
    feed = settings.gbt32960
    if feed is not None:
        feed_tls(feed.tls)
        for peer in feed.peer:
            secret(peer.password_env)


def _reach(settings: BridgeSettings) -> None:
    fault = probe(settings.mqtt)
    if fault:
        raise BridgeError(
            Text(f"no connection: {fault}", f"无法连接：{fault}"),
            where=f"{settings.mqtt.host}:{settings.mqtt.port}",
            hint=Text("start the broker or correct [mqtt]", "请启动消息代理或更正 [mqtt]"),
            retryable=True,
        )


def _trust(settings: BridgeSettings) -> Finding:
    what = Text(
        f"trust list, {len(settings.trust)} keys", f"信任列表，{len(settings.trust)} 个密钥"
    )
    if settings.trust:
        return Finding(what)
    return Finding(
        what,
        Text(
            "nobody may speak — add the public key of a gateway under [[trust]]",
            "无人可上报 — 请在 [[trust]] 中加入网关公钥",
        ).say(),
    )
