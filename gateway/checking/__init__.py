"""`packtrail gateway check`: proves a set-up before it runs, one finding per part."""

from gateway.checking.bus import check_bus, judge_bus
from gateway.checking.check import check
from gateway.checking.finding import Finding

__all__ = ["Finding", "check", "check_bus", "judge_bus"]
