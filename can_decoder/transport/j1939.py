"""SAE J1939-21 transport: broadcast (BAM) and destination-specific (RTS/CTS), overheard.

Announcements open a conversation per bus, source and destination; data frames fill it. In
RTS/CTS the receiver may ask for packets again, so packets are kept by number; a broadcast
cannot be asked for, so its first gap ends it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from can_decoder.frames import FrameBatch
from can_decoder.transport.payload import Counts, Payload, Reassembly

CONTROL: Final = 0xEC
DATA: Final = 0xEB
RTS, CTS, END, BAM, ABORT = 16, 17, 19, 32, 255
TO_ALL: Final = 255
PACKET_BYTES: Final = 7
LARGEST: Final = 1785
BROADCAST_TIMEOUT_NS: Final = 750_000_000
"""T1 of J1939-21, 5.10.2.4."""
DIRECT_TIMEOUT_NS: Final = 1_250_000_000
"""T2 and T3 of J1939-21, 5.10.2.4."""

Key = tuple[int, int, int]


@dataclass(slots=True)
class _Conversation:
    pgn: int
    size: int
    packets: int
    started_ns: int
    last_ns: int
    broadcast: bool
    frame_id: int = 0
    parts: dict[int, bytes] = field(default_factory=dict)

    def is_late(self, t_ns: int) -> bool:
        limit = BROADCAST_TIMEOUT_NS if self.broadcast else DIRECT_TIMEOUT_NS
        return t_ns - self.last_ns > limit


@dataclass(slots=True)
class J1939Listener:
    """Passive reassembly; see the module."""

    counts: Counts = field(default_factory=Counts)
    _open: dict[Key, _Conversation] = field(default_factory=dict)

    def wants(self, batch: FrameBatch) -> NDArray[np.bool_]:
        """Extended frames of PGN 0xEC00 and 0xEB00."""
        group = batch.ids >> 16 & 0x3FF
        wanted: NDArray[np.bool_] = batch.extended & ((group == CONTROL) | (group == DATA))
        return wanted

    def feed(self, t_ns: int, channel: int, frame_id: int, data: bytes) -> Payload | None:
        """Take one frame of any PGN; the payload that it completes, if any."""
        kind = frame_id >> 16 & 0xFF
        source, destination = frame_id & 0xFF, frame_id >> 8 & 0xFF
        if kind == DATA:
            return self._data(t_ns, (channel, source, destination), frame_id, data)
        if kind == CONTROL:
            self._control(t_ns, channel, source, destination, data)
        return None

    def close(self) -> None:
        """Count what is still open."""
        self.counts.open += len(self._open)
        self._open.clear()

    def _control(self, t_ns: int, channel: int, source: int, destination: int, data: bytes) -> None:
        if len(data) < 8:
            self.counts.malformed += 1
            return
        kind = data[0]
        if kind in (RTS, BAM):
            self._announce(t_ns, (channel, source, destination), data)
        elif kind == CTS:
            waiting = self._open.get((channel, destination, source))
            if waiting:
                waiting.last_ns = t_ns  # also "hold": zero packets keep the conversation alive
        elif kind == ABORT:
            self._abort(data, (channel, source, destination), (channel, destination, source))

    def _announce(self, t_ns: int, key: Key, data: bytes) -> None:
        size, packets = data[1] | data[2] << 8, data[3]
        if not 0 < size <= min(PACKET_BYTES * packets, LARGEST):
            self.counts.malformed += 1
            return
        if key in self._open:
            self._drop(key, t_ns)
        self._open[key] = _Conversation(
            pgn=int.from_bytes(data[5:8], "little"),
            size=size,
            packets=packets,
            started_ns=t_ns,
            last_ns=t_ns,
            broadcast=data[0] == BAM,
        )

    def _drop(self, key: Key, t_ns: int) -> None:
        if self._open.pop(key).is_late(t_ns):
            self.counts.timed_out += 1
        else:
            self.counts.replaced += 1

    def _abort(self, data: bytes, *keys: Key) -> None:
        pgn = int.from_bytes(data[5:8], "little")
        for key in keys:
            conversation = self._open.get(key)
            if conversation and conversation.pgn == pgn:
                del self._open[key]
                self.counts.aborted += 1
                return

    def _data(self, t_ns: int, key: Key, frame_id: int, data: bytes) -> Payload | None:
        conversation = self._open.get(key)
        if conversation is None or not data:
            self.counts.orphans += 1
            return None
        if conversation.is_late(t_ns):
            self._drop(key, t_ns)
            self.counts.orphans += 1
            return None
        number = data[0]
        if not 1 <= number <= conversation.packets or (
            conversation.broadcast and number > len(conversation.parts) + 1
        ):
            del self._open[key]
            self.counts.gaps += 1
            return None
        return self._keep(t_ns, key, conversation, frame_id, data)

    def _keep(
        self, t_ns: int, key: Key, conversation: _Conversation, frame_id: int, data: bytes
    ) -> Payload | None:
        if not conversation.parts:
            conversation.frame_id = frame_id
        if data[0] in conversation.parts:
            self.counts.repeated += 1
        conversation.parts[data[0]] = data[1:8].ljust(PACKET_BYTES, b"\xff")
        conversation.last_ns = t_ns
        if len(conversation.parts) * PACKET_BYTES < conversation.size:
            return None
        return self._finish(t_ns, key, conversation)

    def _finish(self, t_ns: int, key: Key, conversation: _Conversation) -> Payload | None:
        needed = -(-conversation.size // PACKET_BYTES)
        if any(number not in conversation.parts for number in range(1, needed + 1)):
            return None
        del self._open[key]
        self.counts.complete += 1
        whole = b"".join(conversation.parts[number] for number in range(1, needed + 1))
        return Payload(
            t_ns=t_ns,
            started_ns=conversation.started_ns,
            channel=key[0],
            frame_id=conversation.frame_id,
            pgn=conversation.pgn,
            source=key[1],
            destination=key[2],
            data=whole[: conversation.size],
        )


def j1939(batches: Iterable[FrameBatch] | FrameBatch) -> Reassembly:
    """Payloads of J1939-21 transport in batches of frames."""
    return Reassembly(J1939Listener(), batches)
