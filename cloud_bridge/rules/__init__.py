"""Rules as data: who has to do or report what, by when, and on what legal ground.

Facts and a table of rules enter, duties leave: done, open or overdue. Pure: the same facts, rules
and moment give the same list, whatever the order. A rule whose deadline is not confirmed says so.
"""

from cloud_bridge.rules.duties import Duty, duties
from cloud_bridge.rules.reading import read_rules, read_table
from cloud_bridge.rules.table import DutyRule, RuleTable

__all__ = ["Duty", "DutyRule", "RuleTable", "duties", "read_rules", "read_table"]
