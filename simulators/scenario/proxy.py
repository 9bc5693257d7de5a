"""The network between gateway and broker: a TCP relay on loopback that can be cut and slowed."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Final

LOOPBACK: Final = "127.0.0.1"
BEAT_S: Final = 0.1
PIECE: Final = 16_384


class Proxy:
    """Relays connections to a port, as long as the network is up.

    Attributes:
        bytes_per_s: of each direction; 0 for as fast as it goes.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.bytes_per_s = 0
        self._up, self._ended = threading.Event(), threading.Event()
        self._up.set()
        self._server = socket.create_server((LOOPBACK, 0))
        self._server.settimeout(BEAT_S)
        self._thread = threading.Thread(target=self._run, name="network")
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.getsockname()[1])

    def cut(self) -> None:
        """Nothing passes any more; connections stand until their ends give up on them."""
        self._up.clear()

    def mend(self) -> None:
        """All passes again; connections that stood meanwhile are reset, as a router does."""
        self._up.set()

    def close(self) -> None:
        """End it."""
        self._ended.set()
        self._up.set()
        self._thread.join()
        self._server.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                near, _ = self._server.accept()
                threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def _relay(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            if not self._up.wait(30):
                return
            with socket.create_connection((LOOPBACK, self._target), 5) as far:
                back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
                back.start()
                self._pump(near, far)
                back.join(1)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        """One direction, until either end is gone or the network was cut."""
        source.settimeout(BEAT_S)
        with contextlib.suppress(OSError):
            while not self._ended.is_set() and self._up.is_set():
                with contextlib.suppress(TimeoutError):
                    rate = self.bytes_per_s
                    piece = source.recv(min(PIECE, max(rate // 10, 1)) if rate else PIECE)
                    if not piece:
                        break
                    if rate:
                        time.sleep(len(piece) / rate)
                    sink.sendall(piece)
        if not self._up.is_set():
            self._up.wait()
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
