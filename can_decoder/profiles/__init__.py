"""Profiles: which signals of a vehicle are which battery quantities.

    profile = can_decoder.profiles.find("nissan_leaf")
    tracker = profile.tracker(database)
    tracker.feed(t_ns, frame_id, is_extended, data)     # each frame
    sample = tracker.snapshot(t_ns)                     # whenever one is wanted

A TOML file says it: units, sign (charge positive), cell arrays, validity, counters and
checksums. Shipped profiles are found by name, others by path. `gbt27930` needs no database.
"""

from can_decoder.profiles.profile import Profile, find, names
from can_decoder.profiles.tracker import Tracker, TrackerCounts

__all__ = ["Profile", "Tracker", "TrackerCounts", "find", "names"]
