"""Vehicles: what they give when they are scrapped, and who holds what is in them."""

from __future__ import annotations

from cloud_bridge.fold import Account, ContestReason, fold_vehicle
from packtrail import event as e
from tests.cloud_bridge.lives import MODULES, Life
from tests.cloud_bridge.parts import CAR, OTHER_CAR, OTHER_PACK, PACK


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


def test_a_yard_that_receives_a_vehicle_holds_the_pack_that_is_in_it():
    life = Life()
    life.say(e.PackInstalled(vehicle=CAR))
    life.say(e.VehicleScrapReceived(OTHER_CAR, (OTHER_PACK,), "C-1"), unit=PACK, author="yard-2")
    assert life.state().custody.holder == "maker-1"
    life.say(e.VehicleScrapReceived(CAR, (PACK,), "C-2"), unit=None, author="yard-1")
    assert life.state().custody.holder == "yard-1"
