"""Presence: what the broker says of each gateway by its last will. Shown, never relied on."""

from __future__ import annotations

import re
import threading
from typing import Final

from packtrail.topics import GATEWAY_ID, ROOT

_STATUS = re.compile(rf"{ROOT}/({GATEWAY_ID})/status")
MOST: Final = 10_000
"""Status messages are not signed: no more names than this are remembered."""


class Presence:
    """The newest status of each gateway."""

    def __init__(self) -> None:
        self._online: dict[str, bool] = {}
        self._lock = threading.Lock()

    def tell(self, topic: str, payload: bytes) -> None:
        """Take a status message; anything else than `online` and `offline` is ignored."""
        match = _STATUS.fullmatch(topic)
        if match is None or payload not in (b"online", b"offline"):
            return
        self.note(match[1], online=payload == b"online")

    def note(self, gateway: str, *, online: bool) -> None:
        """Take what is known of a source without its broker."""
        with self._lock:
            if gateway in self._online or len(self._online) < MOST:
                self._online[gateway] = online

    def of(self, gateway: str) -> bool | None:
        """Whether a gateway is online; None if nothing was said."""
        with self._lock:
            return self._online.get(gateway)
