"""SocketCAN frames as datagrams of loopback sockets, where the kernel has no CAN to carry them.

    python -m benchmarks.gateway.datagrams LOG SECONDS RATE PORT...

The gateway's SocketCAN reader takes them by the same system call, with the same times and drop
counters; only the kernel's route to its socket is UDP's instead of CAN's. The sender repeats
the frames of a candump log on every port, RATE a second on each, by sendmmsg.
"""

from __future__ import annotations

import ctypes
import socket
import sys
import time
from pathlib import Path

import numpy as np

import can_decoder
from gateway.bus.socketcan import EFF, _Message, _Vector

TICK_S = 0.02


def classic_frames(log: Path) -> np.ndarray:
    """The log's frames as struct can_frame, [n, 16]."""
    batches = list(can_decoder.read_log(log))
    frames = np.zeros((sum(len(batch) for batch in batches), 16), np.uint8)
    row = 0
    for batch in batches:
        rows = frames[row : row + len(batch)]
        marked = batch.ids | np.where(batch.extended, np.uint32(EFF), np.uint32(0))
        rows[:, :4] = marked.astype("=u4").view(np.uint8).reshape(-1, 4)
        rows[:, 4] = batch.length
        rows[:, 8:] = batch.data[:, :8]
        row += len(batch)
    return frames


class Sender:
    """Sends runs of frames to one port."""

    def __init__(self, frames: np.ndarray, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._frames, self._next = frames, 0
        self._vectors = (_Vector * len(frames))()
        self._messages = (_Message * len(frames))()
        for row in range(len(frames)):
            self._vectors[row] = _Vector(frames[row].ctypes.data, frames.shape[1])
            self._messages[row].header.vectors = ctypes.pointer(self._vectors[row])
            self._messages[row].header.vector_count = 1
        self._call = ctypes.CDLL(None, use_errno=True).sendmmsg

    def send(self, count: int) -> int:
        """The next `count` frames, round and round; how many the kernel took."""
        taken = 0
        while taken < count:
            run = min(count - taken, len(self._frames) - self._next)
            first = ctypes.byref(self._messages, self._next * ctypes.sizeof(_Message))
            sent = self._call(self._socket.fileno(), first, run, 0)
            if sent <= 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            self._next = (self._next + sent) % len(self._frames)
            taken += sent
        return taken


def main(log: Path, seconds: float, rate: float, ports: list[int]) -> None:
    """Send at the rate, in ticks; prints how many frames went out."""
    frames = classic_frames(log)
    senders = [Sender(frames, port) for port in ports]
    began, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < seconds:
        due = round(elapsed * rate) - sent // len(senders)
        for sender in senders if due > 0 else ():
            sent += sender.send(due)
        time.sleep(TICK_S)
    print(sent)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), [int(p) for p in sys.argv[4:]])
