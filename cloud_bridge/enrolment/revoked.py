"""Keys that were taken back: remembered beside the authority, and told to the ledger at once.

The settings file stays as people wrote it; what stands there and was revoked here has no
voice, in this run and in every later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from cloud_bridge.enrolment.folder import locked, write_whole
from cloud_bridge.errors import BridgeError
from cloud_bridge.ledger.authority import Authority, standing
from cloud_bridge.settings import BridgeSettings, TrustSettings
from cloud_bridge.store.opening import open_existing
from packtrail.event import KeyRegistered
from packtrail.language import Text
from packtrail.shapes import from_json
from packtrail.signing import SigningKey

FILE: Final = "revoked.json"


class Revoked(msgspec.Struct, frozen=True):
    """One key that has no voice any more."""

    public_key: str
    party: str
    reason: str


def revoked_keys(folder: Path) -> list[Revoked]:
    """All of them."""
    file = folder / FILE
    return from_json(file.read_bytes(), list[Revoked]) if file.exists() else []


def still_trusted(entries: Sequence[TrustSettings], folder: Path) -> list[TrustSettings]:
    """The entries of a settings file without those that were revoked."""
    gone = {one.public_key for one in revoked_keys(folder)}
    return [entry for entry in entries if entry.public_key not in gone]


def revoke_trust(settings: BridgeSettings, party: str, reason: str) -> int:
    """Take the voice from every key of a party; how many.

    Raises:
        BridgeError: there is no such party on the trust list.
    """
    key = SigningKey.load(settings.key_file)
    store = open_existing(settings.store)
    try:
        registered = list(standing(store.key_entries(), key.public).values())
        gone = [one for one in registered if one.party == party]
        if not gone:
            raise BridgeError(
                Text("no key on the trust list speaks for it", "信任列表中没有它的公钥"),
                where=party,
            )
        _remember(settings.enrolment.folder, gone, reason)
        authority = Authority(store, key, settings.name, settings.ledger.origin)
        authority.publish_trust([one for one in registered if one.party != party])
        authority.seal()
    finally:
        store.close()
    return len(gone)


def _remember(folder: Path, gone: Sequence[KeyRegistered], reason: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        fresh = [Revoked(one.public_key, one.party, reason) for one in gone]
        write_whole(folder / FILE, msgspec.json.encode([*revoked_keys(folder), *fresh]))
