"""Transport protocols: payloads longer than a frame, put together by listening.

    for payload in can_decoder.transport.j1939(can_decoder.read_log("truck.log")):
        ...

Batches of frames enter; whole payloads leave, in the order in which they became whole.
Conversations may interleave. What broke off, was repeated or never finished is counted.
`IsoTpEndpoint` speaks ISO-TP where one must ask.
"""

from can_decoder.transport.endpoint import Due, IsoTpEndpoint
from can_decoder.transport.fast_packet import FAST_GROUPS, FastPacketListener, fast_packet
from can_decoder.transport.isotp import Addressing, IsoTpListener, isotp
from can_decoder.transport.j1939 import J1939Listener, j1939
from can_decoder.transport.payload import Counts, Payload, Reassembly

__all__ = [
    "FAST_GROUPS",
    "Addressing",
    "Counts",
    "Due",
    "FastPacketListener",
    "IsoTpEndpoint",
    "IsoTpListener",
    "J1939Listener",
    "Payload",
    "Reassembly",
    "fast_packet",
    "isotp",
    "j1939",
]
