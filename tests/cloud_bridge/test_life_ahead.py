"""What a passport says of the life that is left: from health reports and the use that was seen."""

from dataclasses import dataclass, field

import pytest

from cloud_bridge.exports.datum import Datum, Source
from cloud_bridge.exports.life_ahead import life_ahead
from cloud_bridge.exports.usage import Use
from cloud_bridge.fold import HealthPoint
from packtrail.estimate import Estimate, Interval, Verdict
from packtrail.times import format_time

DAY_NS = 86_400 * 10**9
T0_NS = 20_000 * DAY_NS
RATED = {"rated_capacity_ah": Datum(value=100.0, source=Source.STATED)}


@dataclass
class State:
    health: list


@dataclass
class Story:
    """Of what is gathered, the parts that are asked: reports and use."""

    state: State
    use: Use = field(default_factory=Use)


def report(day, soh, half=0.01, verdict=Verdict.TOLD):
    told = Estimate(
        verdict=verdict, soh=Interval(soh, soh - half, soh + half), rated_ah=100.0, method="t/1"
    )
    return HealthPoint(
        at=format_time(T0_NS + day * DAY_NS),
        estimate=told,
        claimed_soh_pct=None,
        coverage_pct=None,
        throughput_ah=None,
        author="g",
        event=f"e{day}",
    )


def falling(per_year, days=range(0, 720, 60)):
    return State([report(day, 0.95 - per_year * day / 365.25) for day in days])


def used(cycles_a_day, days=720):
    """Every day counted."""
    use = Use(first_ns=T0_NS, last_ns=T0_NS + days * DAY_NS)
    ah = 200.0 * cycles_a_day
    use.moved_until = [(T0_NS + (day + 1) * DAY_NS, ah) for day in range(days)]
    use.sums["charge_ah"] = ah * days
    return use


def test_a_unit_without_known_use_ages_by_the_calendar_and_tells_no_cycles():
    found = life_ahead(Story(falling(0.025)), RATED)
    years = found["lifetime_years"]
    left = 0.25 / 0.025 - 660 / 365.25
    assert years.low < left < years.high
    assert years.value == pytest.approx(left, rel=0.25)
    assert (years.method, years.unit, years.source) == ("trend/2", "a", Source.COMPUTED)
    assert "knee" in years.note
    assert "calendar" in years.note
    assert "lifetime_cycles" not in found


def test_a_unit_in_daily_use_is_told_in_cycles_and_its_pace_gives_the_years():
    found = life_ahead(Story(falling(0.05), used(0.8)), RATED)
    cycles, years = found["lifetime_cycles"], found["lifetime_years"]
    assert cycles.value / years.value == pytest.approx(0.8 * 365.25, rel=0.01)
    left = 0.25 / 0.05 - 660 / 365.25
    assert years.low < left < years.high
    assert years.as_of == format_time(T0_NS + 660 * DAY_NS)
    assert years.from_time == format_time(T0_NS)
    assert years.events == ("e540", "e600", "e660")


def test_use_that_changed_is_followed_by_the_days_that_were_counted():
    """Half the life at rest, then three cycles a day: what is left is told by the cycles."""
    use = used(0.001, 360)
    busy = used(3.0, 360)
    use.moved_until += [(to_ns + 360 * DAY_NS, ah) for to_ns, ah in busy.moved_until]
    use.last_ns, use.sums["charge_ah"] = T0_NS + 720 * DAY_NS, 3.0 * 200 * 360
    fall = [report(day, 0.95) for day in range(0, 360, 60)]
    fall += [report(day, 0.95 - 0.0001 * 3 * (day - 360)) for day in range(360, 720, 60)]
    cycles = life_ahead(Story(State(fall), use), RATED)["lifetime_cycles"]
    assert cycles.low < (0.95 - 0.09 - 0.7) / 0.0001 < cycles.high
    assert cycles.value == pytest.approx((0.95 - 0.09 - 0.7) / 0.0001, rel=0.3)


def test_a_unit_of_little_use_is_not_promised_the_years_of_its_few_cycles():
    years = life_ahead(Story(falling(0.06), used(0.02)), RATED)["lifetime_years"]
    assert years.value < 6


def test_reports_that_could_not_tell_and_too_few_give_no_life():
    silent = [report(day, 0.9, verdict=Verdict.CANNOT_TELL) for day in range(0, 300, 60)]
    assert life_ahead(Story(State(silent)), RATED) == {}
    assert life_ahead(Story(falling(0.02, (0, 60))), RATED) == {}
    assert life_ahead(Story(State([])), RATED) == {}


def test_the_makers_threshold_ends_the_life():
    sooner = {**RATED, "exhaustion_threshold_pct": Datum(value=80.0, source=Source.STATED)}
    early = life_ahead(Story(falling(0.025)), sooner)["lifetime_years"]
    assert early.value < life_ahead(Story(falling(0.025)), RATED)["lifetime_years"].value - 2
    assert "80%" in early.note
