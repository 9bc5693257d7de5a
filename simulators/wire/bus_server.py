"""Buses over loopback TCP, one channel a slot, for gateways that run in processes of their own.

Speaks the part of the socketcand protocol that python-can's `socketcand` interface reads: greeting,
`open`, `rawmode`, then frames and errors with their station times. CAN FD is not part of it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final

from packtrail.times import NS_PER_S
from simulators.broadcast import TimedFrame

LOOPBACK: Final = "127.0.0.1"
PATIENCE_S: Final = 5.0
BEAT_S: Final = 0.2
MOST_WAITING: Final = 4 << 20
"""Bytes that a listener may be behind; one that reads no more is let go."""


class BusServer:
    """Sends what is on the buses to whoever listens.

    Args:
        channels: name of each slot's channel -> the slot.
    """

    def __init__(self, channels: dict[str, str]) -> None:
        self._channels = channels
        self._listeners: dict[str, list[socket.socket]] = {slot: [] for slot in channels.values()}
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._server = socket.create_server((LOOPBACK, 0))
        self._server.settimeout(BEAT_S)
        self._thread = threading.Thread(target=self._run, name="bus-server")
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.getsockname()[1])

    def send(self, timed: TimedFrame) -> None:
        """One frame to everybody on its slot's bus; nobody is waited for."""
        line = _line(timed)
        with self._lock:
            for line_to in list(self._listeners[timed.slot]):
                try:
                    line_to.sendall(line.encode("ascii"))
                except OSError:
                    self._listeners[timed.slot].remove(line_to)
                    line_to.close()

    def close(self) -> None:
        """Let everybody go."""
        self._ended.set()
        self._thread.join()
        self._server.close()
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                line, _ = self._server.accept()
                threading.Thread(target=self._welcome, args=(line,), daemon=True).start()

    def _welcome(self, line: socket.socket) -> None:
        line.settimeout(PATIENCE_S)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_WAITING)
        try:
            line.sendall(b"< hi >")
            slot = self._channels[_word(line, "open")]
            line.sendall(b"< ok >")
            _word(line, "rawmode")
            line.sendall(b"< ok >")
        except (OSError, KeyError, ValueError):
            line.close()
            return
        with self._lock:
            line.settimeout(BEAT_S)
            self._listeners[slot].append(line)


def _line(timed: TimedFrame) -> str:
    frame = timed.frame
    seconds, rest = divmod(timed.t_ns, NS_PER_S)
    stamp = f"{seconds}.{rest // 1000:06d}"
    if frame.error:
        return f"< error {frame.frame_id:08X} {stamp} >"
    name = f"{frame.frame_id:08X}" if frame.extended else f"{frame.frame_id:03X}"
    return f"< frame {name} {stamp} {frame.data.hex().upper()} >"


def _word(line: socket.socket, verb: str) -> str:
    """The argument of a request `< verb argument >`."""
    said = b""
    while b">" not in said and len(said) < 100:
        piece = line.recv(100)
        if not piece:
            raise ValueError("it went away")
        said += piece
    words = said.decode("ascii", "replace").strip("<> ").split()
    if not words or words[0] != verb:
        raise ValueError(f"{verb} was expected")
    return words[-1]
