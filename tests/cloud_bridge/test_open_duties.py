"""Open duties kept in the store, against the whole ledger read anew."""

import random

import pytest

from cloud_bridge.rules.book import DutyBook, place_of
from cloud_bridge.rules.duties import DAY_NS
from cloud_bridge.rules.recorded import adopt
from cloud_bridge.rules.table import RuleTable
from cloud_bridge.store import Fact, SqliteStore
from cloud_bridge.store.postgres import PostgresStore
from cloud_bridge.view import Packs
from packtrail import event as e
from tests.cloud_bridge import parts
from tests.databases import postgres  # noqa: F401 - a fixture

T0 = parts.T0


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    if request.param == "sqlite":
        made = SqliteStore(tmp_path / "bridge.sqlite")
    else:
        made = PostgresStore(request.getfixturevalue("postgres").database())
    yield made
    made.close()


PACKS = [e.UnitRef("maker_serial", f"P{n}") for n in range(5)]
WHO = ["station-1", "outlet-1", "shop-1"]
ROLES = ["outlet", "recycler", "authority", "gateway"]
BOOK = DutyBook()


class Told:
    """Random lives told in any order, with whatever may be said of what was said."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.said = []
        self.counter = 0

    def fact(self):
        self.counter += 1
        unit, body = self._body()
        day = self.dice.randrange(0, 90)
        event = parts.event(
            body,
            unit=unit,
            author=self.dice.choice(WHO),
            counter=self.counter,
            t_ns=T0 + day * DAY_NS + self.counter,
        )
        fact = Fact(e.sign_event(event, parts.STATION), event)
        self.said.append(fact)
        return fact

    def _some(self, many=1):
        picked = self.dice.sample(self.said, min(many, len(self.said)))
        return tuple(one.signed.event_id for one in picked) or ("0" * 64,)

    def _body(self):
        dice, unit, other = self.dice, self.dice.choice(PACKS), self.dice.choice(PACKS)
        number = f"R{dice.randrange(4)}"
        site = dice.choice(WHO)
        return dice.choice(
            [
                lambda: (unit, e.UnitRetired("age")),
                lambda: (unit, e.UnitDestroyed("fire")),
                lambda: (unit, e.SwapPerformed(parts.CAR, "north", other)),
                lambda: (unit, e.UnitRepaired()),
                lambda: (None, e.VehicleScrapReceived(parts.CAR)),
                lambda: (None, e.RecoveryReceived(site, (unit, other))),
                lambda: (unit, e.RecoveryReceived(site)),
                lambda: (None, e.ReportSent(number, "national", "x", self._some(3))),
                lambda: (None, e.ReportAcknowledged(number, "national")),
                lambda: (None, e.CorrectionDeclared(self._some()[0], "did_not_occur")),
                lambda: (None, e.Disputed(self._some()[0], "wrong")),
                lambda: (None, e.DisputeResolved(self._some()[0], dice.choice(["upheld", "no"]))),
                lambda: (None, self._key()),
            ]
        )()

    def _key(self):
        return e.KeyRegistered(
            parts.STATION.public.text, self.dice.choice(WHO), self.dice.choice(ROLES)
        )


def agree(store, now_ns):
    for overdue in (False, True):
        kept = BOOK.open(store, now_ns, overdue=overdue)
        assert kept == BOOK.anew(store, now_ns, overdue=overdue)
    for unit in PACKS:
        about = BOOK.about(store, Packs(store).facts(unit), now_ns)
        assert list(about.found) == [
            one for one in BOOK.anew(store, now_ns) if str(unit) in one.units
        ]
        assert not about.behind
    counts = BOOK.counts(store, now_ns)
    assert counts == (len(BOOK.open(store, now_ns)), len(kept), 0)
    return len(kept)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_told_in_whatever_order_the_kept_list_is_that_of_the_whole_ledger(store, seed):
    told = Told(seed)
    facts = [told.fact() for _ in range(70)]
    told.dice.shuffle(facts)
    now_ns, late = T0 + 20 * DAY_NS, 0
    while facts:
        batch, facts = facts[:9], facts[9:]
        store.append(batch, T0)
        agree(store, now_ns)
        now_ns += 13 * DAY_NS
        late += agree(store, now_ns)
    assert late


def test_other_rules_begin_the_list_again_and_pages_leave_nothing_out(store):
    store.append([Told(1).fact() for _ in range(1)], T0)
    told = Told(7)
    store.append([told.fact() for _ in range(60)], T0)
    now_ns = T0 + 100 * DAY_NS
    assert BOOK.open(store, now_ns) == BOOK.anew(store, now_ns)
    few = DutyBook(RuleTable("few", BOOK.own.duty[:3]))
    assert adopt(store, few.own, "somebody", T0)
    assert BOOK.open(store, now_ns) == few.anew(store, now_ns) != BOOK.anew(store, now_ns)
    assert adopt(store, BOOK.own, "somebody", T0)
    whole = BOOK.open(store, now_ns)
    assert whole == BOOK.anew(store, now_ns) != few.anew(store, now_ns)
    paged, page = [], BOOK.page(store, now_ns, limit=2)
    while page:
        paged += page
        page = BOOK.page(store, now_ns, place_of(page[-1]), limit=2)
    assert paged == whole
