"""Database files of any kind to layouts and plans, by their suffix; large ones are cached."""

from __future__ import annotations

from pathlib import Path

from can_decoder import cache
from can_decoder.cache import Compiled
from can_decoder.dbc import read_dbc
from can_decoder.diagnostic import Diagnostic
from can_decoder.errors import DecoderError
from can_decoder.layout import MessageLayout
from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text

FOREIGN = frozenset({".kcd", ".sym", ".arxml"})


def read_file(path: Path, *, cached: bool = True) -> Compiled:
    """Layouts, diagnostics and plans of one file.

    Args:
        path: the file.
        cached: whether a large file may come from the cache and go there.

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
    if not cached or len(raw) < cache.WORTH_IT:
        return Compiled(*_read(path, raw), plans=())
    key = cache.key_of(raw, path.name)
    found = cache.recall(key)
    if found is None:
        found = Compiled.of(*_read(path, raw))
        cache.keep(key, found)
    return found


def _read(path: Path, raw: bytes) -> tuple[tuple[MessageLayout, ...], tuple[Diagnostic, ...]]:
    if path.suffix.lower() in FOREIGN:
        from can_decoder.foreign import read_foreign  # noqa: PLC0415 — cantools is an extra

        messages, diagnostics = read_foreign(path)
    else:
        messages, diagnostics = read_dbc(raw, path.name)
    return tuple(messages), tuple(diagnostics)
