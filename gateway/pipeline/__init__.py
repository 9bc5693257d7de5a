"""The pipeline: frames of a slot become samples, alarms, chunks and sessions.

Enter bursts of frames and acts of the station, leave drafts for the outbox and requests for
the health desk. Times are the frames' own; a gap stays a gap.
"""

from gateway.pipeline.chunk import recover
from gateway.pipeline.pipeline import STATE_NOTE, Pipeline
from gateway.pipeline.sampling import SamplingRule
from gateway.pipeline.slot import Slot, SlotRule
from gateway.pipeline.tracking import Listener, MakeTracker, Tracker

__all__ = [
    "STATE_NOTE",
    "Listener",
    "MakeTracker",
    "Pipeline",
    "SamplingRule",
    "Slot",
    "SlotRule",
    "Tracker",
    "recover",
]
