"""What is claimed of a life and by whom: corrections, custody, meters, dangers."""

from __future__ import annotations

import pytest

from cloud_bridge.fold import ContestReason, Level, Safety, Standing, judge_pack
from packtrail import event as e
from tests.cloud_bridge import parts
from tests.cloud_bridge.lives import Life, health
from tests.cloud_bridge.parts import CAR, OTHER_CAR, OTHER_PACK


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
