"""A whole life: repair, retirement, dismantling, products, corrections, custody, meters."""

from __future__ import annotations

import random

import pytest

from cloud_bridge.fold import (
    Account,
    ContestReason,
    Level,
    Lifecycle,
    Safety,
    Standing,
    Told,
    as_we_knew_it,
    digest,
    fold,
    fold_lot,
    fold_vehicle,
    judge_pack,
)
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


def test_a_correction_by_the_author_takes_the_event_out_and_one_by_a_stranger_is_contested():
    life = Life()
    wrong = life.say(e.PackInstalled(vehicle=OTHER_CAR))
    right = life.say(e.PackInstalled(vehicle=CAR))
    assert life.reasons() == {ContestReason.TWO_PLACES}
    mended = e.CorrectionDeclared(wrong, "incorrect_data", right)
    foreign = life.say(mended, author="shop-2")
    assert life.reasons() == {ContestReason.TWO_PLACES, ContestReason.FOREIGN_CORRECTION}
    life.say(e.CorrectionDeclared(foreign, "did_not_occur"), author="shop-2")
    own = life.say(mended)
    assert life.state().standing is Standing.CLEAN
    assert life.state().binding.vehicle == CAR
    life.say(e.CorrectionDeclared(own, "did_not_occur"))
    assert life.reasons() == {ContestReason.TWO_PLACES}
    life.say(mended, author="ministry", role=e.Role.AUTHORITY)
    assert life.state().standing is Standing.CLEAN


@pytest.mark.parametrize(("outcome", "left"), [("upheld", True), ("rejected", False)])
def test_a_dispute_contests_until_an_authority_decides(outcome, left):
    life = Life()
    came = life.say(e.PackInstalled(vehicle=CAR))
    dispute = life.say(e.Disputed(came, "never had it"), author="owner-1")
    assert life.reasons() == {ContestReason.DISPUTED}
    assert life.state().binding.vehicle == CAR
    life.say(e.DisputeResolved(dispute, outcome), author="ministry")
    assert life.reasons() == set()
    assert (life.state().binding is None) is left


def test_a_new_label_is_the_same_pack_and_a_registered_one_is_not():
    life = Life()
    life.say(e.LabelReissued(OTHER_PACK, "scratched"))
    life.say(e.PackInstalled(vehicle=CAR), unit=OTHER_PACK)
    state = life.state()
    assert [alias.code for alias in state.aliases] == [OTHER_PACK]
    assert state.binding.vehicle == CAR
    life.say(parts.REGISTRATION, unit=OTHER_PACK, author="maker-1")
    assert ContestReason.CODE_TWICE in life.reasons(OTHER_PACK)


def test_custody_moves_on_acceptance_and_a_gap_names_both_sides():
    life = Life()
    offer = life.say(e.CustodyOffered("O-1", "outlet-9", kg=362.0, count=1, scale_error_kg=0.5))
    assert (life.state().custody.holder, life.state().custody.to_party) == ("maker-1", "outlet-9")
    life.say(e.CustodyRefused("O-1", "shop-1", "leaking"), author="outlet-9")
    assert life.state().custody.to_party == ""
    taken = e.CustodyAccepted("O-1", "shop-1", kg=355.0, count=1, site="outlet-9")
    took = life.say(taken, author="outlet-9")
    (contest,) = life.state().contests
    assert (contest.reason, contest.events) == (ContestReason.QUANTITY_GAP, (offer, took))
    assert life.state().custody.holder == "outlet-9"
    life.say(e.CustodyAccepted("O-2", "shop-1"), author="outlet-9")
    assert ContestReason.NOT_OFFERED in life.reasons()


def test_a_stolen_pack_stops_whoever_scans_it():
    life = Life()
    life.say(e.LostOrStolen("stolen", "case 7"))
    assert judge_pack(life.state()).level is Level.RED
    life.say(e.Found("case 7"))
    assert judge_pack(life.state()).level is Level.GREEN


def health(soh, claimed=None, digest=""):
    told = Interval(soh, soh - 0.01, soh + 0.01)
    estimate = Estimate(
        verdict=Verdict.TOLD, soh=told, rated_ah=150.0, method="counting/1", inputs_digest=digest
    )
    return e.ConditionCommitted(estimate, claimed_soh_pct=claimed)


@pytest.mark.parametrize("step", [3.0, 1.5])
def test_a_reset_meter_is_found_at_once_or_in_small_steps(step):
    life = Life()
    for claimed in (80.0, 79.0, 79.0 + step, 79.0 + 2 * step):
        life.say(health(0.8, claimed))
    assert life.reasons() == {ContestReason.METER_RESET}


def test_another_bms_explains_a_rise_and_counters_go_on():
    life = Life()
    life.say(health(0.8, 80.0))
    life.say(e.BmsReplaced((e.Counter("throughput_ah", 9000.0, 0.0),)))
    life.say(health(0.8, 99.0))
    life.say(e.BmsReplaced((e.Counter("throughput_ah", 500.0, 0.0),)))
    (total,) = life.state().totals
    assert (total.value, total.shown, total.resets) == (9500.0, 0.0, 2)
    assert life.state().standing is Standing.CLEAN
    life.say(e.CounterReset((e.Counter("throughput_ah", 700.0, 1.0),), detected=True))
    assert life.reasons() == {ContestReason.COUNTER_FELL}


def test_replayed_data_and_risen_health_are_found():
    life = Life()
    life.say(health(0.90, digest="aa"))
    life.say(health(0.84, digest="bb"))
    assert life.state().standing is Standing.CLEAN
    life.say(health(0.90, digest="aa"))
    assert life.reasons() == {ContestReason.REPLAYED, ContestReason.HEALTH_ROSE}


def test_an_inspection_clears_what_a_danger_left_behind():
    life = Life()
    life.say(e.IncidentRecorded("over_temperature", "danger"))
    life.say(e.IncidentRecorded("over_temperature", "danger", cleared=True))
    assert life.state().safety is Safety.WATCH
    life.say(e.InspectionRecorded("visual", passed=True, clears_safety=True))
    assert life.state().safety is Safety.OK
    life.say(e.UnitDestroyed("fire", 200.0))
    assert life.state().safety is Safety.DAMAGED


def scrapped(**about):
    life = Life()
    life.say(e.VehicleRegistered(CAR, packs=(PACK,), **about), unit=None, author="oem")
    life.say(e.OwnerChanged("c0ffee", CAR), unit=None, author="oem")
    life.say(e.VehicleScrapReceived(CAR), unit=None, author="dismantler-1")
    return life


def test_a_scrapped_vehicle_accounts_for_its_pack():
    life = scrapped()
    (account,) = fold_vehicle(CAR, life.facts).accounts
    assert (account.account, account.last_holder) == (Account.MISSING, "c0ffee")
    contests = fold_vehicle(CAR, life.facts).contests
    assert [one.reason for one in contests] == [ContestReason.PACK_MISSING]
    life.say(e.MissingPackExplained(CAR, voucher="V-1"))
    state = fold_vehicle(CAR, life.facts)
    assert (state.accounts[0].account, state.contests) == (Account.EXPLAINED, ())
    found = scrapped()
    found.say(e.VehicleScrapReceived(CAR, (PACK,)), unit=None, author="dismantler-1")
    assert fold_vehicle(CAR, found.facts).accounts[0].account is Account.PRESENT


def test_a_swap_vehicle_without_its_own_pack_has_a_rule_of_its_own():
    life = scrapped(mode=e.VehicleMode.SWAP, battery_owner="operator")
    assert fold_vehicle(CAR, life.facts).accounts[0].account is Account.EXEMPT
    life.say(e.PackInstalled(vehicle=CAR))
    reasons = [one.reason for one in fold_vehicle(CAR, life.facts).contests]
    assert reasons == [ContestReason.AFTER_SCRAP]


def test_a_vehicle_has_as_many_packs_as_slots_and_gives_what_it_has():
    life = Life()
    life.say(e.PackInstalled(vehicle=CAR))
    life.say(e.PackInstalled(vehicle=CAR), unit=OTHER_PACK)
    state = fold_vehicle(CAR, life.facts)
    assert [one.reason for one in state.contests] == [ContestReason.TOO_MANY_PACKS]
    assert [unit for unit, _ in state.packs] == [OTHER_PACK]
    life.say(e.SwapPerformed(CAR, "north", unit_out=MODULES[0]), unit=PACK)
    reasons = {one.reason for one in fold_vehicle(CAR, life.facts).contests}
    assert ContestReason.VEHICLE_MISMATCH in reasons


def processed(lot, kg, out_kg, **more):
    out = (e.MaterialOut(e.LotRef("recycler-1", lot), "black_mass", out_kg, {"Li": 4.0}),)
    return e.MaterialProcessed(out, (e.LotPart(LOT, kg),), **more)


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


def test_a_yard_that_receives_a_vehicle_holds_the_pack_that_is_in_it():
    life = Life()
    life.say(e.PackInstalled(vehicle=CAR))
    life.say(e.VehicleScrapReceived(OTHER_CAR, (OTHER_PACK,), "C-1"), unit=PACK, author="yard-2")
    assert life.state().custody.holder == "maker-1"
    life.say(e.VehicleScrapReceived(CAR, (PACK,), "C-2"), unit=None, author="yard-1")
    assert life.state().custody.holder == "yard-1"


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


def test_a_published_view_can_be_rebuilt_byte_for_byte():
    life = Life()
    life.say(e.PackInstalled(vehicle=CAR), at=1, recorded=10)
    published = digest(life.state())
    life.say(e.PackRemoved(vehicle=CAR), at=0, recorded=20)
    assert digest(life.state()) != published
    assert digest(fold(PACK, as_we_knew_it(life.facts, 15))) == published


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
