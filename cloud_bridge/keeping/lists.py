"""What lists show of each unit, against the lines that it is said to be made of."""

from __future__ import annotations

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.store import Store
from cloud_bridge.store.glances import GlanceRow
from cloud_bridge.view.glances import holds, made, row_of
from packtrail.event import UnitRef
from packtrail.proof.pack import Check


def check_lists(store: Store) -> Check:
    """Rows that anybody would read; one that is late is read by nobody, and no fault."""
    found = Findings("lists")
    if store.glance_state().made != made():
        return found.check()
    for scheme, name, leaf, others, keys, shown in store.stream("all_glances"):
        found.count += 1
        unit, row = UnitRef(scheme, name), GlanceRow(leaf, others, keys, bytes(shown))
        wanted, _ = row_of(store, unit)
        if row.leaf > wanted.leaf:
            found.fault(f"{unit}: made of leaf {row.leaf}, its newest is {wanted.leaf}")
        elif row != wanted and holds(store, row, wanted.leaf):
            found.fault(f"{unit}: lists show what its lines do not come to")
    return found.check()
