"""Proves a gateway's set-up before it runs: one finding per part, each with a remedy.

Checked settings enter, findings leave. Nothing is written except a probe file, nothing is sent
to a bus, and a broken part does not keep the others from being looked at.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from gateway.alarms import load_thresholds
from gateway.checking.bus import check_bus
from gateway.checking.finding import Finding
from gateway.checking.running import running_view, tell_running
from gateway.clock import SystemClock
from gateway.enrolment import look_at_certificate
from gateway.listening import make_listener
from gateway.outbox.instance import lock_outbox
from gateway.settings import GatewaySettings, PackModelSettings, SlotSettings
from gateway.uplink.link import Arrived, Closed, Inbox, Opened, PahoLink
from packtrail.errors import PacktrailError, reason_of
from packtrail.language import Text
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality
from packtrail.topics import receipt_topic, status_topic

BROKER_S: Final = 10.0


def check(settings: GatewaySettings) -> Iterator[Finding]:
    """Look at every part, one after the other."""
    view = running_view(settings)
    yield _guard(Text("key", "密钥"), lambda: _key(settings))
    yield _guard(Text("certificate", "证书"), lambda: _certificate(settings))
    yield _guard(Text("disk", "磁盘"), lambda: _disk(settings))
    yield _guard(Text("clock", "时钟"), _clock)
    yield _guard(Text("alarms", "报警阈值"), lambda: _alarms(settings))
    yield from _slots(settings)
    yield from tell_running(view, settings) if view else _at_rest(settings)
    for model in settings.pack_model:
        part = Text(f"pack model {model.prefix}", f"电池型号 {model.prefix}")
        yield _guard(part, partial(_pack_model, model))
    yield _guard(Text("broker", "消息代理"), lambda: _broker(settings))


def _at_rest(settings: GatewaySettings) -> Iterator[Finding]:
    """What a gateway holds while it runs, and is free now."""
    yield _guard(Text("outbox", "发件箱"), lambda: _outbox(settings))
    yield _guard(Text("local port", "本地端口"), lambda: _port(settings))
    for bus in settings.bus:
        part = Text(f"bus {bus.name}", f"总线 {bus.name}")
        yield _guard(part, partial(check_bus, bus.options, settings))


def _guard(part: Text, look: Callable[[], Text | Finding]) -> Finding:
    """A finding whatever happens."""
    try:
        found = look()
    except PacktrailError as error:
        says = Text(
            PacktrailError(error.what, where=error.where).describe("en"),
            PacktrailError(error.what, where=error.where).describe("zh"),
        )
        hint = error.hint if isinstance(error.hint, Text) else Text(error.hint, error.hint)
        return Finding(part, says, fault=True, remedy=hint)
    return found if isinstance(found, Finding) else Finding(part, found)


def _key(settings: GatewaySettings) -> Text:
    public = SigningKey.load(settings.key.file).public
    return Text(
        f"{public.key_id}; the bridge must trust {public.text}",
        f"{public.key_id}；云桥需信任 {public.text}",
    )


def _outbox(settings: GatewaySettings) -> Text:
    path = settings.outbox.file
    lock_outbox(path).close()
    if not path.exists():
        return Text(f"will be made: {path}", f"将新建：{path}")
    megabytes = path.stat().st_size / 1e6
    return Text(f"{path}, {megabytes:.1f} MB", f"{path}，{megabytes:.1f} MB")


def _disk(settings: GatewaySettings) -> Finding:
    part = Text("disk", "磁盘")
    free_mb = shutil.disk_usage(settings.outbox.file.parent).free // 1_000_000
    says = Text(f"{free_mb} MB free", f"剩余 {free_mb} MB")
    if free_mb >= settings.outbox.quota_mb:
        return Finding(part, says)
    remedy = Text(
        "free some, or lower [outbox] quota_mb below it", "请清理磁盘，或调低 [outbox] quota_mb"
    )
    return Finding(part, says, fault=True, remedy=remedy)


def _clock() -> Finding:
    part, quality = Text("clock", "时钟"), SystemClock().quality()
    says = Text(f"{quality.value}", {"synced": "已同步", "free": "自由运行"}.get(quality, "未设置"))
    if quality is ClockQuality.SYNCED:
        return Finding(part, says)
    remedy = Text("follow a time server (chrony, timesyncd)", "请启用校时（chrony、timesyncd）")
    return Finding(part, says, fault=quality is ClockQuality.UNSET, remedy=remedy)


def _alarms(settings: GatewaySettings) -> Text:
    thresholds = load_thresholds(settings.alarms.file)
    count = len(thresholds.threshold)
    return Text(
        f"{count} limits, edition {thresholds.edition}",
        f"{count} 条阈值，版本 {thresholds.edition}",
    )


def _slots(settings: GatewaySettings) -> Iterator[Finding]:
    if not settings.slot:
        remedy = Text("add [[bus]] and [[slot]]", "请添加 [[bus]] 与 [[slot]]")
        yield Finding(Text("slots", "仓位"), Text("none", "无"), fault=True, remedy=remedy)
    for slot in settings.slot:
        part = Text(f"slot {slot.name}", f"仓位 {slot.name}")

        yield _guard(part, partial(_slot, slot, settings))


def _slot(slot: SlotSettings, settings: GatewaySettings) -> Text:
    make_listener(slot, settings)
    said = ", ".join((*slot.profiles, *(path.name for path in slot.dbc)))
    return Text(said, said)


def _pack_model(model: PackModelSettings) -> Text:
    spec = model.spec
    said = f"{spec.chemistry}, {spec.rated_ah:g} Ah, {spec.cells_in_series} s"
    return Text(said, said)


def _certificate(settings: GatewaySettings) -> Finding:
    part, paths = Text("certificate", "证书"), settings.certificate_paths
    if paths is None:
        return Finding(
            part,
            Text("none: the broker link is not mutual TLS", "无：与消息代理之间未启用双向 TLS"),
            remedy=Text("`packtrail gateway enrol` gets one", "用 packtrail gateway enrol 申请"),
        )
    state = look_at_certificate(paths.certificate, paths.key)
    days = state.days_left
    says = Text(
        f"{state.name}, {state.begins.date()} to {state.ends.date()}, {days:.0f} days left",
        f"{state.name}，{state.begins.date()} 至 {state.ends.date()}，剩余 {days:.0f} 天",
    )
    renew = Text(
        "`packtrail gateway enrol` renews it; [bridge] url lets the gateway do so by itself",
        "用 packtrail gateway enrol 续期；配置 [bridge] url 后可自动续期",
    )
    if days <= 0:
        return Finding(part, says, fault=True, remedy=renew)
    return Finding(part, says, remedy=renew if state.is_due and not settings.bridge.url else None)


def _port(settings: GatewaySettings) -> Text:
    address = (settings.local_api.host, settings.local_api.port)
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise PacktrailError(
            Text("cannot be used: {why}", "不可用：{why}").fill(why=reason_of(error)),
            where=f"{address[0]}:{address[1]}",
            hint=Text("set another [local_api] port", "请更换 [local_api] 的 port"),
        ) from error
    return Text(f"{address[0]}:{address[1]} is free", f"{address[0]}:{address[1]} 可用")


def _broker(settings: GatewaySettings) -> Text:
    """Connect under another name, so that a running gateway is not thrown out."""
    gateway, inbox = settings.gateway, Inbox()
    broker = settings.broker.broker(f"{gateway}-check-{os.getpid()}")
    where = f"{broker.host}:{broker.port}"
    link = PahoLink(
        broker,
        inbox,
        listen=[receipt_topic(gateway)],
        status=status_topic(f"{gateway}-check"),
        window=1,
    )
    try:
        link.open()
        event = inbox.take(BROKER_S)
    finally:
        link.close()
    if isinstance(event, Closed | Arrived) or not isinstance(event, Opened):
        why = event.reason if isinstance(event, Closed) else "no answer"
        raise PacktrailError(
            Text(f"does not let us in: {why}", f"拒绝连接：{why}"),
            where=where,
            hint=Text(
                "check protocol, user, password and access rules",
                "请检查协议版本、用户名、密码与访问规则",
            ),
        )
    version = settings.broker.protocol
    return Text(f"{where} lets us in, MQTT {version}", f"{where} 已连接，MQTT {version}")
