"""The promise over GB/T 32960: nothing lost, nothing twice, with kill -9 before the answer.

A simulated platform reports two vehicles, one in each edition; the bridge on a slow disk is killed
while messages wait for their commit. Then every report is its pack's once, and all of it verifies.
"""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from can_decoder.gbt32960 import Edition
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.store import SqliteStore
from packtrail.columns import decode_columns
from packtrail.record import unseal
from packtrail.signing import SigningKey, VerifyKey
from packtrail.times import NS_PER_S
from simulators.vehicle_platform.commands import messages
from simulators.vehicle_platform.sender import Account, PlatformSender
from simulators.vehicle_platform.vehicle import REPORT_S, SimulatedVehicle
from tests.acceptance.house import Bridge
from tests.cloud_bridge.running import until
from tests.services import LOOPBACK, free_port

VARIABLE, PASSWORD = "PACKTRAIL_TEST_PLATFORM", "pass-of-north"
REPORTS, KILLS = 60, 2


@pytest.fixture
def bridge(tmp_path, monkeypatch):
    """`packtrail bridge run` with the feed's port; ended afterwards."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    made = Bridge(tmp_path, free_port(), "5", SigningKey.generate().public.text)
    made.feed_port = free_port()
    with made.settings.open("a") as settings:
        settings.write(
            f'[gbt32960]\nport = {made.feed_port}\n[[gbt32960.peer]]\nname = "north"\n'
            f'user = "north"\npassword_env = "{VARIABLE}"\n'
        )
    made.start()
    try:
        yield made
    finally:
        made.kill()


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_every_report_is_its_packs_once_whatever_is_killed(bridge, tmp_path):
    vehicles = [SimulatedVehicle(n, edition, 7) for n, edition in enumerate(Edition, start=1)]
    now_ns = time.time_ns()
    said = list(messages(vehicles, REPORTS * REPORT_S / 3600, now_ns))
    sender = PlatformSender(Account(LOOPBACK, bridge.feed_port, "north", PASSWORD))
    sending = threading.Thread(target=sender.send, args=(said,))
    sending.start()
    for share in range(1, KILLS + 1):
        enough = share * 2 * REPORTS // (KILLS + 2)
        until(lambda enough=enough: bridge.committed() > enough, 60)
        bridge.kill()
        bridge.start()
    sending.join(100)
    assert not sending.is_alive()
    sender.close()
    assert (sender.sent.taken, sender.sent.refused) == (len(said), {})
    bridge.kill()

    begin = (now_ns // NS_PER_S - REPORTS * REPORT_S) * NS_PER_S
    wanted = {
        (code, begin + n * REPORT_S * NS_PER_S): 1
        for one in vehicles
        for code in one.codes
        for n in range(REPORTS)
    }
    assert stored(bridge) == wanted
    assert sender.sent.connections > KILLS
    assert sender.sent.again > 0
    installed = bridge.rows("SELECT type, count(*) FROM ledger GROUP BY type")
    assert dict(installed)["PackInstalled"] == len(vehicles)
    assert bridge.rows("SELECT count(*) FROM equivocation") == [(0,)]
    store = SqliteStore(bridge.store)
    checks = verify_whole(store, "packtrail.example/ledger", VerifyKey.from_text(bridge.key), 1)
    store.close()
    assert [fault for check in checks for fault in check.faults] == []


def stored(bridge: Bridge) -> Counter[tuple[str, int]]:
    """How often the sample of each pack and moment lies in the store."""
    found: Counter[tuple[str, int]] = Counter()
    for unit, data in bridge.rows("SELECT unit, data FROM chunk"):
        batch = decode_columns(unseal(bytes(data)).read().body)
        found.update((unit, int(t_ns)) for t_ns in batch.t_ns)
    return found
