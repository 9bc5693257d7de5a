"""Scenarios: a whole house on this computer, with faults by script, judged against the truth.

script ─> stage (station, gateway, proxy, broker, bridge) ─> observed ─> verdict ─> report
"""

from simulators.scenario.script import Deed, Scenario, load_scenario, shipped
from simulators.scenario.verdict import Check, Expectations, judge, load_expectations

__all__ = [
    "Check",
    "Deed",
    "Expectations",
    "Scenario",
    "judge",
    "load_expectations",
    "load_scenario",
    "shipped",
]
