"""Gateways that enrol in the same moment."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from cloud_bridge.enrolment import CertificateAuthority
from cloud_bridge.service import Bridge
from cloud_bridge.settings import BridgeSettings
from packtrail.settings import load
from packtrail.signing import SigningKey
from tests.cloud_bridge.test_commands import write_settings

KEYS = {f"gate-{n}": SigningKey.generate() for n in range(8)}


def test_none_is_lost_or_revoked_by_another(tmp_path):
    file = write_settings(tmp_path, 1, 0)
    settings = load(BridgeSettings, file)
    CertificateAuthority.create(settings.enrolment.folder, "bridge")
    bridge = Bridge(settings)
    desk = bridge.enrolment(file)
    assert desk is not None
    with ThreadPoolExecutor(len(KEYS)) as pool:
        for party, key in KEYS.items():
            pool.submit(desk.add_trust, party, key.public.text, ())
    now, trust = time.time_ns() + 10**9, bridge.trust()
    assert all(trust.voice(key.key_id, now) for key in KEYS.values())
    assert {"KeyRevoked"}.isdisjoint(one.event.type for one in bridge.store.entries())
    bridge.store.close()
