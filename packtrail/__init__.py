"""The vocabulary that all rooms of packtrail share, and the one command.

What is here is what passes the doors between rooms: pack codes, canonical quantities,
samples, estimates, events, records, receipts and topics. Names are found lazily, so that
importing the vocabulary costs nothing that a caller does not use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packtrail.codes import PackCode as PackCode
    from packtrail.errors import PacktrailError as PacktrailError
    from packtrail.estimate import Estimate as Estimate
    from packtrail.estimate import Interval as Interval
    from packtrail.event import Event as Event
    from packtrail.quantities import QUANTITIES as QUANTITIES
    from packtrail.record import Record as Record
    from packtrail.sample import Sample as Sample
    from packtrail.sample import SampleBatch as SampleBatch

__version__ = "0.1.0"

_HOME = {
    "Estimate": "packtrail.estimate",
    "Event": "packtrail.event",
    "Interval": "packtrail.estimate",
    "PackCode": "packtrail.codes",
    "PacktrailError": "packtrail.errors",
    "QUANTITIES": "packtrail.quantities",
    "Record": "packtrail.record",
    "Sample": "packtrail.sample",
    "SampleBatch": "packtrail.sample",
}

__all__ = [
    "QUANTITIES",
    "Estimate",
    "Event",
    "Interval",
    "PackCode",
    "PacktrailError",
    "Record",
    "Sample",
    "SampleBatch",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
