"""`packtrail id appraise`, and the check of a certificate in a file."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import msgspec

from cloud_bridge.appraisal.appraiser import Appraisal
from cloud_bridge.appraisal.certificate import certificate_of, check_certificate
from cloud_bridge.appraisal.opening import appraiser_for
from cloud_bridge.appraisal.words import conclusion, grade_text, report_text
from cloud_bridge.errors import BridgeError
from cloud_bridge.ledger.offline import told
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.opening import open_existing
from cloud_bridge.view import Packs, parse_unit
from packtrail.errors import os_fault
from packtrail.estimate import Advice, Interval
from packtrail.language import Text
from packtrail.settings import load
from packtrail.signing import SigningKey, VerifyKey
from soh_model.gate_report import GateReport
from soh_model.triage_text import describe_provisional


def appraise(code: str, settings: Path, out: Path | None, *, as_json: bool) -> str:
    """Appraise a pack by the store of `settings`, and write the certificate to `out`.

    Raises:
        PacktrailError: no such pack, no policy and prices, nothing known of its health.
    """
    unit, loaded = parse_unit(code), load(BridgeSettings, settings)
    appraiser = appraiser_for(loaded)
    if appraiser is None:
        raise BridgeError(
            Text("there is no [appraisal]", "缺少 [appraisal]"),
            where=str(settings),
            hint=Text("name a policy and a price file", "请指定判定规则与价格文件"),
        )
    store = open_existing(loaded.store)
    try:
        if not store.has_unit(unit):
            raise BridgeError(
                Text("nothing was ever reported of this pack", "没有关于该电池包的任何记录"),
                where=str(unit),
                hint=Text("check the code", "请核对编码"),
            )
        found = appraiser.appraise(Packs(store), unit, time.time_ns(), sys.maxsize)
    finally:
        store.close()
    if out is not None:
        document = certificate_of(found, SigningKey.load(loaded.key_file), appraiser.valid_days)
        _write(out, document)
    return msgspec.json.encode(found).decode() if as_json else described(found)


def described(found: Appraisal, language: str | None = None) -> str:
    """The appraisal for a person, a line each."""
    decision = found.decision
    lines = [str(found.unit), f"  {conclusion(found)[1].say(language)}"]
    lines += [
        f"  {grade_text(found, name).say(language)}: {share * 100:.0f} %"
        for name, share in decision.probabilities.items()
    ]
    lines += [_told(one, language) for one in found.asked]
    unsettled = tuple(one.gate for one in found.asked if one.provisional)
    lines += [f"  {line}" for line in describe_provisional(unsettled, found.policy, language)]
    if decision.value:
        worth = Text("residual value", "残值").say(language)
        lines.append(f"  {worth}: {_money(decision.value.best)} {decision.value.currency}")
        lines.append(f"  {Text('prices', '价格').say(language)}: {decision.value.prices}")
    if decision.advice is not Advice.NONE:
        lines.append(
            f"  {Text('next', '建议').say(language)}: {decision.advice.text.say(language)}"
        )
    lines.append(f"  {Text('policy', '判定规则').say(language)}: {decision.policy}")
    return "\n".join(lines)


def _told(one: GateReport, language: str | None) -> str:
    """A safety test: what it found, its limit, what came of it and how it is decided."""
    said = f"  {report_text(one).say(language)}: {one.outcome.text.say(language)}"
    if one.measured:
        unit = one.unit_text.say(language)
        said += f", {one.measured.value:.2f}"
        if one.measured.width:
            said += f" ({one.measured.low:.2f} .. {one.measured.high:.2f})"
        said += f" {unit}"
    if one.limit is not None:
        said += f"; {Text('limit', '限值').say(language)} {one.limit:g}"
        said += f" [{Text('provisional', '暂定').say(language)}]" if one.provisional else ""
    return f"{said}; {one.test.text.say(language)}" if one.test else said


def verify_certificate(
    path: Path, document: dict[str, object], key: str | None, *, as_json: bool
) -> tuple[str, bool]:
    """Check a certificate; the report, and whether all is sound.

    Raises:
        PacktrailError: no key was given, or it is none.
    """
    if key is None:
        raise BridgeError(
            Text("a certificate cannot vouch for itself", "证书不能自证"),
            where=str(path),
            hint=Text("give the bridge's public key with --key", "请用 --key 给出云桥公钥"),
        )
    unit, checks = check_certificate(document, VerifyKey.from_text(key), time.time_ns())
    sound = all(not check.faults for check in checks)
    if as_json:
        report = {"unit": unit, "sound": sound, "checks": msgspec.to_builtins(checks)}
        return json.dumps(report, ensure_ascii=False, indent=2), sound
    return told(unit or str(path), checks), sound


def _money(interval: Interval) -> str:
    return f"{interval.value:,.0f} ({interval.low:,.0f} – {interval.high:,.0f})"


def _write(out: Path, document: dict[str, object]) -> None:
    try:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    except OSError as error:
        raise os_fault(error, out) from error
