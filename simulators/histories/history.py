"""`History`: a whole fleet from production to metal, with its frauds and the truth about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from packtrail.language import Text
from simulators.errors import SimulationError
from simulators.histories.cast import Cast
from simulators.histories.endings import Endings
from simulators.histories.frauds import Frauds
from simulators.histories.journal import Journal, Report
from simulators.histories.luck import Luck
from simulators.histories.roads import Roads
from simulators.histories.scene import Scene
from simulators.histories.stations import Stations
from simulators.histories.truth import Fraud, Planted, Truth

BEGIN: Final = date(2022, 1, 3)
SKEW_S: Final = 600
SKIM_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Order:
    """What to make.

    Attributes:
        packs: in all; half of them drive in vehicles that keep them, half are swapped.
        seed: of everything.
        each: frauds of each kind and variant.
        begin: first day.
        skim: share of each metal that one refinery keeps, 0 for none.
        skewed: whether a station's clock is ten minutes fast.
    """

    packs: int
    seed: int
    each: int = 2
    begin: date = BEGIN
    skim: float = SKIM_SHARE
    skewed: bool = True


@dataclass(slots=True)
class History:
    """A history that has been lived.

    Attributes:
        order: what was asked for.
        scene: parties, reports and truth.
    """

    order: Order
    scene: Scene = field(init=False)

    def __post_init__(self) -> None:
        """Set the stage."""
        order = self.order
        midnight = datetime(order.begin.year, order.begin.month, order.begin.day, tzinfo=UTC)
        journal = Journal(int(midnight.timestamp()), Luck(order.seed, 1))
        self.scene = Scene(order.seed, order.begin, Cast(order.seed), journal, Luck(order.seed, 0))

    @property
    def truth(self) -> Truth:
        """What really was."""
        return self.scene.truth

    def live(self, told: Callable[[float], None] = lambda _: None) -> History:
        """Live it; `told` hears of packs as they are done. Returns itself."""
        scene, order = self.scene, self.order
        self._clocks()
        skim = {scene.cast["refinery"][0].name: order.skim} if order.skim else {}
        endings = Endings(scene, skim)
        roads = Roads(scene, endings)
        frauds = Frauds(scene, roads, endings)
        fixed = order.packs // 2
        wanted = [life for _ in range(order.each) for life in frauds.lives().values()]
        if len(wanted) > fixed:
            raise _too_few(order, 2 * len(wanted))
        for number in range(fixed):
            drive = roads.begin()
            if number < len(wanted):
                wanted[number](drive)
            else:
                roads.scrap(drive, roads.live(drive, roads.visits(drive)))
            told(1.0)
        self._swap(Stations(scene, roads, order.packs - fixed), told)
        endings.finish()
        frauds.finish()
        endings.sell()
        if order.each:
            frauds.lots_spent_twice(order.each)
        self._skimmed(skim)
        scene.journal.seal()
        return self

    def arrivals(self) -> Iterator[tuple[int, Report]]:
        """Arrival in UTC seconds and report, in order."""
        yield from self.scene.journal.arrivals()

    def _swap(self, stations: Stations, told: Callable[[float], None]) -> None:
        stations.run(self.order.each)
        for unit, copied in stations.copied.items():
            first = copied.reports[0]
            planted = Planted(
                Fraud.CLONED_CODE, "alive", str(unit), first.party.name, copied.reports
            )
            planted.touched = sorted(copied.touched)
            self.truth.planted.append(planted)
        told(float(self.order.packs - self.order.packs // 2))

    def _clocks(self) -> None:
        if self.order.skewed:
            station = self.scene.cast["station"][-1].name
            self.scene.journal.skew_s[station] = SKEW_S
            off = Planted(Fraud.CLOCK_OFF, "ten_minutes_fast", station, station)
            self.truth.planted.append(off)

    def _skimmed(self, skim: dict[str, float]) -> None:
        for name in skim:
            mine = [
                one
                for one in self.scene.journal.reports
                if one.party.name == name and getattr(one.body, "process", "") == "hydro"
            ]
            self.truth.planted.append(Planted(Fraud.SKIMMED, "two_percent", name, name, mine))


def _too_few(order: Order, least: int) -> SimulationError:
    return SimulationError(
        Text("too few packs for so many frauds", "电池包数量不足以容纳这些欺诈"),
        where=f"{order.packs} packs, {order.each} frauds of each kind",
        hint=Text(f"at least {least} packs", f"至少 {least} 个电池包"),
    )
