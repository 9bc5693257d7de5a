"""Transport protocols: payloads longer than a frame, put together by listening.

    for payload in can_decoder.transport.j1939(can_decoder.read_log("truck.log")):
        ...

Batches of frames enter; whole payloads leave, in the order in which they became whole.
Conversations may interleave. What broke off, was repeated or never finished is counted.
"""

from can_decoder.transport.j1939 import J1939Listener, j1939
from can_decoder.transport.payload import Counts, Payload, Reassembly

__all__ = ["Counts", "J1939Listener", "Payload", "Reassembly", "j1939"]
