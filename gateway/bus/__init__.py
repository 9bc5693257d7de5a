"""Buses: frames in from any python-can interface, bursts out to the pipeline.

An adapter that fails is opened again; a pipeline that falls behind costs the newest frames of
a live bus, counted, and never blocks the reader.
"""

from gateway.bus.frame import Burst, Call, Frame, Mailbox
from gateway.bus.reader import BusOptions, BusReader, BusState

__all__ = ["Burst", "BusOptions", "BusReader", "BusState", "Call", "Frame", "Mailbox"]
