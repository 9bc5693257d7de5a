"""Vehicle feed: a vehicle's own reports (GB/T 32960.3, editions 2016 and 2025) as a source."""

from gateway.vehicle_feed.feed import FeedOptions, VehicleFeed
from gateway.vehicle_feed.framer import Framer
from gateway.vehicle_feed.messages import login_from, pack_codes, sample_from

__all__ = ["FeedOptions", "Framer", "VehicleFeed", "login_from", "pack_codes", "sample_from"]
