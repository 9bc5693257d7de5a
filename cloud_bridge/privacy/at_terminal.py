"""`packtrail bridge forget` over the store of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cloud_bridge.errors import BridgeError
from cloud_bridge.privacy.forgetting import Forgetting
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import Store
from cloud_bridge.store.opening import open_existing
from cloud_bridge.view.vehicles import parse_vehicle
from packtrail.language import Text
from packtrail.personal import OWNER, SUBJECT
from packtrail.settings import load
from packtrail.signing import SigningKey


def forget(
    settings_file: Path,
    *,
    vehicle: str = "",
    owner: str = "",
    subject: str = "",
    reason: str = "",
    by: str = "",
) -> list[Text]:
    """Forget a vehicle, an owner or a subject; what a person has to know of it.

    Raises:
        PacktrailError: no settings, key, store or subject.
    """
    settings = load(BridgeSettings, settings_file)
    key = SigningKey.load(settings.key_file)
    store = open_existing(settings.store, KeyVault(key))
    try:
        found = subject.removeprefix(f"{SUBJECT}:") or _find(store, vehicle, owner)
        forgetting = Forgetting(store, key, settings.ledger.origin)
        return forgetting.forget(found, reason, by or settings.name).lines()
    finally:
        store.close()


def _find(store: Store, vehicle: str, owner: str) -> str:
    subjects = Subjects(store)
    if owner:
        found = subjects.by_value(OWNER, owner)
    else:
        known = subjects.vehicle(parse_vehicle(vehicle))
        found = known.id if known.scheme == SUBJECT else None
    if found is None:
        raise BridgeError(_UNKNOWN, where="--owner" if owner else "--vehicle", hint=_MAYBE)
    return found


_UNKNOWN: Final = Text("no subject that can be opened has it", "没有可开启的主体具有该值")
_MAYBE: Final = Text(
    "forgotten before, never reported, or only in the clear, from before commitments",
    "可能此前已遗忘、从未上报，或仅以明文记载",
)
