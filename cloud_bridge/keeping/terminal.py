"""The verification of a whole store, as `packtrail bridge verify` tells it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.offline import told
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.opening import open_existing
from packtrail.language import Text
from packtrail.progress import watched
from packtrail.settings import load
from packtrail.signing import SigningKey

_VERIFYING = Text("verifying", "正在核验")
_UNIT = Text("lines and chunks", "行与数据块")


def verify(settings_file: Path, jobs: int, *, as_json: bool) -> tuple[str, bool]:
    """The report, and whether all is sound.

    Raises:
        PacktrailError: no settings, key or store, or the database does not answer.
    """
    settings = load(BridgeSettings, settings_file)
    key = SigningKey.load(settings.key_file).public
    store = open_existing(settings.store)
    try:
        total = store.size() + store.counts().chunks
        with watched(_VERIFYING, total, _UNIT) as told_of:
            checks = verify_whole(store, settings.ledger.origin, key, max(jobs, 0), told_of)
    finally:
        store.close()
    sound = all(not check.faults for check in checks)
    if as_json:
        document = {"sound": sound, "checks": [msgspec.to_builtins(check) for check in checks]}
        return json.dumps(document, ensure_ascii=False, indent=2), sound
    return told(settings.ledger.origin, checks), sound
