"""Log reading through numba, where it is installed and loaded or the log is large.

The results are those of the numpy readers; what the compiled loops do not know is left to
them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from can_decoder.compiled import is_available, is_loaded
from can_decoder.frames import FrameBatch
from can_decoder.logs import lines
from can_decoder.logs.lines import Bytes, LineColumns, Numbers

LARGE_FILE: Final = 200_000_000
"""Bytes from which importing numba pays for itself within one log."""
WORD_BYTES: Final = 8
"""Channels with longer names are left to numpy."""
MARGIN: Final = 32
"""Bytes added behind a text, so that every line may be looked at by words."""
SAMPLE: Final = 1 << 14
"""Characters at the start of a log that are read for the names of its channels."""
FD_BYTES: Final = 64
KINDS: Final = 256
"""Types of BLF objects that are told apart; those of frames are below."""


def is_worth_it(file_bytes: int) -> bool:
    """Whether to read a log this way."""
    return is_loaded() or (file_bytes >= LARGE_FILE and is_available())


def read_lines(raw: Bytes, channels: dict[bytes, int]) -> tuple[LineColumns, Numbers, Numbers]:
    """As `can_decoder.logs.lines.read_lines`; lines of unknown channels are left undone."""
    from can_decoder.logs import kernels  # noqa: PLC0415 — numba is an extra and slow to import

    if not channels:
        lines.read_lines(raw[:SAMPLE], channels)  # learns their names
    begins, ends = kernels.edges(raw)
    columns = LineColumns.of(len(begins))
    known = [name for name in channels if len(name) <= WORD_BYTES]
    names = np.array([int.from_bytes(name.ljust(WORD_BYTES, b"0"), "little") for name in known])
    padded = np.append(raw, np.zeros(MARGIN, np.uint8))
    kernels.candump(
        padded,
        words_of(padded),
        begins,
        ends,
        names.astype(np.uint64),
        np.array([len(name) for name in known], np.int64),
        columns.ids,
        columns.extended,
        columns.t_ns,
        columns.data.view(np.uint64).ravel(),
        columns.length,
        columns.channel,
        columns.done,
    )
    return columns, begins, ends


def words_of(raw: Bytes) -> NDArray[np.uint64]:
    """The eight bytes from each place on as one little-endian number, a view."""
    return np.ndarray((len(raw) - WORD_BYTES + 1,), "<u8", raw, strides=(1,))


def read_objects(
    raw: Bytes, start_ns: int, shapes: NDArray[np.int64]
) -> tuple[FrameBatch, int, int] | None:
    """Frames of a BLF container, the end of its last whole object, and skipped frames.

    None if the objects do not follow each other, so that they must be searched.
    """
    from can_decoder.logs import kernels  # noqa: PLC0415 — as above

    padded = np.append(raw, np.zeros(FD_BYTES + MARGIN, np.uint8))
    words = words_of(padded)
    places = np.empty(len(raw) // 16 + 1, np.int64)
    wide = np.zeros(KINDS, np.uint8)
    wide[shapes[:, 0]] = shapes[:, 8] > WORD_BYTES
    count, end, is_wide = kernels.objects(words, len(raw), places, wide)
    if len(raw) - end >= 32 and raw[end : end + 4].tobytes() != b"LOBJ":
        return None
    columns = LineColumns.of(count)
    if is_wide:
        columns.data = np.zeros((count, FD_BYTES), np.uint8)
    skipped = kernels.frames(
        padded,
        words,
        places[:count],
        start_ns,
        shapes,
        columns.ids,
        columns.extended,
        columns.t_ns,
        columns.data.view(np.uint64),
        columns.length,
        columns.channel,
        columns.done,
    )
    batch = FrameBatch(
        columns.ids, columns.extended, columns.t_ns, columns.data, columns.length, columns.channel
    )
    return (batch if columns.done.all() else batch.select(columns.done)), end, skipped
