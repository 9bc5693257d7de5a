"""`packtrail id export` and `packtrail id import`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from cloud_bridge.errors import BridgeError
from cloud_bridge.exports.continuing import continued
from cloud_bridge.exports.datum import Missing
from cloud_bridge.exports.exchange import Export, Imported
from cloud_bridge.exports.formats import FORMATS, read_document
from cloud_bridge.exports.making import format_named, prepared
from cloud_bridge.exports.points import POINTS
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.speaking import Speaker, submit
from cloud_bridge.store.opening import open_existing
from cloud_bridge.view import parse_unit
from packtrail.errors import CodecError, os_fault
from packtrail.language import Text, locale_language
from packtrail.settings import load
from packtrail.signing import SigningKey

MOST_BYTES: Final = 16 * 1024 * 1024


def export(code: str, settings: Path, name: str) -> tuple[bytes, str]:
    """The document of a pack, and what a person has to know of it.

    Raises:
        PacktrailError: no such pack or format, no store.
    """
    form, unit = format_named(name), parse_unit(code)
    loaded = load(BridgeSettings, settings)
    store = open_existing(loaded.store)
    try:
        if not store.has_unit(unit):
            raise BridgeError(
                Text("nothing was ever reported of this pack", "没有关于该电池包的任何记录"),
                where=str(unit),
                hint=Text("check the code", "请核对编码"),
            )
        ready = prepared(store, unit, time.time_ns(), key=SigningKey.load(loaded.key_file))
        return form.write(ready), _told(ready)
    except CodecError as error:
        raise BridgeError(
            Text(f"cannot be written so: {error}", f"无法写成该格式：{error}"),
            where=f"{unit} {name}",
            hint=Text("choose another format", "请选择其他格式"),
        ) from error
    finally:
        store.close()


def _told(ready: Export) -> str:
    """How many points there are, and which are missing and why."""
    passport, language = ready.passport, locale_language()
    missing = {k: v for k, v in passport.missing.items() if v is not Missing.NOT_APPLICABLE}
    others = {k: v for k, v in passport.missing.items() if k not in missing}
    head = Text("{n} data points, {missing} missing", "数据项 {n} 个，缺 {missing} 个")
    lines = [head.say(language, n=len(passport.data), missing=len(missing))]
    lines += [
        f"  - {POINTS[key].text.say(language)}: {reason.text.say(language)}"
        for key, reason in missing.items()
    ]
    lines += [
        f"  · {POINTS[key].text.say(language)}: {reason.text.say(language)}"
        f" ({POINTS[key].why_not.say(language)})"
        for key, reason in others.items()
    ]
    return "\n".join(lines)


def read_file(path: Path, name: str) -> Imported:
    """A document from a file.

    Raises:
        PacktrailError: it cannot be read, is too large, or is of no format that comes back.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BridgeError(
                Text(f"larger than {MOST_BYTES} bytes", f"超过 {MOST_BYTES} 字节"),
                where=str(path),
                hint=Text("one document in a file", "每个文件一份文档"),
            )
        data = path.read_bytes()
    except OSError as error:
        raise os_fault(error, path) from error
    try:
        return read_document(data, name)
    except CodecError as error:
        known = ", ".join(one.name for one in FORMATS.values() if one.read)
        raise BridgeError(
            Text(f"cannot be read: {error}", f"无法读取：{error}"),
            where=str(path),
            hint=Text(f"formats that come back: {known}", f"可读回的格式：{known}"),
        ) from error


def shown(content: Imported) -> str:
    """What a document says, in lines."""
    language = locale_language()
    lines = [f"{content.format} · {content.unit or '-'} · sha256 {content.digest[:16]}"]
    if content.issuer:
        signed = Text("signature fits: {issuer}", "签名有效：{issuer}")
        lines.append(signed.say(language, issuer=content.issuer))
    for key, datum in content.data.items():
        name = POINTS[key].text.say(language)
        unit = f" {datum.unit}" if datum.unit else ""
        lines.append(f"  {name}: {str(datum.value)[:100]}{unit}")
    carried = Text("{n} signed events", "已签名事件 {n} 个").say(language, n=len(content.events))
    return "\n".join([*lines, *([carried] if content.events else [])])


def import_file(path: Path, name: str, settings: Path, speaker: Speaker | None) -> tuple[str, bool]:
    """Show a document; with a speaker, put it on record; and whether all of it was taken.

    Raises:
        PacktrailError: the file, the key or the store cannot be used.
    """
    content = read_file(path, name)
    if speaker is None:
        hint = Text(
            "nothing was recorded: give --author and --key to continue this passport here",
            "未写入任何内容：如需在此延续该护照，请给出 --author 与 --key",
        )
        return f"{shown(content)}\n{hint.say()}", True
    store = open_existing(load(BridgeSettings, settings).store)
    try:
        signed = [*content.events, *speaker.sign(store, continued(store, content))]
        outcome = submit(store, load(BridgeSettings, settings), signed)
    finally:
        store.close()
    return f"{shown(content)}\n{outcome.say()}", not outcome.refused
