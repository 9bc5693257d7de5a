"""What `packtrail bridge retain` does and says."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from cloud_bridge.errors import BridgeError
from cloud_bridge.retention.policy import KeepRule, read_policy
from cloud_bridge.retention.retiring import TASK, Report, Retention
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.opening import open_existing
from packtrail.language import Text
from packtrail.settings import load
from packtrail.signing import SigningKey

SHOWN = 20


def rules_text() -> str:
    """The table that comes with packtrail, to begin one's own with."""
    return files("cloud_bridge.retention").joinpath("retention.toml").read_text("utf-8")


def retain(settings_file: Path, *, apply: bool, as_json: bool) -> tuple[str, bool]:
    """What may go, or with `apply` went; and whether nothing was found to be wrong.

    Raises:
        PacktrailError: no settings, key, table or store, or another bridge retires now.
    """
    settings = load(BridgeSettings, settings_file)
    key = SigningKey.load(settings.key_file)
    policy = read_policy(settings.retention.rules)
    store = open_existing(settings.store)
    try:
        if apply and not store.lead(TASK):
            raise BridgeError(_ANOTHER, where="retention", hint=_LEAVE_IT, retryable=True)
        batch = settings.retention.batch_chunks
        retention = Retention(store, key, settings.ledger.origin, policy, batch=batch)
        report = retention.run(apply=apply)
    finally:
        store.close()
    if as_json:
        document = {"applied": apply, "policy": policy.name, "policy_digest": policy.digest}
        document |= report.as_json()
        return json.dumps(document, ensure_ascii=False, indent=2), not report.faults
    return _as_text(report, policy.name, policy.rules, apply=apply), not report.faults


def _as_text(report: Report, policy: str, rules: tuple[KeepRule, ...], *, apply: bool) -> str:
    head = _WENT if apply else _WOULD_GO
    lines = [
        head.say(
            policy=policy,
            packs=report.packs,
            touched=report.touched,
            days=report.days,
            chunks=report.chunks,
            size=report.size_bytes,
        )
    ]
    words = {rule.id: rule.text for rule in rules}
    for name, number in report.kept.most_common():
        text = words[name].say() if name in words else name
        lines.append(_KEPT.say(number=number, rule=name, text=text))
    lines += [_CHANGED.say(unit=unit) for unit in report.changed[:SHOWN]]
    lines += [_FAULT.say(fault=fault) for fault in report.faults[:SHOWN]]
    hidden = len(report.faults) - SHOWN
    if hidden > 0:
        lines.append(Text("… {n} more", "……另有 {n} 项").say(n=hidden))
    if not apply and report.chunks:
        lines.append(_HOW.say())
    return "\n".join(lines)


_WOULD_GO = Text(
    "{policy}: {packs} packs; may go: {chunks} chunks, {size} bytes, "
    "of {days} pack-days of {touched} packs",
    "{policy}：共 {packs} 个电池包；可清除 {touched} 个包的 {days} 个包日，"
    "{chunks} 个数据块，{size} 字节",
)
_WENT = Text(
    "{policy}: {packs} packs; went: {chunks} chunks, {size} bytes, "
    "of {days} pack-days of {touched} packs",
    "{policy}：共 {packs} 个电池包；已清除 {touched} 个包的 {days} 个包日，"
    "{chunks} 个数据块，{size} 字节",
)
_KEPT = Text(
    "  stay: {number} pack-days, {text} ({rule})", "  保留：{number} 个包日，{text}（{rule}）"
)
_CHANGED = Text("  {unit}: changed meanwhile, next time", "  {unit}：期间有变化，下次再处理")
_FAULT = Text("  stays as evidence: {fault}", "  作为证据保留：{fault}")
_HOW = Text("nothing was changed; --apply lets it go", "未作任何更改；加 --apply 执行清除")
_ANOTHER = Text("another bridge retires telemetry now", "另一云桥正在清除遥测")
_LEAVE_IT = Text(
    "a running bridge with [retention] enabled does it by itself",
    "启用了 [retention] 的云桥会自动执行",
)
