"""Everything that follows from the store: time series, a Parquet lake, web hooks.

Committed chunks and facts enter in the order of their commits, each projection brings them to
its target and moves a cursor of its own. A target that is down costs nothing but its delay, and
any projection may be made again from the beginning.
"""

from cloud_bridge.projections.contract import Portion, Projection, TargetError
from cloud_bridge.projections.follower import Follower

__all__ = ["Follower", "Portion", "Projection", "TargetError"]
