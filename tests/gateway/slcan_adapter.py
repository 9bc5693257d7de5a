"""A serial CAN adapter (the LAWICEL commands that slcan speaks) at the far end of a pty."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import threading
import tty
from typing import Self

RATES = {b"S2": 50_000, b"S3": 100_000, b"S4": 125_000, b"S5": 250_000, b"S6": 500_000}
FRAME = b"t1DB80000000000000000\r"
PERIOD_S = 0.01


class SlcanAdapter:
    """Passes on the frames of a bus that runs at `bitrate`; hears nothing at any other rate.

    Attributes:
        path: of the serial line.
        opened: rate and whether it acknowledges, of each time that the channel was opened.
    """

    def __init__(self, bitrate: int) -> None:
        self._bitrate, self._rate = bitrate, 0
        self._near, far = pty.openpty()
        tty.setraw(far)
        self._far, self.path = far, os.ttyname(far)
        self.opened: set[tuple[int, bool]] = set()
        self._is_open, self._ended = False, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._near)
        os.close(self._far)

    def _run(self) -> None:
        waiting = b""
        while not self._ended.wait(PERIOD_S):
            if select.select([self._near], [], [], 0)[0]:
                waiting += os.read(self._near, 1024)
            *commands, waiting = waiting.split(b"\r")
            for command in commands:
                self._obey(command)
            if self._is_open and self._rate == self._bitrate:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._near, FRAME)

    def _obey(self, command: bytes) -> None:
        self._rate = RATES.get(command, self._rate)
        if command in (b"O", b"L"):
            self._is_open = True
            self.opened.add((self._rate, command == b"O"))
        elif command == b"C":
            self._is_open = False
