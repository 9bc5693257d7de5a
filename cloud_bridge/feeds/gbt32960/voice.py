"""As what a platform speaks in the ledger: a `feed`, which is less than a gateway.

A gateway reads the BMS and signs at the spot. A feed passes on what somebody else's vehicle and
platform said, and the bridge vouches only for having received it. So it may state where packs are
and what alarms were told; health, usage and charging are no business of it.
"""

from __future__ import annotations

import hashlib
import hmac

from cloud_bridge.feeds.gbt32960.settings import Gbt32960Settings
from cloud_bridge.feeds.voices import voice_of
from packtrail.event import KeyRegistered, Role
from packtrail.signing import SigningKey


def registrations(settings: Gbt32960Settings, bridge: SigningKey) -> list[KeyRegistered]:
    """What the trust list says of every platform of the settings."""
    return [
        KeyRegistered(voice_of(bridge, peer.party).public.text, peer.party, Role.FEED.value)
        for peer in settings.peer
    ]


def pseudonym(voice: SigningKey, vin: str) -> str:
    """A slot's name for a vehicle whose pack is not known: the same each time, and no VIN.

    Sealed records are never changed, so a VIN must not stand in one.
    """
    secret = voice.private.private_bytes_raw()
    digest = hmac.digest(secret, b"packtrail/vehicle/1\x00" + vin.encode(), hashlib.sha256)
    return f"vehicle-{digest.hex()[:16]}"
