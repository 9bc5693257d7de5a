"""NMEA 2000 fast packet: up to 223 bytes in 32 frames of one parameter group.

The first byte of each frame holds a sequence number (three bits) and a frame counter (five);
frame 0 states the length. Which groups are fast packets is part of the standard's tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from can_decoder.frames import FrameBatch
from can_decoder.layout import J1939_PDU2, parameter_group
from can_decoder.transport.payload import Counts, Payload, Reassembly

TIMEOUT_NS: Final = 750_000_000
LARGEST: Final = 223

FAST_GROUPS: Final = frozenset(
    {
        *(126208, 126464, 126720, 126983, 126984, 126985, 126986, 126987, 126988, 126996, 126998),
        *(127233, 127237, 127489, 127490, 127491, 127494, 127495, 127496, 127497, 127498),
        *(127503, 127504, 127506, 127507, 127509, 127510, 127511, 127512, 127513, 127514),
        *(128275, 128520, 128538, 129029, 129038, 129039, 129040, 129041, 129044, 129045),
        *(129284, 129285, 129301, 129302, 129538, 129540, 129541, 129542, 129545, 129547),
        *(129549, 129551, 129556, *range(129792, 129811), 130052, 130053, 130054),
        *(130060, 130061, *range(130064, 130075), *range(130320, 130325), 130330),
        *(130560, *range(130567, 130582), *range(130816, 131072)),
    }
)
"""Groups that travel as fast packets; 127506 is the DC detailed status of a battery."""


@dataclass(slots=True)
class _Conversation:
    size: int
    data: bytearray
    started_ns: int
    last_ns: int
    number: int = 0


@dataclass(slots=True)
class FastPacketListener:
    """Passive reassembly; see the module.

    Attributes:
        groups: parameter groups that are fast packets.
        counts: how conversations ended.
    """

    groups: Collection[int] = FAST_GROUPS
    counts: Counts = field(default_factory=Counts)
    _open: dict[tuple[int, int, int], _Conversation] = field(default_factory=dict)

    def wants(self, batch: FrameBatch) -> NDArray[np.bool_]:
        """Extended frames of the groups."""
        group = batch.ids >> 8 & 0x3FFFF
        group = np.where(group >> 8 & 0xFF >= J1939_PDU2, group, group & 0x3FF00)
        return batch.extended & np.isin(group, np.array(sorted(self.groups), np.uint32))

    def feed(self, t_ns: int, channel: int, frame_id: int, data: bytes) -> Payload | None:
        """Take one frame of the groups; the payload that it completes, if any."""
        if len(data) < 2:
            self.counts.malformed += 1
            return None
        key = (channel, frame_id, data[0] >> 5)
        if data[0] & 0x1F == 0:
            self._begin(t_ns, key, data)
        elif not self._goes_on(t_ns, key, data):
            return None
        return self._finished(t_ns, key)

    def close(self) -> None:
        """Count what is still open."""
        self.counts.open += len(self._open)
        self._open.clear()

    def _begin(self, t_ns: int, key: tuple[int, int, int], data: bytes) -> None:
        earlier = self._open.pop(key, None)
        if earlier is not None:
            late = t_ns - earlier.last_ns > TIMEOUT_NS
            self.counts.timed_out += late
            self.counts.replaced += not late
        if not 0 < data[1] <= LARGEST:
            self.counts.malformed += 1
            return
        self._open[key] = _Conversation(data[1], bytearray(data[2:8]), t_ns, t_ns)

    def _goes_on(self, t_ns: int, key: tuple[int, int, int], data: bytes) -> bool:
        conversation = self._open.get(key)
        if conversation is None:
            self.counts.orphans += 1
            return False
        number = data[0] & 0x1F
        if t_ns - conversation.last_ns > TIMEOUT_NS:
            del self._open[key]
            self.counts.timed_out += 1
            return False
        if number == conversation.number:
            self.counts.repeated += 1
            return False
        if number != conversation.number + 1:
            del self._open[key]
            self.counts.gaps += 1
            return False
        conversation.number = number
        conversation.last_ns = t_ns
        conversation.data += data[1:8]
        return True

    def _finished(self, t_ns: int, key: tuple[int, int, int]) -> Payload | None:
        conversation = self._open.get(key)
        if conversation is None or len(conversation.data) < conversation.size:
            return None
        del self._open[key]
        self.counts.complete += 1
        channel, frame_id, _ = key
        to_all = frame_id >> 16 & 0xFF >= J1939_PDU2
        return Payload(
            t_ns=t_ns,
            started_ns=conversation.started_ns,
            channel=channel,
            frame_id=frame_id,
            pgn=parameter_group(frame_id),
            source=frame_id & 0xFF,
            destination=255 if to_all else frame_id >> 8 & 0xFF,
            data=bytes(conversation.data[: conversation.size]),
        )


def fast_packet(
    batches: Iterable[FrameBatch] | FrameBatch, groups: Collection[int] = FAST_GROUPS
) -> Reassembly:
    """Payloads of NMEA 2000 fast packets in batches of frames.

    Args:
        batches: frames.
        groups: parameter groups that are fast packets.
    """
    return Reassembly(FastPacketListener(groups), batches)
