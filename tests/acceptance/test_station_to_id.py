"""What happens at a station stands in the packs' digital IDs: real broker, bridge and gateway."""

from __future__ import annotations

import pytest

from cloud_bridge.privacy.subjects import Subjects
from packtrail.command import run_line
from packtrail.event import EventBody, UnitRef
from tests.acceptance.test_downlink import bridge
from tests.cloud_bridge.running import until
from tests.gateway.stations import BUS_AND_SLOT, write_settings
from tests.gateway.test_charging import VIN, charge
from tests.gateway.test_run import go_live
from tests.services import mosquitto

__all__ = ["bridge", "go_live", "mosquitto"]

COMING, GOING = "001PB24F3A0000FBV0000123", "001PB24F3A0000FBV0000124"
TWO_SLOTS = (
    BUS_AND_SLOT
    + """
evse = 1
[[bus]]
name = "can1"
interface = "virtual"
channel = "other"
[[slot]]
name = "2"
bus = "can1"
profiles = ["nissan_leaf"]
evse = 2
"""
)


def history(bridge, code: str) -> list[tuple[str, EventBody]]:
    """The pack's facts in its ledger."""
    entries = bridge.store.entries_of(UnitRef("gbt34014", code))
    events = [entry.signed.read() for entry in entries]
    return [(event.type, event.body) for event in events]


def number(bridge, body: EventBody) -> str:
    """The number of the vehicle that a body commits to."""
    assert body.vehicle.scheme == "commitment"
    subjects = Subjects(bridge.store)
    return subjects.value(subjects.vehicle(body.vehicle).id)


def types(bridge, code: str) -> list[str]:
    return [name for name, _ in history(bridge, code)]


def battery_swap(number: str, kind: str, evse: int, code: str) -> list:
    battery = {"evseId": evse, "serialNumber": code, "soC": 21.0, "soH": 93.0}
    token = {"idToken": VIN, "type": "VIN"}
    payload = {"eventType": kind, "requestId": 4, "idToken": token, "batteryData": [battery]}
    return [2, number, "BatterySwap", payload]


def test_a_swap_by_ocpp_moves_both_packs(tmp_path, mosquitto, bridge, go_live):
    live = go_live(write_settings(tmp_path, mosquitto.port, TWO_SLOTS))
    for slot, code in (("1", COMING), ("2", GOING)):
        live.ask(f"/v1/slots/{slot}/scan", {"label": code, "source": "scanner"})
    assert live.ask("/v1/ocpp", battery_swap("a", "BatteryIn", 2, GOING)) == [3, "a", {}]
    assert live.ask("/v1/ocpp", battery_swap("b", "BatteryIn", 1, COMING)) == [3, "b", {}]
    live.listen(1)
    assert live.ask("/v1/ocpp", battery_swap("c", "BatteryOut", 2, GOING)) == [3, "c", {}]
    until(lambda: types(bridge, COMING).count("PackInstalled") == 1, 20)
    until(lambda: types(bridge, GOING).count("PackInstalled") == 2, 20)
    came = dict(history(bridge, COMING))
    assert number(bridge, came["PackRemoved"]) == VIN
    assert came["PackInstalled"].soc_pct == 60.0, "measured, not as told"
    assert {reading.source for reading in came["PackInstalled"].readings} >= {"ocpp"}
    *_, (last, body) = history(bridge, GOING)
    assert (last, number(bridge, body)) == ("PackInstalled", VIN)


def test_a_charge_that_was_overheard_stands_in_the_packs_id(tmp_path, mosquitto, bridge):
    lines = [
        f"({frame.t_ns // 10**9}.{frame.t_ns % 10**9 // 1000:06d}) can0 "
        f"{frame.frame_id:08X}#{frame.data.hex()}"
        for frame in charge()
    ]
    log = tmp_path / "charge.log"
    log.write_text("\n".join(lines) + "\n")
    settings = write_settings(tmp_path, mosquitto.port)
    words = ["--profile", "gbt27930", "--pack", COMING, "--settings", str(settings)]
    assert run_line(["gateway", "replay", str(log), *words]) == 0
    until(lambda: "ChargeRecorded" in types(bridge, COMING))
    told = dict(history(bridge, COMING))["ChargeRecorded"]
    assert number(bridge, told) == VIN
    assert told.charged_kwh == pytest.approx(380 * 60 * 360 / 3.6e6, rel=0.02)
