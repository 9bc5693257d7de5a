"""Alarms: samples in, incidents out, with limits by chemistry and hysteresis.

Local outputs (a call, a topic, a relay) are told within half a second of the frame, whether
anything else of the gateway reaches the world or not.
"""

from gateway.alarms.alarm import Alarm, Warn, tell_nobody
from gateway.alarms.thresholds import Precursor, Threshold, Thresholds, load_thresholds
from gateway.alarms.watch import Watch

__all__ = [
    "Alarm",
    "Precursor",
    "Threshold",
    "Thresholds",
    "Warn",
    "Watch",
    "load_thresholds",
    "tell_nobody",
]
