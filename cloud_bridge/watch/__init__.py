"""The watch: what the bridge sees in reports taken together goes on the ledger as its own word.

The fold looks at the facts of one pack and never at when they arrived, or it would not give the
same bytes everywhere. Three invariants need more than that: I6 (where the sites are), I14 (which
gateway sent the telemetry) and I18 (when a report came in). The watch looks, and states what
it finds; the fold then reads the statement like any other fact.
"""

from cloud_bridge.watch.suspicions import Sent, Suspicion, ahead_of_time, too_far, wrong_source
from cloud_bridge.watch.watching import Watch

__all__ = ["Sent", "Suspicion", "Watch", "ahead_of_time", "too_far", "wrong_source"]
