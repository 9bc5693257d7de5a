"""Routing: which message a frame belongs to.

Identifiers enter, indices into a database's messages leave. 11-bit identifiers are looked up
in a table, 29-bit ones exactly and then, for J1939 messages, by parameter group, so that
priority, source and destination do not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from can_decoder.layout import MessageLayout, parameter_group

UNKNOWN = -1
LONGEST_ID = 0x1FFF_FFFF
"""Callers may leave the flags of SocketCAN or DBC in an identifier; they are ignored."""


@dataclass(frozen=True, slots=True)
class Router:
    """Where identifiers lead.

    Attributes:
        standard: int16 [2048], message index per 11-bit identifier.
        exact: 29-bit identifier -> message index.
        groups: parameter group -> message index.
    """

    standard: NDArray[np.int16]
    exact: dict[int, int] = field(default_factory=dict)
    groups: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, messages: Sequence[MessageLayout]) -> Self:
        """Route to `messages`; of two with one identifier the later wins."""
        router = cls(np.full(2048, UNKNOWN, np.int16))
        for index, message in enumerate(messages):
            if not message.extended:
                router.standard[message.frame_id] = index
                continue
            router.exact[message.frame_id] = index
            if message.j1939:
                router.groups.setdefault(message.pgn, index)
        return router

    def find(self, frame_id: int, *, extended: bool) -> int:
        """Index of the message of one identifier, or `UNKNOWN`."""
        frame_id &= LONGEST_ID
        if not extended:
            return int(self.standard[frame_id]) if 0 <= frame_id < 2048 else UNKNOWN
        found = self.exact.get(frame_id, UNKNOWN)
        if found == UNKNOWN and self.groups:
            return self.groups.get(parameter_group(frame_id), UNKNOWN)
        return found

    def route(self, ids: NDArray[np.uint32], extended: NDArray[np.bool_]) -> NDArray[np.int16]:
        """Index of the message of each frame, int16 [n]."""
        ids = ids & np.uint32(LONGEST_ID)
        if not extended.any():
            return self._standard(ids)
        codes = np.full(len(ids), UNKNOWN, np.int16)
        short = ~extended
        codes[short] = self._standard(ids[short])
        wanted, places = np.unique(ids[extended], return_inverse=True)
        found = [self.find(int(frame_id), extended=True) for frame_id in wanted]
        codes[extended] = np.array(found, np.int16)[places]
        return codes

    def _standard(self, ids: NDArray[np.uint32]) -> NDArray[np.int16]:
        if len(ids) and int(ids.max()) >= 2048:
            return np.where(ids < 2048, self.standard[np.minimum(ids, 2047)], np.int16(UNKNOWN))
        return self.standard[ids]
