"""Statistics of take-back kept in the store, against the ledger read anew."""

from __future__ import annotations

import random

import pytest

from cloud_bridge.rules.duties import DAY_NS
from cloud_bridge.store import Fact, SqliteStore
from cloud_bridge.store.postgres import PostgresStore
from cloud_bridge.takeback.statistics import (
    ALL,
    GROUPS,
    as_csv,
    page,
    recomputed,
    recovered,
)
from cloud_bridge.takeback.tally import Tally
from packtrail import event as e
from packtrail.times import parse_time
from tests.cloud_bridge import parts
from tests.databases import postgres  # noqa: F401 - a fixture

T0 = parts.T0
PACKS = [e.UnitRef("maker_serial", f"P{n}") for n in range(5)]
LABELS = [e.UnitRef("maker_serial", f"L{n}") for n in range(3)]
WHO = ["maker-1", "outlet-1", "yard-1"]
SITES = ["near", "far"]
MODELS = ["M1", "M2"]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    if request.param == "sqlite":
        made = SqliteStore(tmp_path / "bridge.sqlite")
    else:
        made = PostgresStore(request.getfixturevalue("postgres").database())
    yield made
    made.close()


class Told:
    """Random lives, corrected and disputed, told in any order."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.said = []
        self.counter = 0

    def fact(self):
        self.counter += 1
        unit, body = self.body()
        moment = T0 + self.dice.randrange(0, 90) * DAY_NS + self.counter
        about = {"unit": unit, "author": self.dice.choice(WHO), "counter": self.counter}
        event = parts.event(body, t_ns=moment, **about)
        fact = Fact(e.sign_event(event, parts.STATION), event)
        self.said.append(fact)
        return fact

    def some(self):
        if not self.said or self.dice.random() < 0.1:
            return "0" * 64
        return self.dice.choice(self.said).signed.event_id

    def received(self, *units):
        dice = self.dice
        lot = dice.choice([None, e.LotRef("outlet-1", "7"), e.LotRef("yard-1", "8")])
        mass = dice.choice([None, 361.25, 0.1])
        count = dice.choice([None, 3])
        return e.RecoveryReceived(dice.choice(SITES), units, kg=mass, count=count, lot=lot)

    def sheet(self):
        kg = round(self.dice.uniform(0.1, 60), 3)
        part = e.Part("cells", "lfp", 200.0, elements={"Li": kg, "Cu": 2 * kg})
        return e.ModelSheetPublished(
            e.ModelRef("maker-1", self.dice.choice(MODELS)), 362.0, (part,)
        )

    def born(self):
        return e.UnitRegistered(
            chemistry="lfp", rated_capacity_ah=self.dice.choice([150.0, 149.9]),
            nominal_voltage_v=345.6, cells_in_series=108, model=self.dice.choice(MODELS),
            mass_kg=self.dice.choice([362.0, 361.7]),
        )  # fmt: skip

    def body(self):
        dice, unit, other = self.dice, self.dice.choice(PACKS), self.dice.choice(PACKS)
        label = dice.choice(LABELS)
        return dice.choice(
            [
                lambda: (unit, self.born()),
                lambda: (unit, e.UnitRetired("age", dice.choice([None, 355.5]))),
                lambda: (unit, self.received()),
                lambda: (None, self.received(unit, other)),
                lambda: (label, self.received()),
                lambda: (None, self.received()),
                lambda: (unit, e.AliasBound(label)),
                lambda: (unit, e.LabelReissued(label)),
                lambda: (None, self.sheet()),
                lambda: (None, e.SiteRegistered(dice.choice(SITES), "outlet-1", "outlet",
                                                region=dice.choice(["330106", "440300"]))),
                lambda: (None, e.CorrectionDeclared(self.some(), "did_not_occur")),
                lambda: (None, e.Disputed(self.some(), "wrong")),
                lambda: (None, e.DisputeResolved(self.some(), dice.choice(["upheld", "no"]))),
                lambda: (None, e.KeyRegistered(parts.STATION.public.text, dice.choice(WHO),
                                               dice.choice(["outlet", "authority"]))),
            ]
        )()  # fmt: skip


def agree(store):
    """Byte for byte, in every grouping; how many packs."""
    for by in (*GROUPS, ALL):
        kept = recovered(store, by)
        anew = recomputed(store, by)
        assert as_csv(kept) == as_csv(anew), by
        assert kept == anew
    assert Tally(store).behind() == 0
    return sum(row.packs for row in kept)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_told_in_whatever_order_the_sums_are_those_of_the_whole_ledger(store, seed):
    told = Told(seed)
    facts = [told.fact() for _ in range(70)]
    told.dice.shuffle(facts)
    found = 0
    while facts:
        batch, facts = facts[:7], facts[7:]
        store.append(batch, T0)
        found += agree(store)
    assert found
    before = {by: as_csv(recovered(store, by)) for by in GROUPS}
    Tally(store).rebuild()
    assert page(store, "party") == ([], False)
    assert {by: as_csv(recovered(store, by)) for by in GROUPS} == before


def test_a_label_that_is_given_to_a_second_pack_takes_its_receipt_along(store):
    label = LABELS[1]
    told = [(PACKS[2], e.AliasBound(label)), (label, e.RecoveryReceived("near")),
            (PACKS[1], e.AliasBound(label))]  # fmt: skip
    for n, (unit, body) in enumerate(told):
        store.append([parts.fact(body, unit=unit, author="maker-1", counter=n + 1)], T0)
        agree(store)
    shares = [name for (_, _, name) in store.stream("takeback_waits", {"limit": 9})]
    assert shares == []
    assert recovered(store, ALL)[0].packs == 1


def test_two_bridges_and_a_repetition_change_nothing(store):
    told = Told(3)
    store.append([told.fact() for _ in range(60)], T0)
    one, other = Tally(store), Tally(store)
    while not (one.advance(1) & other.advance(1)):
        pass
    step = next(store.stream("takeback_cursor"))
    assert one.advance()
    assert next(store.stream("takeback_cursor")) == step
    agree(store)


def test_a_step_that_another_bridge_has_taken_is_not_taken_twice(store):
    told = Told(5)
    store.append([told.fact() for _ in range(60)], T0)
    late = Tally(store)
    now = late._cursor()
    Tally(store).advance()
    before = recovered(store, "party")
    late._look(now, store.size() - 1)
    assert recovered(store, "party") == before


def receive(store, many, **more):
    facts = [
        parts.fact(e.RecoveryReceived("near", count=1, kg=1.5, lot=e.LotRef("o", f"{n:04}")),
                   unit=None, author="outlet-1", counter=n + 1, **more)
        for n in range(many)
    ]  # fmt: skip
    store.append(facts, T0)


def test_groups_come_page_by_page_and_a_total_beside_them(store):
    receive(store, 25)
    whole = recovered(store, "lot")
    seen, after, more = [], "", True
    while more:
        rows, more = page(store, "lot", after, 10)
        seen += rows
        after = rows[-1].group
    assert seen == whole
    assert len(seen) == 25
    ((total,), _) = page(store, ALL)
    assert (total.packs, total.kg) == (25, 37.5)


def test_a_month_is_one_of_chinas_calendar(store):
    receive(store, 1, t_ns=parse_time("2026-03-31T16:00:00Z"))
    assert [row.group for row in recovered(store, "month")] == ["2026-04"]


def test_a_tenth_of_a_kilogram_adds_up_exactly(store):
    facts = [
        parts.fact(e.RecoveryReceived("near", kg=0.1), unit=None, author="outlet-1", counter=n + 1)
        for n in range(1_000)
    ]
    store.append(facts, T0)
    ((total,), _) = recovered(store, "party"), None
    assert total.kg == 100.0
