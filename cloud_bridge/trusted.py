"""Whose keys a bridge lets speak: what its settings, feeds and own key come to as key events."""

from __future__ import annotations

from cloud_bridge.enrolment.revoked import still_trusted
from cloud_bridge.feeds import voices
from cloud_bridge.feeds.gbt32960 import voice
from cloud_bridge.feeds.stations import StationBook
from cloud_bridge.settings import BridgeSettings, TrustSettings
from packtrail.event import KeyRegistered, Role
from packtrail.signing import SigningKey


def registrations(
    settings: BridgeSettings, key: SigningKey, stations: StationBook
) -> list[KeyRegistered]:
    """The whole trust list.

    Args:
        settings: their entries, less those that were revoked since.
        key: the bridge's own; voices of feeds follow from it.
        stations: that may report over OCPP.
    """
    folder = settings.enrolment.folder
    found = [registration(entry) for entry in still_trusted(settings.trust, folder)]
    if settings.ocpp:
        found += [
            voices.registration(key, station.party, [station.site])
            for station in stations.all()
            if not station.revoked_ns
        ]
    if settings.gbt32960:
        found += voice.registrations(settings.gbt32960, key)
    own = key.public.text
    # What it watches, closes and was answered is stated by the bridge itself: it needs a voice.
    # Under the log's name: bridges of several names share one store and one key.
    if own not in {body.public_key for body in found}:
        found.append(KeyRegistered(own, settings.ledger.origin, Role.SYSTEM.value))
    return found


def registration(entry: TrustSettings) -> KeyRegistered:
    """The key event that states a trust entry."""
    return KeyRegistered(
        entry.public_key,
        entry.party,
        entry.role.value,
        tuple(sorted(entry.event_types)),
        tuple(sorted(entry.sites)),
        entry.valid_from,
        entry.valid_to,
    )
