"""Facts, and what they are found by: every store keeps this contract."""

from __future__ import annotations

import itertools

import pytest

from cloud_bridge.errors import StoreError
from cloud_bridge.store import Store
from packtrail.event import (
    CorrectionDeclared,
    Disputed,
    DisputeResolved,
    LotPart,
    LotRef,
    MaterialProcessed,
    PackInstalled,
    Subject,
    SwapPerformed,
    UnitRef,
    VehicleRef,
    encode_event,
)
from packtrail.proof import merkle
from tests.cloud_bridge import parts
from tests.contracts.stores import NOW, arrival, chunk, through


def test_facts_grow_the_tree_of_the_rfc(store):
    facts = [parts.registered(), *(parts.installed(counter=i) for i in range(1, 12))]
    assert store.append(facts, NOW) == tuple(range(12))
    hashes = [merkle.leaf_hash(encode_event(one.signed)) for one in facts]
    assert [store.node(0, i) for i in range(12)] == hashes
    assert merkle.root(2, store.node) == merkle.node_hash(*hashes[:2])
    assert [one.signed for one in store.entries()] == [one.signed for one in facts]


def test_facts_behind_a_place_wait_for_who_has_seen_the_newest(store):
    first, second = (parts.installed(counter=i) for i in (1, 2))
    author = first.event.author
    assert store.append_after([first], author, -1, NOW) == (0,)
    assert store.append_after([second], author, -1, NOW) is None
    assert (store.size(), store.append_after([first], author, 0, NOW)) == (1, (None,))
    assert store.append_after([second], author, 0, NOW) == (1,)


def test_a_fact_that_comes_twice_is_recorded_once(store):
    one = parts.installed()
    assert store.append([one, one], NOW) == (0, None)
    store.commit([arrival(1, one)], [], NOW)
    assert store.size() == 1
    assert through(store) == 1


def test_a_fact_is_found_under_every_unit_it_names(store):
    swap = parts.fact(SwapPerformed(parts.CAR, "north", unit_out=parts.OTHER_PACK))
    store.append([swap], NOW)
    for unit in (parts.PACK, parts.OTHER_PACK):
        assert [one.signed for one in store.entries_of(unit)] == [swap.signed]
        assert store.has_unit(unit)
    assert store.units() == sorted([parts.PACK, parts.OTHER_PACK], key=lambda u: (u.scheme, u.id))


def test_units_are_paged_without_a_gap(store):
    units = [UnitRef("maker_serial", f"S{i:02}") for i in range(7)]
    store.commit([arrival(i + 1, chunk(unit)) for i, unit in enumerate(units)], [], NOW)
    found, after = [], None
    while page := store.units(after, limit=3):
        found, after = [*found, *page], page[-1]
    assert found == units


def test_the_newest_fact_about_a_slot_wins_whatever_the_order(store):
    late = parts.installed(t_ns=parts.T0 + parts.HOUR, unit=parts.OTHER_PACK, counter=2)
    store.append([late, parts.installed(counter=1)], NOW)
    (place,) = store.places("station-1")
    assert (place.place, place.entry.signed) == (parts.SLOT, late.signed)
    assert store.places("somebody-else") == []


def test_checkpoints_are_kept_and_the_first_of_a_size_stays(store):
    store.save_checkpoint(1, b"r", "one", NOW)
    store.save_checkpoint(3, b"s", "three", NOW)
    store.save_checkpoint(3, b"t", "another three", NOW)
    assert store.checkpoint() == "three"
    assert store.checkpoints() == ["one", "three"]


def test_equal_numbers_of_one_author_are_found_together(store):
    facts = [parts.installed(), parts.installed(parts.OTHER_SLOT), parts.installed(counter=2)]
    store.append(facts, NOW)
    found = store.conflicting("station-1", parts.EPOCH, 1)
    assert [one.signed for one in found] == [one.signed for one in facts[:2]]
    assert store.next_counter("station-1", parts.EPOCH) == 3
    assert store.next_counter("nobody", "") == 1


def said(body, counter: int, **about):
    return parts.fact(body, counter=counter, **about)


def of(store: Store, unit: UnitRef) -> list[int]:
    return [entry.leaf for entry in store.entries_of(unit)]


def test_facts_are_found_under_everything_that_they_name(store):
    lot = LotRef("recycler-1", "L-1")
    swap = said(SwapPerformed(parts.CAR, "north", unit_out=parts.OTHER_PACK), 1)
    shredded = MaterialProcessed((), units_in=(parts.PACK,), lots_in=(LotPart(lot, 1.5),))
    store.append([swap, said(shredded, 2, unit=None)], NOW)
    assert of(store, parts.PACK) == [0, 1]
    assert of(store, parts.OTHER_PACK) == [0]
    about = [
        [entry.leaf for entry in store.entries_about(Subject(kind, name))]
        for kind, name in (("vehicle", parts.CAR.id), ("site", "north"), ("lot", str(lot)))
    ]
    assert about == [[0], [0], [1]]
    assert store.entries_about(Subject("vehicle", parts.CAR.id), after=0) == []
    assert store.subjects("vehicle") == [parts.CAR.id]
    assert [entry.leaf for entry in store.entries_of_type("MaterialProcessed")] == [1]
    assert store.entry(swap.signed.event_id).leaf == 0
    assert store.entry("none") is None


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_statements_join_the_story_of_their_target_whichever_came_first(store, order):
    target = parts.installed()
    wrong = said(CorrectionDeclared(target.signed.event_id, "did_not_occur"), 2, unit=None)
    dispute = said(Disputed(wrong.signed.event_id, "it did"), 3, unit=None)
    settled = said(DisputeResolved(dispute.signed.event_id, "upheld"), 4, unit=None)
    story = [target, wrong, dispute, settled]
    store.append([story[order[0]], story[order[1]]], NOW)
    for place in order[2:]:
        store.append([story[place]], NOW)
    assert of(store, parts.PACK) == [0, 1, 2, 3]


def test_the_newest_fact_of_a_vehicle_is_found_whatever_the_order(store):
    car = VehicleRef("vin", "LTEST000000000001")
    moves = [
        parts.fact(PackInstalled(vehicle=car), unit=unit, t_ns=t_ns, counter=n)
        for n, (unit, t_ns) in enumerate([(parts.OTHER_PACK, NOW), (parts.PACK, NOW - 5)], 1)
    ]
    store.append(moves, NOW)
    assert store.vehicle_fact(car).event.unit == parts.OTHER_PACK
    assert store.vehicle_fact(VehicleRef("vin", "LTEST000000000002")) is None


def test_many_nodes_and_lines_come_in_one_step(store):
    store.append([parts.installed(counter=i) for i in range(1, 14)], NOW)
    places = [(level, at) for level in range(4) for at in range(13 >> level)]
    assert store.nodes(places) == {place: store.node(*place) for place in places}
    assert store.nodes([]) == {}
    with pytest.raises(StoreError, match="lacks node 3/1"):
        store.nodes([*places, (3, 1)])
    assert store.leaves_of(parts.PACK) == list(range(13))
    assert store.leaves_of(parts.PACK, before=2) == [0, 1]
    assert store.leaves_of(parts.OTHER_PACK) == []
    assert store.entries_at([5, 99, 2]) == [store.entries()[2], store.entries()[5]]
