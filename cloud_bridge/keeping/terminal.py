"""The verification of a whole store, as `packtrail bridge verify` tells it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from cloud_bridge.errors import BridgeError
from cloud_bridge.keeping.samples import copied_chunk, retired_sample, sample_proof
from cloud_bridge.keeping.since import verify_since
from cloud_bridge.keeping.whole import verify_store
from cloud_bridge.ledger.authority import Authority
from cloud_bridge.ledger.days import SampleProof
from cloud_bridge.ledger.offline import told
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import Store, StoredChunk
from cloud_bridge.store.opening import open_existing
from cloud_bridge.view import parse_unit
from packtrail.errors import os_fault
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.progress import watched
from packtrail.settings import load
from packtrail.signing import SigningKey
from packtrail.times import format_time, parse_time


def verify(
    settings_file: Path,
    jobs: int,
    *,
    as_json: bool,
    since: Path | None = None,
    keep: Path | None = None,
) -> tuple[str, bool]:
    """The report, and whether all is sound.

    Args:
        settings_file: of the bridge.
        jobs: processes; 0 or less for as many as there are cores.
        as_json: for a program.
        since: holds the head of an earlier verification: only what came later is looked at.
        keep: the newest head is written there, if all is sound.

    Raises:
        PacktrailError: no settings, key or store, the database does not answer, or a file cannot
            be read or written.
    """
    settings = load(BridgeSettings, settings_file)
    own = SigningKey.load(settings.key_file)
    where = settings.ledger.origin, own.public
    store = open_existing(settings.store, KeyVault(own))
    try:
        if since is None:
            found = verify_store(store, *where, max(jobs, 0), watched)
        else:
            found = verify_since(store, *where, _read(since), max(jobs, 0), watched)
    finally:
        store.close()
    if keep is not None and found.sound and found.head is not None:
        _keep(keep, found.head)
    if as_json:
        checks = [msgspec.to_builtins(check) for check in found.checks]
        document = {"sound": found.sound, "checks": checks}
        return json.dumps(document, ensure_ascii=False, indent=2), found.sound
    text = told(settings.ledger.origin, found.checks)
    return (text if since is None else f"{text}\n{_ONLY_NEWER.say()}"), found.sound


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise os_fault(error, file) from error
    except UnicodeDecodeError as error:
        raise BridgeError(_NO_TEXT, where=str(file), hint=_KEPT) from error


def _keep(file: Path, head: str) -> None:
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text(head, "utf-8")
        part.replace(file)
    except OSError as error:
        raise os_fault(error, file) from error


_NO_TEXT = Text("not a signed head", "不是已签名的检查点")
_KEPT = Text("`verify --keep FILE` writes one", "可用 verify --keep 文件 生成")
_ONLY_NEWER = Text(
    "only what is newer than the earlier head was looked at: older lines, telemetry, records and "
    "the database's pages may have been damaged since; `verify` without --since sees that",
    "仅核验了此前检查点之后的内容：更早的行、遥测、记录及数据库页面此后可能受损；"
    "不带 --since 的 verify 可发现",
)


def prove_sample(
    code: str, settings_file: Path, moment: str, copy: Path | None = None
) -> SampleProof:
    """The chunk of a pack that holds `moment`, proven by the newest root of its day.

    Args:
        code: of the pack.
        settings_file: of the bridge.
        moment: RFC 3339, UTC.
        copy: a copy of the sealed chunk, for one that was retired here.

    Raises:
        PacktrailError: no settings, key or store; no such chunk, or it was retired and says when
            and under which policy; or its day is not closed yet.
    """
    unit, t_ns = parse_unit(code), parse_time(moment)
    settings = load(BridgeSettings, settings_file)
    key = SigningKey.load(settings.key_file)
    store = open_existing(settings.store)
    try:
        Authority(store, key, settings.name, settings.ledger.origin).seal()
        chunk = _chunk_of(store, unit, t_ns, copy)
        return sample_proof(store, unit, chunk, settings.ledger.origin, key.public)
    finally:
        store.close()


def _chunk_of(store: Store, unit: UnitRef, t_ns: int, copy: Path | None) -> StoredChunk:
    if copy is not None:
        try:
            data = copy.read_bytes()
        except OSError as error:
            raise os_fault(error, copy) from error
        return copied_chunk(store, unit, t_ns, data, str(copy))
    held = [one for one in store.chunks_of(unit, t_ns, t_ns) if one.chunk.unit == unit]
    if held:
        return held[0]
    retired = retired_sample(store, unit, t_ns)
    where = f"{unit} {format_time(t_ns)}"
    raise retired or BridgeError(_NO_CHUNK, where=where, hint=_OTHER_TIME)


_NO_CHUNK = Text(
    "no telemetry sealed for this pack holds this moment", "没有为该电池包密封的该时刻遥测"
)
_OTHER_TIME = Text("ask the API for its telemetry", "请通过接口查询其遥测")
