"""A day's data budget: what a clock step, a restart and midnight do to it."""

from gateway.uplink.budget import DAY_S, Budget
from packtrail.times import NS_PER_S
from tests.gateway.memory_outbox import MemoryOutbox

DAY_NS = DAY_S * NS_PER_S
NOON = 20_000 * DAY_NS + DAY_NS // 2


class Clocks:
    """A wall clock that jumps and a monotonic one that does not."""

    def __init__(self):
        self.utc, self.mono = NOON, 0.0


def budget_of(clocks, outbox=None, daily=1000):
    return Budget(outbox or MemoryOutbox(), daily, lambda: clocks.utc, lambda: clocks.mono)


def test_without_a_limit_everything_goes():
    budget = budget_of(Clocks(), daily=0)
    budget.spend(10**12)
    assert budget.allows_telemetry
    assert budget.left_bytes is None


def test_midnight_begins_a_new_day():
    clocks = Clocks()
    budget = budget_of(clocks)
    budget.spend(2000)
    assert not budget.allows_telemetry
    clocks.utc += DAY_NS
    assert budget.left_bytes == 1000


def test_a_restart_and_a_step_back_begin_no_new_day():
    clocks, outbox = Clocks(), MemoryOutbox()
    budget_of(clocks, outbox).spend(2000)
    again = budget_of(clocks, outbox)
    assert not again.allows_telemetry
    clocks.utc -= DAY_NS
    assert not again.allows_telemetry


def test_a_clock_that_was_a_year_ahead_holds_the_telemetry_for_a_day_at_most():
    clocks = Clocks()
    budget = budget_of(clocks)
    clocks.utc += 365 * DAY_NS
    budget.spend(2000)
    clocks.utc = NOON
    assert not budget.allows_telemetry
    clocks.mono += DAY_S
    assert budget.allows_telemetry
