"""Whole lives to be folded: facts an hour apart, and random ones."""

from __future__ import annotations

from cloud_bridge.fold import Told, fold
from packtrail import event as e
from packtrail.estimate import Estimate, Interval, Verdict
from tests.cloud_bridge import parts
from tests.cloud_bridge.parts import CAR, HOUR, MAKER, OTHER_CAR, OTHER_PACK, PACK, SLOT, T0

MODULES = tuple(e.UnitRef("maker_serial", f"M-{n}") for n in range(2))


PRODUCT = e.UnitRef("gbt34014", "001PB24F3A0000123RP")


LOT = e.LotRef("recycler-1", "L-1")


WHOLE = e.UnitRegistered(
    "lfp", 150.0, 345.6, 108, "Demo 52", 362.0, "2025-03-09", children=MODULES, uncoded_cells=4
)


class Life:
    """Facts an hour apart; `at` picks an hour."""

    def __init__(self, registration=WHOLE):
        self.facts = []
        self.say(registration, author="maker-1", at=-24)

    def say(self, body, *, author="shop-1", unit=PACK, at=None, role="", recorded=0):
        n = len(self.facts) + 1
        t_ns = T0 + (n if at is None else at) * HOUR
        about = {"unit": unit, "author": author, "t_ns": t_ns, "counter": n, "stream": "s"}
        told = Told.of(parts.signed(body, key=MAKER, **about), recorded, role)
        self.facts.append(told)
        return told.event_id

    def state(self, unit=PACK):
        return fold(unit, self.facts)

    def reasons(self, unit=PACK):
        return {contest.reason for contest in self.state(unit).contests}


def retired():
    life = Life()
    life.say(e.PackInstalled(vehicle=CAR))
    life.say(e.PackRemoved(vehicle=CAR))
    life.say(e.UnitRetired("capacity", 362.0))
    return life


def recovered():
    life = retired()
    life.say(e.RecoveryReceived("outlet-9", kg=362.0), author="outlet-9")
    return life


def apart(**changes):
    body = {
        "kg_in": 362.0,
        "children": MODULES,
        "uncoded_cells": 4,
        "children_kg": 300.0,
        "lots": (e.MaterialOut(LOT, "housing", 60.0),),
        "loss_kg": 2.0,
    }
    return e.UnitDisassembled(**{**body, **changes})


def health(soh, claimed=None, digest=""):
    told = Interval(soh, soh - 0.01, soh + 0.01)
    estimate = Estimate(
        verdict=Verdict.TOLD, soh=told, rated_ah=150.0, method="counting/1", inputs_digest=digest
    )
    return e.ConditionCommitted(estimate, claimed_soh_pct=claimed)


def processed(lot, kg, out_kg, **more):
    out = (e.MaterialOut(e.LotRef("recycler-1", lot), "black_mass", out_kg, {"Li": 4.0}),)
    return e.MaterialProcessed(out, (e.LotPart(LOT, kg),), **more)


def random_life(rng):
    life = Life()
    bodies = [
        lambda: e.PackInstalled(vehicle=rng.choice((CAR, OTHER_CAR))),
        lambda: e.PackRemoved(vehicle=rng.choice((CAR, OTHER_CAR))),
        lambda: e.PackInstalled(place=SLOT),
        lambda: e.SwapPerformed(CAR, "north", unit_out=rng.choice((None, OTHER_PACK))),
        lambda: e.UnitRetired(kg=rng.choice((None, 362.0, 300.0))),
        lambda: e.RecoveryReceived("outlet-9"),
        lambda: e.InspectionRecorded("x", reuse=rng.random() < 0.5),
        lambda: e.CustodyOffered("O-1", "outlet-9", kg=362.0),
        lambda: e.CustodyAccepted("O-1", "shop-1", kg=rng.choice((362.0, 300.0))),
        lambda: health(rng.choice((0.8, 0.9)), rng.choice((80.0, 90.0)), rng.choice("ab")),
        lambda: e.BmsReplaced((e.Counter("cycles", rng.choice((5.0, 50.0)), 0.0),)),
        apart,
        lambda: e.UnitRepaired((e.Replacement(MODULES[0], None),)),
        lambda: e.LabelReissued(OTHER_PACK),
        lambda: e.CorrectionDeclared(rng.choice(life.facts).event_id, "did_not_occur"),
        lambda: e.Disputed(rng.choice(life.facts).event_id, "no"),
        lambda: e.DisputeResolved(rng.choice(life.facts).event_id, "upheld"),
    ]
    for _ in range(rng.randint(3, 14)):
        life.say(rng.choice(bodies)(), at=rng.randint(0, 5))
    return life.facts
