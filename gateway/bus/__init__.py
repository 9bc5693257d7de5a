"""Buses: frames in from any python-can interface, bursts of columns out to the pipeline.

SocketCAN has a reader of our own. An adapter that fails is opened again; a pipeline that falls
behind costs the newest frames of a live bus, counted, and never blocks the reader.
"""

from gateway.bus.frame import Burst, Frame, batch_of
from gateway.bus.mailbox import Call, Mailbox
from gateway.bus.reader import BusReader, open_source
from gateway.bus.source import Haul, PythonCanSource, Source
from gateway.bus.state import BusOptions, BusState, Condition

__all__ = [
    "Burst",
    "BusOptions",
    "BusReader",
    "BusState",
    "Call",
    "Condition",
    "Frame",
    "Haul",
    "Mailbox",
    "PythonCanSource",
    "Source",
    "batch_of",
    "open_source",
]
