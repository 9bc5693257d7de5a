"""Our own reader of SocketCAN: bursts of frames straight into arrays.

One `recvmmsg` takes up to a thousand frames with the kernel's nanosecond time of each; no
object is made per frame. Classic CAN and CAN FD come through the same socket, error frames
become conditions, and the kernel says how many frames it had to drop. Nothing is ever written.
A socket whose interface goes down or away raises `OSError`, and is opened again by the reader.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import select
import socket
import time
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from can_decoder import FrameBatch, IdFilter
from gateway.bus.error_frames import condition_of
from gateway.bus.source import BURST, NOTHING, Haul, until_the_next_burst_s
from gateway.bus.state import BusOptions, Condition

FRAME_BYTES: Final = 72
"""struct canfd_frame; struct can_frame is its first 16 bytes."""
CLASSIC_FRAME_BYTES: Final = 16
EFF: Final = 0x8000_0000
RTR: Final = 0x4000_0000
ERR: Final = 0x2000_0000
EFF_BITS: Final = 0x1FFF_FFFF
SFF_BITS: Final = 0x7FF
CAN_RAW_ERR_FILTER: Final = 2
SO_TIMESTAMPNS: Final = 35
SO_RXQ_OVFL: Final = 40
SO_RCVBUFFORCE: Final = 33
RECEIVE_BUFFER: Final = 4 * 1024 * 1024
"""About 5,000 frames, one second of a full bus; without the right to it, the system's limit."""
ALL_ERRORS: Final = EFF_BITS
CONTROL_BYTES: Final = 64
STAMP_AT: Final = ctypes.sizeof(ctypes.c_size_t) + 8
"""Length, level and type of a control message stand before its data (cmsg(3))."""


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (("header", _Header), ("received", ctypes.c_uint))


class Intake:
    """The arrays that the kernel writes into, made once."""

    def __init__(self, rows: int = BURST) -> None:
        self.rows = rows
        self.frames = np.zeros((rows, FRAME_BYTES), np.uint8)
        self.control = np.zeros((rows, CONTROL_BYTES), np.uint8)
        self._vectors = (_Vector * rows)()
        self.messages = (_Message * rows)()
        for row in range(rows):
            self._vectors[row] = _Vector(self.frames[row].ctypes.data, FRAME_BYTES)
            header = self.messages[row].header
            header.vectors = ctypes.pointer(self._vectors[row])
            header.vector_count = 1
            header.control = self.control[row].ctypes.data
        raw = np.frombuffer(memoryview(self.messages).cast("B"), np.uint8).reshape(
            rows, ctypes.sizeof(_Message)
        )
        at = _Header.control_length.offset
        size = ctypes.sizeof(ctypes.c_size_t)
        self._control_length = raw[:, at : at + size].view(f"u{size}")
        self._received = raw[:, _Message.received.offset :][:, :4].view(np.uint32)
        self._used = rows
        self._call: Any = ctypes.CDLL(None, use_errno=True).recvmmsg

    def fill(self, descriptor: int) -> int:
        """Take what waits in the socket; the number of frames, 0 when nothing waits.

        Raises:
            OSError: the interface is down or gone.
        """
        self._control_length[: self._used] = CONTROL_BYTES  # the kernel shortened those
        taken: int = self._call(descriptor, self.messages, self.rows, socket.MSG_DONTWAIT, None)
        self._used = max(taken, 0)
        if taken >= 0:
            return taken
        code = ctypes.get_errno()
        if code in (errno.EAGAIN, errno.EINTR):
            return 0
        raise OSError(code, f"{errno.errorcode.get(code, code)} while reading")

    def columns(self, count: int) -> tuple[FrameBatch, NDArray[np.uint32]]:
        """The frames of the last `fill`, and their identifiers with the kernel's flags."""
        raw = self.frames[:count]
        marked = raw[:, :4].copy().view(np.uint32).ravel()
        extended = (marked & EFF) != 0
        is_fd = bool((self._received[:count] != CLASSIC_FRAME_BYTES).any())
        data = raw[:, 8 : FRAME_BYTES if is_fd else CLASSIC_FRAME_BYTES].copy()
        batch = FrameBatch(
            ids=np.where(extended, marked & EFF_BITS, marked & SFF_BITS).astype(np.uint32),
            extended=extended,
            t_ns=self._times(count),
            data=data,
            length=np.minimum(raw[:, 4], data.shape[1]).astype(np.uint8),
            channel=np.zeros(count, np.uint8),
        )
        return batch, marked

    def overflowed(self, count: int) -> int:
        """The kernel's drop counter with the newest frame, 0 where it says nothing."""
        at = STAMP_AT + 16
        control = self.control[count - 1]
        length = int(self._control_length[count - 1, 0])
        told = control[at : at + STAMP_AT + 4].tobytes()
        if length < at + STAMP_AT or int.from_bytes(told[STAMP_AT - 4 : STAMP_AT], _ORDER) != (
            SO_RXQ_OVFL
        ):
            return 0
        return int.from_bytes(told[STAMP_AT:], _ORDER)

    def _times(self, count: int) -> NDArray[np.int64]:
        """The kernel's times of arrival; ours where it gave none."""
        control = self.control[:count]
        kinds = control[:, STAMP_AT - 4 : STAMP_AT].copy().view(np.int32).ravel()
        stamped = (kinds == SO_TIMESTAMPNS) & (self._control_length[:count, 0] >= STAMP_AT + 16)
        parts = control[:, STAMP_AT : STAMP_AT + 16].copy().view(np.int64)
        times = parts[:, 0] * 1_000_000_000 + parts[:, 1]
        if not stamped.all():
            times = np.where(stamped, times, time.time_ns())
        return times


_ORDER: Final = "little" if np.little_endian else "big"


class SocketCanSource:
    """An open SocketCAN interface; see `gateway.bus.source.Source`.

    Args:
        raw: a socket whose datagrams are the kernel's frames; taken over.
    """

    def __init__(self, raw: socket.socket) -> None:
        self._socket = raw
        self._poll = select.poll()
        self._poll.register(raw, select.POLLIN)
        self._intake = Intake()
        self._overflowed = 0
        stamp_frames(raw)

    @classmethod
    def open(cls, options: BusOptions) -> Self:
        """Open and bind a raw socket with the filters of the options.

        Raises:
            OSError: no such interface, it is down, or the kernel has no SocketCAN.
        """
        raw = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
        try:
            raw.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FD_FRAMES, int(options.fd))
            raw.setsockopt(socket.SOL_CAN_RAW, CAN_RAW_ERR_FILTER, ALL_ERRORS)
            if options.filters is not None:
                raw.setsockopt(
                    socket.SOL_CAN_RAW, socket.CAN_RAW_FILTER, kernel_filters(options.filters)
                )
            raw.bind((options.channel,))
            _refuse_down(raw, options.channel)
            return cls(raw)
        except BaseException:
            raw.close()
            raise

    def gather(self, patience_s: float) -> Haul:
        """Wait for a frame, then take what follows within a moment."""
        if not self._poll.poll(patience_s * 1000):
            return NOTHING
        time.sleep(until_the_next_burst_s())
        count = self._intake.fill(self._socket.fileno())
        if not count:
            return NOTHING
        batch, marked = self._intake.columns(count)
        self._overflowed = max(self._overflowed, self._intake.overflowed(count))
        special = (marked & (ERR | RTR)) != 0
        if not special.any():
            return Haul(batch, overflowed=self._overflowed)
        errors = np.flatnonzero(marked & ERR).tolist()
        told = (condition_of(int(marked[row]) & EFF_BITS, batch.payload(row)) for row in errors)
        conditions: tuple[Condition, ...] = tuple(one for one in told if one)
        return Haul(batch.select(~special), len(errors), conditions, self._overflowed)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _refuse_down(raw: socket.socket, channel: str) -> None:
    """The kernel lets a socket be bound to an interface that is down, and notes it."""
    fault = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if fault:
        raise OSError(fault, f"{channel}: {errno.errorcode.get(fault, fault)}")


def stamp_frames(raw: socket.socket) -> None:
    """Ask the kernel for times of arrival, for its drop counter and for room."""
    raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    raw.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    with contextlib.suppress(PermissionError):
        raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)


def kernel_filters(filters: tuple[IdFilter, ...]) -> bytes:
    """Struct can_filter, one after the other: the identifier's width always counts."""
    words = [
        word
        for one in filters
        for word in (one.frame_id | (EFF if one.extended else 0), one.mask | EFF | RTR)
    ]
    return np.array(words, np.uint32).tobytes()
