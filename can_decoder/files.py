"""Database files of any kind to layouts, by their suffix."""

from __future__ import annotations

from pathlib import Path

from can_decoder.dbc import read_dbc
from can_decoder.diagnostic import Diagnostic
from can_decoder.errors import DecoderError
from can_decoder.layout import MessageLayout
from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text

FOREIGN = frozenset({".kcd", ".sym", ".arxml"})


def read_layouts(path: Path) -> tuple[list[MessageLayout], list[Diagnostic]]:
    """Layouts and diagnostics of one file.

    Raises:
        DecoderError: the file cannot be opened, or its kind needs cantools and it is absent.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DecoderError(
            Text("the database file cannot be read: {why}", "无法读取数据库文件：{why}").fill(
                why=reason_of(error)
            ),
            where=str(path),
            hint=remedy_of(error),
        ) from error
    if path.suffix.lower() in FOREIGN:
        from can_decoder.foreign import read_foreign  # noqa: PLC0415 — cantools is an extra

        return read_foreign(path)
    return read_dbc(raw, path.name)
