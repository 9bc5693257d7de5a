"""ISO 15765-2 (ISO-TP), overheard: segmented payloads of diagnostic conversations.

Each identifier is one direction of one conversation (with extended and mixed addressing each
identifier and address byte). Flow control needs no reading; sequence numbers and the time
N_Cr decide. Any frame may look like ISO-TP by chance: where no identifiers are named, those
that ISO 15765-4 sets aside are read, and of the rest of 0x700 to 0x7FF (where makers put their
own) only payloads of several frames, whose order chance does not imitate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from can_decoder.frames import FrameBatch
from can_decoder.transport.payload import Counts, Payload, Reassembly

N_CR_NS: Final = 1_000_000_000
"""Longest wait for a consecutive frame, ISO 15765-2, table 20."""
SINGLE, FIRST, CONSECUTIVE, FLOW_CONTROL = 0, 1, 2, 3
CLASSIC_BYTES: Final = 8
DIAGNOSTIC_IDS: Final = range(0x7DF, 0x7F0)
"""11-bit identifiers of ISO 15765-4: functional, requests, answers."""
MAKER_IDS: Final = range(0x700, 0x800)
"""11-bit identifiers among which makers place the diagnosis of further units."""
DIAGNOSTIC_GROUPS: Final = (0xDA, 0xDB, 0xCE, 0xCD)
"""PDU formats of 29-bit normal fixed and mixed addressing, ISO 15765-2, 10.3."""
SMALLEST_FIRST: Final = 7
"""A shorter payload fits a single frame, whatever the addressing."""
LARGEST: Final = 1 << 20
"""Payloads beyond a megabyte are taken for chance."""


class Addressing(Enum):
    """What stands before the protocol byte."""

    NORMAL = 0
    EXTENDED = 1
    MIXED = 2

    @property
    def offset(self) -> int:
        """Address bytes in the payload."""
        return 0 if self is Addressing.NORMAL else 1


@dataclass(slots=True)
class _Conversation:
    size: int
    data: bytearray
    frame_id: int
    started_ns: int
    last_ns: int
    number: int = 0


@dataclass(slots=True)
class IsoTpListener:
    """Passive reassembly; see the module.

    Attributes:
        ids: identifiers to read; None reads the diagnostic ones.
        addressing: of all of them.
        singles: whether payloads of one frame are yielded too.
        counts: how conversations ended.
    """

    ids: Collection[int] | None = None
    addressing: Addressing = Addressing.NORMAL
    singles: bool = True
    counts: Counts = field(default_factory=Counts)
    _open: dict[tuple[int, int, int], _Conversation] = field(default_factory=dict)

    def wants(self, batch: FrameBatch) -> NDArray[np.bool_]:
        """Frames of the identifiers to read."""
        if self.ids is not None:
            return np.isin(batch.ids, np.array(sorted(self.ids), np.uint32))
        short = (batch.ids >= MAKER_IDS.start) & (batch.ids < MAKER_IDS.stop)
        long = np.isin(batch.ids >> 16 & 0xFF, DIAGNOSTIC_GROUPS) & (batch.ids >> 24 == 0x18)
        wanted: NDArray[np.bool_] = np.where(batch.extended, long, short)
        return wanted

    def feed(self, t_ns: int, channel: int, frame_id: int, data: bytes) -> Payload | None:
        """Take one frame of a conversation; the payload that it completes, if any."""
        offset = self.addressing.offset
        if len(data) <= offset:
            return None
        key = (channel, frame_id, data[0] if offset else 0)
        body = data[offset:]
        kind = body[0] >> 4
        if kind == SINGLE:
            return self._single(t_ns, key, body, len(data))
        if kind == FIRST:
            self._first(t_ns, key, body)
        elif kind == CONSECUTIVE:
            return self._consecutive(t_ns, key, body)
        return None

    def close(self) -> None:
        """Count what is still open."""
        self.counts.open += len(self._open)
        self._open.clear()

    def _single(
        self, t_ns: int, key: tuple[int, int, int], body: bytes, frame_bytes: int
    ) -> Payload | None:
        size, start = body[0] & 0xF, 1
        if frame_bytes > CLASSIC_BYTES and size == 0 and len(body) > 1:
            size, start = body[1], 2
        if not 0 < size <= len(body) - start:
            self.counts.malformed += 1
            return None
        if key in self._open:
            del self._open[key]
            self.counts.replaced += 1
        self.counts.complete += 1
        if not self.singles or (self.ids is None and _is_makers(key[1])):
            return None
        return _payload(t_ns, t_ns, key, body[start : start + size])

    def _first(self, t_ns: int, key: tuple[int, int, int], body: bytes) -> None:
        if len(body) < 2:
            self.counts.malformed += 1
            return
        size, start = (body[0] & 0xF) << 8 | body[1], 2
        if size == 0:
            size, start = int.from_bytes(body[2:6], "big"), 6
        if not max(len(body) - start, SMALLEST_FIRST - 1) < size <= LARGEST:
            self.counts.malformed += 1
            return
        if key in self._open:
            late = t_ns - self._open[key].last_ns > N_CR_NS
            self.counts.timed_out += late
            self.counts.replaced += not late
        self._open[key] = _Conversation(size, bytearray(body[start:]), key[1], t_ns, t_ns)

    def _consecutive(self, t_ns: int, key: tuple[int, int, int], body: bytes) -> Payload | None:
        conversation = self._open.get(key)
        if conversation is None:
            self.counts.orphans += 1
            return None
        number = body[0] & 0xF
        if t_ns - conversation.last_ns > N_CR_NS:
            del self._open[key]
            self.counts.timed_out += 1
            return None
        if number == conversation.number:
            self.counts.repeated += 1
            return None
        if number != (conversation.number + 1) & 0xF:
            del self._open[key]
            self.counts.gaps += 1
            return None
        conversation.number = number
        conversation.last_ns = t_ns
        conversation.data += body[1:]
        if len(conversation.data) < conversation.size:
            return None
        del self._open[key]
        self.counts.complete += 1
        data = bytes(conversation.data[: conversation.size])
        return _payload(t_ns, conversation.started_ns, key, data)


def _is_makers(frame_id: int) -> bool:
    return frame_id in MAKER_IDS and frame_id not in DIAGNOSTIC_IDS


def _payload(t_ns: int, started_ns: int, key: tuple[int, int, int], data: bytes) -> Payload:
    channel, frame_id, _ = key
    fixed = frame_id >> 24 == 0x18
    return Payload(
        t_ns=t_ns,
        started_ns=started_ns,
        channel=channel,
        frame_id=frame_id,
        pgn=-1,
        source=frame_id & 0xFF if fixed else -1,
        destination=frame_id >> 8 & 0xFF if fixed else -1,
        data=data,
    )


def isotp(
    batches: Iterable[FrameBatch] | FrameBatch,
    ids: Collection[int] | None = None,
    addressing: Addressing = Addressing.NORMAL,
    *,
    singles: bool = True,
) -> Reassembly:
    """Payloads of ISO-TP conversations in batches of frames.

    Args:
        batches: frames.
        ids: identifiers to read; by default the diagnostic ones, see the module.
        addressing: normal, extended or mixed.
        singles: whether payloads that fit one frame are yielded too.
    """
    return Reassembly(IsoTpListener(ids, addressing, singles), batches)
