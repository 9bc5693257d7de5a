"""The charging dialogue as a state machine: messages in, sessions out.

A dialogue begins with any message and ends when a new handshake follows an end, an error or
a long silence, or when the log ends. It may be joined in the middle; it may break off at any
point. Nothing here waits: time is that of the frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

from can_decoder.frames import FrameBatch
from can_decoder.gbt27930.draft import SessionDraft
from can_decoder.gbt27930.intake import Heard, Intake
from can_decoder.gbt27930.session import ChargeSession, Phase

SILENCE_NS: Final = 60_000_000_000
"""A pause after which a dialogue is over; the longest wait of the standard (BRO, CRO) is 60 s."""

PHASE_OF: Final = MappingProxyType(
    dict.fromkeys(("CHM", "BHM", "CRM", "BRM"), Phase.HANDSHAKE)
    | dict.fromkeys(("BCP", "CTS", "CML", "BRO", "CRO"), Phase.CONFIGURATION)
    | dict.fromkeys(("BCL", "BCS", "CCS", "BSM", "BMV", "BMT", "BSP"), Phase.CHARGING)
    | dict.fromkeys(("BST", "CST", "BSD", "CSD"), Phase.END)
    | dict.fromkeys(("BEM", "CEM"), Phase.ERROR)
)
_BEGINNING: Final = frozenset({"CHM", "BHM", "CRM"})
_OVER: Final = frozenset({Phase.END, Phase.ERROR})


class ChargeMonitor:
    """Follows one charging bus.

    Attributes:
        intake: frames to messages, with counts of what was left out.
        phase: current phase, None before the first message.
    """

    def __init__(self) -> None:
        self.intake = Intake()
        self.phase: Phase | None = None
        self._draft: SessionDraft | None = None

    def feed(
        self, t_ns: int, frame_id: int, is_extended: bool, data: bytes
    ) -> ChargeSession | None:
        """Take one frame; the session that it shows to be over, if any."""
        heard = self.intake.feed(t_ns, frame_id, is_extended, data)
        return self.hear(heard) if heard else None

    def hear(self, heard: Heard) -> ChargeSession | None:
        """Take one message; the session that it shows to be over, if any."""
        finished = self.close() if self._is_new(heard) else None
        if self._draft is None:
            self._draft = SessionDraft(heard.t_ns)
        phase = PHASE_OF[heard.message.code]
        if phase is not self.phase:
            self.phase = phase
            self._draft.phases.append((heard.t_ns, phase))
        self._draft.add(heard)
        return finished

    def close(self) -> ChargeSession | None:
        """End the dialogue under way."""
        draft, self._draft, self.phase = self._draft, None, None
        return draft.finish() if draft else None

    def _is_new(self, heard: Heard) -> bool:
        if self._draft is None:
            return False
        if heard.t_ns - self._draft.ended_ns > SILENCE_NS:
            return True
        return heard.message.code in _BEGINNING and self.phase in _OVER


def sessions(batches: Iterable[FrameBatch] | FrameBatch) -> Iterator[ChargeSession]:
    """Charging dialogues in batches of frames, in the order in which they ended."""
    monitors: dict[int, ChargeMonitor] = {}
    for batch in [batches] if isinstance(batches, FrameBatch) else batches:
        part = batch.select(batch.extended)
        columns = zip(part.t_ns.tolist(), part.channel.tolist(), part.ids.tolist(), strict=True)
        for row, (t_ns, channel, frame_id) in enumerate(columns):
            monitor = monitors.setdefault(channel, ChargeMonitor())
            session = monitor.feed(t_ns, frame_id, True, part.payload(row))
            if session:
                yield session
    for monitor in monitors.values():
        last = monitor.close()
        if last:
            yield last
