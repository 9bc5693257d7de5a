"""The verification of a whole store, as `packtrail bridge verify` tells it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from cloud_bridge.errors import BridgeError
from cloud_bridge.keeping.samples import copied_chunk, retired_sample, sample_proof
from cloud_bridge.keeping.whole import verify_whole
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


def verify(settings_file: Path, jobs: int, *, as_json: bool) -> tuple[str, bool]:
    """The report, and whether all is sound.

    Raises:
        PacktrailError: no settings, key or store, or the database does not answer.
    """
    settings = load(BridgeSettings, settings_file)
    own = SigningKey.load(settings.key_file)
    key = own.public
    store = open_existing(settings.store, KeyVault(own))
    try:
        checks = verify_whole(store, settings.ledger.origin, key, max(jobs, 0), watched)
    finally:
        store.close()
    sound = all(not check.faults for check in checks)
    if as_json:
        document = {"sound": sound, "checks": [msgspec.to_builtins(check) for check in checks]}
        return json.dumps(document, ensure_ascii=False, indent=2), sound
    return told(settings.ledger.origin, checks), sound


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
