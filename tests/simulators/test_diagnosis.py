"""A simulated BMS answers UDS as a pack does, and the gateway's asker understands it."""

from __future__ import annotations

import threading

import pytest

from gateway.identify import UdsAsker, UdsOptions
from simulators.models import MODELS
from simulators.run import StationRun
from simulators.settings import StationSettings
from simulators.virtual_pack import VirtualPack
from simulators.wire.diagnosis import answer, identity_of
from tests.cloud_bridge.running import until

CODE = "SXAPEN17K20A00F9K0018910"
VIN = "LSXTEST0000000017"
TARGET = """
name = "sim"
request_id = 0x7E4
response_id = 0x7EC
session = true
field = [{ did = 0xF1A0, name = "pack_code" }, { did = 0xF190, name = "vin" }]
"""


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("22f1a0", "62f1a0" + CODE.encode().hex()),
        ("22f1a0f190", "62f1a0" + CODE.encode().hex() + "f190" + VIN.encode().hex()),
        ("22f1a0ffff", "62f1a0" + CODE.encode().hex()),
        ("22ffff", "7f2231"),
        ("22f1", "7f2213"),
        ("22", "7f2213"),
        ("1003", "5003003201f4"),
        ("1083", ""),
        ("1082", "7f1012"),
        ("1002", "7f1012"),
        ("10", "7f1013"),
        ("3e00", "7e00"),
        ("3e80", ""),
        ("2ef1a000", "7f2e11"),
        ("1101", "7f1111"),
        ("2701", "7f2711"),
    ],
)
def test_it_answers_what_it_may_and_refuses_the_rest(question, told):
    identity = identity_of(CODE, MODELS[0], VIN)
    assert answer(bytes.fromhex(question), identity).hex() == told


def asked(tmp_path, channel):
    """What the gateway's asker reads on a virtual bus."""
    (tmp_path / "sim.toml").write_text(TARGET)
    heard = []
    options = UdsOptions(str(tmp_path / "sim.toml"), "virtual", channel)
    asker = UdsAsker({"1": options}, lambda _, reading: heard.append(reading), pause_s=0.05)
    asker.start()
    asker.arrived("1")
    return asker, heard


def test_a_gateway_reads_code_and_vehicle_of_a_virtual_pack(tmp_path):
    pack = VirtualPack(f"uds-{tmp_path.name}")
    node = pack.diagnose(VIN)
    asker, heard = asked(tmp_path, f"uds-{tmp_path.name}")
    try:
        until(lambda: len(heard) == 2)
    finally:
        asker.stop()
        pack.close()
    assert [reading.raw for reading in heard] == [pack.code, VIN]
    assert node.questions >= 2


def test_the_pack_in_a_stations_slot_answers_for_itself(tmp_path):
    bus = {"channel": f"{tmp_path.name}-{{slot}}", "diagnosis": True}
    run = StationRun(StationSettings.model_validate({"bus": bus}))
    stop = threading.Event()
    station = threading.Thread(target=run.go_live, args=(stop,))
    station.start()
    slot = next(slot for slot in run.station.slots if slot.pack is not None)
    asker, heard = asked(tmp_path, f"{tmp_path.name}-{slot.name}")
    try:
        until(lambda: heard)
    finally:
        asker.stop()
        stop.set()
        station.join()
    assert heard[0].raw == run.fleet.packs.packs[slot.pack].code
