"""MF4 bus logs through asammdf, as arrays and not frame by frame.

Takes the `CAN_DataFrame` channels of every group; a group that cannot be read is reported
and costs itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from can_decoder.errors import DecoderError
from can_decoder.frames import FrameBatch
from can_decoder.logs.source import Source
from packtrail.language import Text

PREFIX = "CAN_DataFrame"


def read_mdf(source: Source) -> Iterator[FrameBatch]:
    """Batches of an MDF file, one per group of frames.

    Raises:
        DecoderError: asammdf is not installed.
    """
    try:
        from asammdf import MDF  # noqa: PLC0415 — an extra
    except ImportError as error:
        raise DecoderError(
            Text("MF4 logs are read by asammdf", "MF4 日志需由 asammdf 读取"),
            where=str(source.path),
            hint=Text(
                "pip install 'packtrail[formats]'", "请安装 pip install 'packtrail[formats]'"
            ),
        ) from error
    try:
        mdf = MDF(source.path)
    except Exception as error:  # noqa: BLE001 — asammdf raises whatever it meets in a damaged file
        source.say(f"asammdf cannot read the file: {error!r}", f"asammdf 无法读取文件：{error!r}")
        return
    with mdf:
        start_ns = round(mdf.header.start_time.timestamp() * 1e9)
        groups: list[Any] = mdf.groups
        for index, group in enumerate(groups):
            if any(channel.name == PREFIX for channel in group.channels):
                yield from _group(source, mdf, index, start_ns)


def _group(source: Source, mdf: Any, index: int, start_ns: int) -> Iterator[FrameBatch]:
    try:
        frames = mdf.get(PREFIX, group=index)
        fields = {name.split(".")[-1]: frames.samples[name] for name in frames.samples.dtype.names}
        yield _batch(fields, frames.timestamps, start_ns)
    except Exception as error:  # noqa: BLE001 — asammdf raises whatever it meets in a damaged file
        source.say(
            f"frame group {index} cannot be read: {error!r}", f"第 {index} 组无法读取：{error!r}"
        )


def _batch(fields: dict[str, NDArray[Any]], t_s: NDArray[np.float64], start_ns: int) -> FrameBatch:
    identifiers = fields["ID"].astype(np.uint32)
    extended = fields["IDE"].astype(np.bool_) if "IDE" in fields else identifiers > 0x7FF
    data = fields["DataBytes"]
    length = fields.get("DataLength", np.full(len(data), data.shape[1]))
    channel = fields.get("BusChannel", np.zeros(len(data)))
    return FrameBatch.from_arrays(
        identifiers & 0x1FFF_FFFF,
        extended | (identifiers >= 1 << 31),
        start_ns + np.rint(t_s * 1e9).astype(np.int64),
        data,
        length,
        channel.astype(np.uint8),
    )
