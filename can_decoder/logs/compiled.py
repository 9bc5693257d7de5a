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
from can_decoder.logs.lines import NIBBLES, Bytes, LineColumns, Numbers

LARGE_FILE: Final = 200_000_000
"""Bytes from which importing numba pays for itself within one log."""
LONGEST_NAME: Final = 32
SAMPLE: Final = 1 << 14
"""Characters at the start of a log that are read for the names of its channels."""
FD_BYTES: Final = 64


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
    known = [name for name in channels if len(name) <= LONGEST_NAME]
    names = np.zeros((len(known), LONGEST_NAME), np.uint8)
    for row, name in zip(names, known, strict=True):
        row[: len(name)] = list(name)
    sizes = np.array([len(name) for name in known], np.int64)
    kernels.candump(
        raw,
        begins,
        ends,
        names,
        sizes,
        NIBBLES,
        columns.ids,
        columns.extended,
        columns.t_ns,
        columns.data,
        columns.length,
        columns.channel,
        columns.done,
    )
    return columns, begins, ends


def read_objects(
    raw: Bytes, start_ns: int, shapes: NDArray[np.int64]
) -> tuple[FrameBatch, int, int] | None:
    """Frames of a BLF container, the end of its last whole object, and skipped frames.

    None if the objects do not follow each other, so that they must be searched.
    """
    from can_decoder.logs import kernels  # noqa: PLC0415 — as above

    places = np.empty(len(raw) // 16 + 1, np.int64)
    count, end = kernels.objects(raw, places)
    if len(raw) - end >= 32 and raw[end : end + 4].tobytes() != b"LOBJ":
        return None
    places = places[:count]
    wide = np.isin(raw[places + 12], shapes[shapes[:, 8] > 8, 0]).any()
    columns = LineColumns.of(count)
    if wide:
        columns.data = np.zeros((count, FD_BYTES), np.uint8)
    skipped = kernels.frames(
        raw,
        places,
        start_ns,
        shapes,
        columns.ids,
        columns.extended,
        columns.t_ns,
        columns.data,
        columns.length,
        columns.channel,
        columns.done,
    )
    batch = FrameBatch(
        columns.ids, columns.extended, columns.t_ns, columns.data, columns.length, columns.channel
    )
    return (batch if columns.done.all() else batch.select(columns.done)), end, skipped
