"""A whole life: the lawful way, repair, retirement, dismantling, products, and any order of it."""

from __future__ import annotations

import random

import pytest

from cloud_bridge.fold import (
    ContestReason,
    Level,
    Lifecycle,
    Standing,
    as_we_knew_it,
    digest,
    fold,
    judge_pack,
)
from packtrail import event as e
from tests.cloud_bridge.lives import (
    LOT,
    MODULES,
    PRODUCT,
    Life,
    apart,
    random_life,
    recovered,
    retired,
)
from tests.cloud_bridge.parts import CAR, OTHER_CAR, OTHER_PACK, PACK


def test_a_life_goes_its_lawful_way_to_the_end():
    life = recovered()
    assert life.state().lifecycle is Lifecycle.RECOVERED
    assert life.state().custody.holder == "outlet-9"
    assert life.state().binding.place.site == "outlet-9"
    life.say(apart(), author="recycler-1")
    state = life.state()
    assert (state.lifecycle, state.standing) == (Lifecycle.DISMANTLED, Standing.CLEAN)
    assert (state.parts.children, state.parts.lots) == ((), (str(LOT),))
    assert state.binding is None
    assert life.state(MODULES[0]).lifecycle is Lifecycle.RECOVERED
    assert judge_pack(state).text.en == "No pack any more: taken apart."


def test_a_retired_pack_drives_again_only_after_an_inspection():
    life = retired()
    back = life.say(e.PackInstalled(vehicle=CAR))
    (contest,) = life.state().contests
    assert contest.reason is ContestReason.ILLEGAL_MOVE
    assert contest.culprits == (back,)
    assert life.state().lifecycle is Lifecycle.RETIRED
    life = recovered()
    life.say(e.InspectionRecorded("GB/T 34015-2017", passed=True, reuse=True))
    life.say(e.PackInstalled(vehicle=CAR))
    state = life.state()
    assert (state.lifecycle, state.life) == (Lifecycle.IN_SERVICE, 2)
    assert ContestReason.ILLEGAL_MOVE not in life.reasons()


def test_a_code_that_is_seen_after_its_end_is_a_copy():
    life = recovered()
    life.say(apart(), author="recycler-1")
    life.say(e.PackInstalled(vehicle=OTHER_CAR))
    state = life.state()
    assert life.reasons() == {ContestReason.AFTER_END}
    assert state.binding is None
    assert judge_pack(state).level is Level.RED


def test_a_pack_in_service_cannot_be_taken_apart():
    life = Life()
    life.say(e.PackInstalled(vehicle=CAR))
    life.say(apart())
    assert ContestReason.ILLEGAL_MOVE in life.reasons()
    assert life.state().lifecycle is Lifecycle.IN_SERVICE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"loss_kg": 9.3}, ContestReason.MASS_OPEN),
        ({"children_kg": 292.7}, ContestReason.MASS_OPEN),
        ({"children": MODULES[:1]}, ContestReason.CHILDREN_DIFFER),
        ({"uncoded_cells": 3}, ContestReason.CHILDREN_DIFFER),
        ({"kg_in": 354.0, "children_kg": 292.0}, ContestReason.MASS_CHANGED),
    ],
)
def test_two_per_cent_of_skimming_opens_the_balance(changes, reason):
    life = recovered()
    life.say(apart(**changes))
    assert life.reasons() == {reason}


def test_a_repair_changes_parts_and_mass():
    life = Life()
    new = e.UnitRef("maker_serial", "M-9")
    swap = (e.Replacement(MODULES[0], new),)
    life.say(e.UnitRepaired(swap, mass_before_kg=362.0, mass_after_kg=370.0))
    state = life.state()
    assert state.parts.children == (MODULES[1], new)
    assert (state.parts.mass_kg, state.repairs, state.standing) == (370.0, 1, Standing.CLEAN)
    assert life.state(new).parts.parent == PACK
    assert life.state(MODULES[0]).parts.parent is None


def test_a_part_has_one_parent():
    life = Life()
    other = e.UnitRegistered("lfp", 150.0, 345.6, 108, children=MODULES)
    life.say(other, unit=OTHER_PACK, author="maker-1")
    assert ContestReason.TWO_PARENTS in life.reasons(MODULES[0])


def test_a_product_is_a_new_life_of_its_parts():
    life = recovered()
    life.say(apart())
    product = e.ProductAssembled(MODULES, "lfp", 100.0, 48.0, origins=(PACK,), use="tower")
    life.say(product, unit=PRODUCT, author="second-life-1")
    assert life.state(PRODUCT).parts.origins == (PACK,)
    assert life.state(PRODUCT).lifecycle is Lifecycle.REGISTERED
    module = life.state(MODULES[0])
    assert (module.lifecycle, module.parts.product) == (Lifecycle.REPURPOSED_IN, PRODUCT)


def test_a_published_view_can_be_rebuilt_byte_for_byte():
    life = Life()
    life.say(e.PackInstalled(vehicle=CAR), at=1, recorded=10)
    published = digest(life.state())
    life.say(e.PackRemoved(vehicle=CAR), at=0, recorded=20)
    assert digest(life.state()) != published
    assert digest(fold(PACK, as_we_knew_it(life.facts, 15))) == published


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_any_life_gives_the_same_bytes(seed):
    rng = random.Random(seed)
    for _ in range(60):
        facts = random_life(rng)
        expected = digest(fold(PACK, facts))
        shuffled = facts + rng.choices(facts, k=3)
        rng.shuffle(shuffled)
        assert digest(fold(PACK, shuffled)) == expected


@pytest.mark.parametrize("reason", ContestReason)
def test_each_contest_has_its_invariant_and_both_languages(reason):
    assert reason.invariant.startswith("I")
    assert 1 <= int(reason.invariant[1:]) <= 20
    assert reason.text.en != reason.text.zh
