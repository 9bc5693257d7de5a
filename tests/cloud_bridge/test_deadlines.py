"""When a deadline runs out: days of the law's calendar, wherever and however a fact was timed."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.rules import read_rules
from cloud_bridge.rules.dates import DAY_S, day_of, deadline_ns, in_force, offset_s, span
from packtrail.errors import CodecError
from packtrail.times import NS_PER_S, parse_time

CHINA = ZoneInfo("Asia/Shanghai")
DAY_NS = DAY_S * NS_PER_S
MOMENTS = st.integers(
    parse_time("1992-01-01T00:00:00Z") // NS_PER_S, parse_time("2090-01-01T00:00:00Z") // NS_PER_S
)
QUARTERS = st.integers(-14 * 4, 14 * 4)


def clock(quarters: int) -> tuple[str, timezone]:
    minutes = abs(quarters) * 15
    sign = "-" if quarters < 0 else "+"
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}", timezone(timedelta(minutes=quarters * 15))


@given(MOMENTS, st.integers(1, 400), QUARTERS)
def test_a_deadline_ends_with_its_day_on_the_laws_own_clock(t_s, days, quarters):
    offset, zone = clock(quarters)
    day = datetime.fromtimestamp(t_s, zone).date() + timedelta(days=days)
    end = datetime.combine(day, time(23, 59, 59), zone)
    assert deadline_ns(t_s * NS_PER_S + 7, days, offset) == int(end.timestamp()) * NS_PER_S
    assert day_of(deadline_ns(t_s * NS_PER_S, days, offset), offset) == day.isoformat()


@given(MOMENTS, st.integers(1, 60))
def test_chinas_clock_is_the_fixed_offset_of_the_table(t_s, days):
    """China has had no summer time since 1991: the zone's own rules give the same days."""
    day = datetime.fromtimestamp(t_s, CHINA).date() + timedelta(days=days)
    end = datetime.combine(day, time(23, 59, 59), CHINA)
    assert deadline_ns(t_s * NS_PER_S, days, "+08:00") == int(end.timestamp()) * NS_PER_S


@given(MOMENTS, st.integers(1, 90))
def test_working_days_are_counted_one_by_one(t_s, days):
    day, left = datetime.fromtimestamp(t_s, CHINA).date(), days
    while left:
        day += timedelta(days=1)
        left -= day.isoweekday() <= 5
    due = deadline_ns(t_s * NS_PER_S, days, "+08:00", working=True)
    assert day_of(due, "+08:00") == day.isoformat()
    assert date.fromisoformat(day_of(due, "+08:00")).isoweekday() <= 5


@given(MOMENTS, st.integers(0, 3 * DAY_S), st.integers(1, 90), st.booleans())
def test_a_later_fact_is_never_due_earlier(t_s, later_s, days, working):
    first, second = (
        deadline_ns(t * NS_PER_S, days, "+08:00", working=working) for t in (t_s, t_s + later_s)
    )
    assert first <= second
    weekend = 2 * working * (1 + days // 5)
    assert second - first <= (later_s // DAY_S + 1 + weekend) * DAY_NS


@given(MOMENTS, st.integers(-600, 600), st.integers(1, 60))
def test_a_reporters_clock_ten_minutes_off_moves_a_deadline_by_a_day_at_most(t_s, off_s, days):
    due, told = (deadline_ns(t * NS_PER_S, days, "+08:00") for t in (t_s, t_s + off_s))
    assert abs(told - due) in (0, DAY_NS)
    if day_of(t_s * NS_PER_S, "+08:00") == day_of((t_s + off_s) * NS_PER_S, "+08:00"):
        assert told == due


@given(MOMENTS, st.integers(1, 400))
def test_who_is_due_has_whole_days_whatever_the_length_of_the_month(t_s, days):
    left = deadline_ns(t_s * NS_PER_S, days, "+08:00") - t_s * NS_PER_S
    assert days * DAY_NS <= left + NS_PER_S
    assert left < (days + 1) * DAY_NS


@pytest.mark.parametrize(("year", "month"), [(2026, 2), (2028, 2), (2026, 4), (2026, 12)])
def test_month_ends_are_days_like_others(year, month):
    last = date(year, month, monthrange(year, month)[1])
    t_ns = parse_time(f"{last}T12:00:00Z")
    assert day_of(deadline_ns(t_ns, 1, "+08:00"), "+08:00") == str(last + timedelta(days=1))
    assert day_of(deadline_ns(t_ns, 30, "+08:00"), "+08:00") == str(last + timedelta(days=30))


def test_an_evening_in_utc_is_the_next_day_in_china():
    evening, morning = parse_time("2026-03-31T16:00:00Z"), parse_time("2026-03-31T15:59:59Z")
    assert in_force("2026-04-01", "", evening, "+08:00")
    assert not in_force("2026-04-01", "", morning, "+08:00")
    assert in_force("2018-08-01", "2026-03-31", morning, "+08:00")
    assert not in_force("2018-08-01", "2026-03-31", evening, "+08:00")
    assert deadline_ns(evening, 30, "+08:00") == parse_time("2026-05-01T15:59:59Z")
    assert deadline_ns(morning, 30, "+08:00") == parse_time("2026-04-30T15:59:59Z")


@given(MOMENTS)
def test_of_a_rule_and_its_successor_one_binds_at_any_moment(t_s):
    by_id = {rule.id: rule for rule in read_rules()}
    old, new = by_id["report_repair_2018"], by_id["report_repair"]
    assert old.span[1] == new.span[0]
    t_ns = t_s * NS_PER_S
    assert old.in_force(t_ns) + new.in_force(t_ns) == (t_ns >= old.span[0])


@pytest.mark.parametrize("text", ["8", "+8:00", "+08", "+14:30", "+25:00", "Asia/Shanghai", ""])
def test_a_clock_that_is_none_is_refused(text):
    with pytest.raises(CodecError, match="offset"):
        offset_s(text)


def test_a_span_is_as_long_as_its_days():
    first, end = span("2026-02-01", "2026-02-28", "+08:00")
    assert end - first == 28 * DAY_NS
    assert datetime.fromtimestamp(first // NS_PER_S, UTC).hour == 16
