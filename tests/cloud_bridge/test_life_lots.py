"""Lots: kilograms and elements are spent once, and who spends them twice is named."""

from __future__ import annotations

import random

import pytest

from cloud_bridge.fold import ContestReason, fold_lot
from packtrail import event as e
from tests.cloud_bridge.lives import LOT, apart, processed, recovered
from tests.cloud_bridge.parts import OTHER_PACK


def test_kilograms_of_a_lot_are_spent_once_and_elements_come_from_somewhere():
    life = recovered()
    life.say(apart())
    life.say(processed("L-2", 30.0, 25.0, residue_kg=5.0, elements_in={"Li": 4.1}), unit=None)
    assert fold_lot(LOT, life.facts).kg_left == 30.0
    assert fold_lot(e.LotRef("recycler-1", "L-2"), life.facts).sources == (str(LOT),)
    life.say(processed("L-3", 40.0, 40.0, elements_in={"Li": 3.0}), unit=None)
    spent = [one.reason for one in fold_lot(LOT, life.facts).contests]
    assert spent == [ContestReason.DOUBLE_SPENT]
    third = fold_lot(e.LotRef("recycler-1", "L-3"), life.facts)
    assert [one.reason for one in third.contests] == [ContestReason.ELEMENTS_OPEN]


def sold(life, buyer, number, at):
    """The recycler's metal goes to a buyer, who takes it over and uses it; the offer's id."""
    lot = e.LotRef("recycler-1", "Li-1")
    offered = e.CustodyOffered(f"O-{number}", buyer, lots=(lot,), kg=4.0)
    offer = life.say(offered, unit=None, author="recycler-1", at=at)
    taken = e.CustodyAccepted(f"O-{number}", "recycler-1", lots=(lot,), kg=4.0)
    life.say(taken, unit=None, author=buyer, at=at + 1)
    return offer


def used(life, user, kg, at):
    lot = e.LotRef("recycler-1", "Li-1")
    body = e.MaterialUsed((e.LotPart(lot, kg),), elements={"Li": kg})
    return life.say(body, unit=None, author=user, at=at)


def metal():
    life = recovered()
    lithium = e.MaterialOut(e.LotRef("recycler-1", "Li-1"), "lithium", 4.0, {"Li": 4.0})
    body = e.MaterialProcessed((lithium,), (e.LotPart(LOT, 60.0),), elements_in={"Li": 4.1})
    life.say(body, unit=None, author="recycler-1", at=100)
    return life


def spent_twice(life):
    contests = fold_lot(e.LotRef("recycler-1", "Li-1"), life.facts).contests
    return [one.culprits for one in contests if one.reason is ContestReason.DOUBLE_SPENT]


def test_who_sold_a_lot_twice_is_named_and_not_who_bought_it():
    life = metal()
    sold(life, "maker-1", 1, 110)
    second = sold(life, "maker-2", 2, 120)
    used(life, "maker-2", 4.0, 130)
    used(life, "maker-1", 4.0, 140)
    assert spent_twice(life) == [(second,)]
    random.Random(1).shuffle(life.facts)
    assert spent_twice(life) == [(second,)]


def test_who_sells_what_it_used_itself_is_named():
    life = metal()
    used(life, "recycler-1", 4.0, 105)
    offer = sold(life, "maker-1", 1, 110)
    used(life, "maker-1", 4.0, 130)
    assert spent_twice(life) == [(offer,)]


@pytest.mark.parametrize("bought", [False, True])
def test_a_user_who_bought_once_or_never_and_uses_twice_is_named(bought):
    life = metal()
    sold(life, "maker-1" if bought else "maker-2", 1, 110)
    sold(life, "maker-3", 2, 112)
    used(life, "maker-1", 4.0, 130)
    again = used(life, "maker-1", 4.0, 140)
    assert spent_twice(life) == [(again,)]


def test_recycled_content_is_claimed_only_as_far_as_proven():
    life = recovered()
    life.say(processed("L-2", 30.0, 30.0), unit=None)
    lot = e.LotRef("recycler-1", "L-2")
    use = (e.LotPart(lot, 10.0),)
    life.say(e.MaterialUsed(use, elements={"Li": 3.0}), unit=OTHER_PACK)
    assert fold_lot(lot, life.facts).contests == ()
    life.say(e.MaterialUsed(use, elements={"Li": 3.0}), unit=OTHER_PACK)
    reasons = [one.reason for one in fold_lot(lot, life.facts).contests]
    assert reasons == [ContestReason.CLAIM_UNPROVEN]
