"""Identification by UDS (ISO 14229-1): part numbers, serials, VIN. It reads and nothing else.

    reading = Identification(find_target("generic"))
    frames = reading.start(t_ns)            # send them; then
    frames = reading.feed(data, t_ns)       # for each frame of the answering identifier
    frames = reading.poll(t_ns)             # when `wake_ns` has come
    reading.identity                        # once `is_done`

Only the services 10 03, 22 and 3E can be built at all. Whoever owns the bus sends and times;
`overheard` finds the same answers in a log.
"""

from can_decoder.uds.identification import Identification, Identity, overheard
from can_decoder.uds.services import NegativeCode
from can_decoder.uds.targets import DataField, Target, find_target

__all__ = [
    "DataField",
    "Identification",
    "Identity",
    "NegativeCode",
    "Target",
    "find_target",
    "overheard",
]
