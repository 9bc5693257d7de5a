"""Vehicle feed: a vehicle's own reports (GB/T 32960.3, editions 2016 and 2025) as a source."""

from gateway.vehicle_feed.feed import FeedOptions, VehicleFeed

__all__ = ["FeedOptions", "VehicleFeed"]
