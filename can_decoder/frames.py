"""Frames as columns: what every log reader makes and every batch decoder takes.

Arrays of one length enter; ragged ones are refused with a `DecoderError`. Bytes of `data`
behind `length` carry no meaning, whatever they hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from can_decoder.errors import DecoderError
from packtrail.language import Text

SHORTEST_ROW = 8
EXTENDED_BIT = 0x8000_0000
"""Marks 29-bit identifiers in `FrameBatch.keys`."""
LONGEST_ROW = 64


class IdFilter(NamedTuple):
    """Identifiers that are wanted: those that agree with `frame_id` in the bits of `mask`.

    Attributes:
        frame_id: identifier without flags.
        mask: bits that count.
        extended: whether it has 29 bits.
    """

    frame_id: int
    mask: int
    extended: bool

    def admits(self, frame_id: int, *, extended: bool) -> bool:
        """Whether a frame is wanted."""
        return extended is self.extended and not (frame_id ^ self.frame_id) & self.mask


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Many CAN data frames as columns of n rows.

    Attributes:
        ids: uint32 [n], 11 or 29 bits, without flags.
        extended: bool [n], whether the identifier has 29 bits.
        t_ns: int64 [n], UTC nanoseconds (or since the log's start, where it knows no date).
        data: uint8 [n, 8..64], payloads padded to one width.
        length: uint8 [n], bytes of `data` that were on the bus.
        channel: uint8 [n], number of the bus.
        in_seconds: whether the maker gave times in seconds; `t` then gives them back so.
    """

    ids: NDArray[np.uint32]
    extended: NDArray[np.bool_]
    t_ns: NDArray[np.int64]
    data: NDArray[np.uint8]
    length: NDArray[np.uint8]
    channel: NDArray[np.uint8]
    in_seconds: bool = False

    def __post_init__(self) -> None:
        """Refuse ragged columns."""
        n = len(self.ids)
        columns = (self.extended, self.t_ns, self.data, self.length, self.channel)
        if any(len(column) != n for column in columns) or self.data.ndim != 2:
            raise DecoderError(
                Text("the columns of a batch differ in length", "同一批帧的各列长度不一致")
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def t(self) -> NDArray[np.int64] | NDArray[np.float64]:
        """Times in the unit they were given in: float64 seconds or int64 nanoseconds."""
        return self.t_ns / 1e9 if self.in_seconds else self.t_ns

    @classmethod
    def from_arrays(
        cls,
        ids: ArrayLike,
        extended: ArrayLike,
        t: ArrayLike,
        data: ArrayLike,
        length: ArrayLike,
        channel: ArrayLike | None = None,
    ) -> Self:
        """Make a batch of plain arrays.

        Args:
            ids: [n] identifiers without flags.
            extended: [n] truth of "29 bits".
            t: [n] nanoseconds when integer, seconds when floating.
            data: [n, up to 64] payload bytes.
            length: [n] payload lengths; beyond the width of `data` they are cut to it.
            channel: [n] bus numbers, 0 when absent.
        """
        times = np.asarray(t)
        seconds = times.dtype.kind == "f"
        rows = _widened(np.asarray(data, np.uint8))
        n = len(rows)
        return cls(
            np.ascontiguousarray(ids, np.uint32),
            np.ascontiguousarray(extended, np.bool_),
            np.rint(times * 1e9).astype(np.int64) if seconds else times.astype(np.int64),
            rows,
            np.minimum(np.asarray(length), rows.shape[1]).astype(np.uint8),
            np.zeros(n, np.uint8) if channel is None else np.ascontiguousarray(channel, np.uint8),
            seconds,
        )

    @classmethod
    def empty(cls) -> Self:
        """A batch of no frames."""
        return cls.from_arrays([], [], np.empty(0, np.int64), np.empty((0, 8), np.uint8), [])

    def select(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Self:
        """The named rows of every column."""
        return type(self)(
            self.ids[rows],
            self.extended[rows],
            self.t_ns[rows],
            self.data[rows],
            self.length[rows],
            self.channel[rows],
            self.in_seconds,
        )

    def payload(self, row: int) -> bytes:
        """The bytes of one frame."""
        return self.data[row, : self.length[row]].tobytes()

    def keys(self) -> list[int]:
        """Identifiers as plain integers, 29-bit ones with `EXTENDED_BIT`."""
        marked = self.ids | np.where(self.extended, np.uint32(EXTENDED_BIT), np.uint32(0))
        keys: list[int] = marked.tolist()
        return keys

    def payloads(self) -> list[bytes]:
        """The bytes of every frame; quicker than one by one."""
        width, raw = self.data.shape[1], self.data.tobytes()
        starts = range(0, len(raw), width)
        return [raw[at : at + size] for at, size in zip(starts, self.length.tolist(), strict=True)]


def _widened(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if data.ndim != 2 or data.shape[1] > LONGEST_ROW:
        raise DecoderError(
            Text(
                "payloads must be an array [n, 8..64] of bytes", "数据必须是 [n, 8..64] 的字节数组"
            ),
            where=f"shape {data.shape}",
        )
    if data.shape[1] < SHORTEST_ROW:
        data = np.pad(data, ((0, 0), (0, SHORTEST_ROW - data.shape[1])))
    return np.ascontiguousarray(data)
