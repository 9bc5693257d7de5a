"""Tests of a project that reads battery packs, on packs that can be made to misbehave.

Run with `pytest -p simulators.pytest_plugin`. Where these decode with packtrail, put your own
gateway or decoder in its place: it needs no more than the python-can bus that `listen` gives.
"""

import numpy as np

import can_decoder
from can_decoder import profiles
from simulators.acts import Swapped


def test_the_decoder_sees_what_the_bms_says(virtual_pack):
    pack = virtual_pack("SXA-96N150", soc=0.3)
    bus = pack.listen()  # your gateway's end of the bus
    pack.run(2.0, current_a=60.0)  # two seconds of charging, at once

    profile = profiles.find(pack.profile)
    database = can_decoder.load(profile.folder / profile.rules.dbc)
    seen = {}
    while (message := bus.recv(timeout=0.0)) is not None:
        seen |= database.decode(message.arbitration_id, message.is_extended_id, message.data)
    assert abs(seen["PackVoltage"] - pack.reading.pack_voltage_v) < 0.1
    assert abs(seen["PackCurrent"] + 60.0) < 5.0  # this maker's sign: discharge is positive


def test_a_full_bus_delays_a_pack_and_loses_nothing(virtual_pack):
    def waits(load):
        pack = virtual_pack("SXB-112N120", load=load)
        frames = [timed for timed in pack.run(2.0) if timed.frame.frame_id == 0x0CFF01F3]
        return len(frames), np.diff([timed.t_ns for timed in frames]).max()

    alone, crowded = waits(0.0), waits(0.95)
    assert crowded[0] >= alone[0] - 1
    assert crowded[1] > alone[1]


def test_a_station_swaps_packs_between_vehicles(swap_station):
    station = swap_station(speed=240, seed=3)
    station.run(minutes=6)
    swapped = [act for act in station.acts if isinstance(act, Swapped)]
    assert len(swapped) == station.swaps == 1
    places = {pack["code"]: pack["place"] for pack in station.truth()["packs"]}
    code = list(places)[swapped[-1].pack_out]
    assert places[code] == f"vehicle {swapped[-1].vehicle}"


def test_packs_age_over_a_season(fleet):
    lives = fleet(packs=6, days=7, seed=5)
    assert np.all(lives.summary["soh"] < lives.summary["soh_begin"])
    assert np.all(lives.summary["soh_weakest"] <= lives.summary["soh"])
