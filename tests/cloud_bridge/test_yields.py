"""Metal that goes astray in shares too small for one report."""

import random

import pytest

from cloud_bridge.fold import Told
from cloud_bridge.inquiry import Fault, inquire
from cloud_bridge.inquiry.yields import detection_limit
from packtrail.event import LotRef, MaterialOut, MaterialProcessed
from tests.cloud_bridge.parts import T0, event

METALS = {"Li": (2.0, 0.925), "Ni": (9.0, 0.985), "Co": (3.0, 0.985)}


def lots_of(party, lots, kept, rng, scatter=0.008):
    told = []
    for number in range(lots):
        out = tuple(
            MaterialOut(LotRef(party, f"{name}{number}"), name, kg, {name: kg})
            for name, (given, share) in METALS.items()
            for kg in [given * share * (1 - kept) * (1 + rng.gauss(0, scatter))]
        )
        body = MaterialProcessed(
            out=out,
            elements_in={name: given for name, (given, _) in METALS.items()},
            process="hydro",
        )
        said = event(body, unit=None, author=party, counter=number, t_ns=T0 + number)
        told.append(Told(f"{party}-{number}", said))
    return told


def suspects(kept, lots, seed):
    rng = random.Random(seed)
    told = [one for name in "abc" for one in lots_of(name, lots, 0.0, rng)]
    told += lots_of("thief", lots, kept, rng)
    return {one.blame for one in inquire(told) if one.fault is Fault.METAL_ASTRAY}


def test_two_percent_of_every_lot_is_found_and_nobody_else_is_suspected():
    found = [suspects(0.02, 15, seed) for seed in range(40)]
    assert found.count({"thief"}) == 40


def test_honest_parties_are_not_suspected():
    assert [one for seed in range(40) if (one := suspects(0.0, 15, seed))] == []


def test_the_limit_of_detection_holds():
    kept = detection_limit(0.008 / 3**0.5, 8, 24)
    found = sum("thief" in suspects(kept, 8, seed) for seed in range(60))
    assert found >= 0.9 * 60


@pytest.mark.parametrize("lots", [1, 3])
def test_few_lots_tell_nothing(lots):
    assert suspects(0.2, lots, 1) == set()
