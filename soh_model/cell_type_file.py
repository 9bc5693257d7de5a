"""The file of a learned cell type: MessagePack, with its format and what it was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from packtrail.language import Text
from packtrail.shapes import from_msgpack
from soh_model.calibration import Calibration
from soh_model.conditions import Conditions
from soh_model.errors import ModelError
from soh_model.pack_spec import PackSpec
from soh_model.window_features import Window

FORMAT: Final = 3
"""3: one calibration over all processes. 1 and 2 hold other processes and cannot be converted."""


class StoredType(msgspec.Struct, kw_only=True):
    """The stored form of a model; processes as `Process.plain` describes them."""

    format: int = FORMAT
    spec: PackSpec
    window: Window
    full: tuple[dict[str, Any], ...]
    lean: tuple[dict[str, Any], ...]
    calibration: Calibration
    conditions: Conditions
    trained_on: tuple[int, int, float, float]


class _Versioned(msgspec.Struct):
    """What every format has."""

    format: int


def write_type(path: Path, stored: StoredType) -> None:
    """Store a model."""
    path.write_bytes(msgspec.msgpack.encode(stored))


def read_type(path: Path) -> StoredType:
    """Read a stored model.

    Raises:
        ModelError: The file is missing, is no model or is of another format.
    """
    try:
        content = path.read_bytes()
        found = from_msgpack(content, _Versioned).format
        if found == FORMAT:
            return from_msgpack(content, StoredType)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelError(str(error), where=str(path)) from error
    raise ModelError(
        Text(f"model format {found}, not {FORMAT}", f"模型格式为 {found}，应为 {FORMAT}"),
        where=str(path),
        hint=Text(
            "fit the type again from its reference data with this version, or read the file "
            "with the version that wrote it",
            "请用本版本以参考数据重新拟合该电芯类型，或用写出该文件的版本读取",
        ),
    )
