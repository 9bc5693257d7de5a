"""Alarms: samples in, incidents out, with limits by chemistry and hysteresis."""

from gateway.alarms.watch import Threshold, Thresholds, Watch, load_thresholds

__all__ = ["Threshold", "Thresholds", "Watch", "load_thresholds"]
