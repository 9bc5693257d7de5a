"""Bytes of a DBC file to text, whichever editor wrote it.

DBC states no encoding. UTF-8 proves itself; GBK is taken when all high bytes come in pairs of
the GB 2312 plane; what remains is cp1252, or latin-1 where cp1252 has holes. Nothing fails.
"""

from __future__ import annotations

import codecs
import re

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


def decode_text(raw: bytes) -> tuple[str, str]:
    """The text with plain line ends, and the name of the encoding it was read in."""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if raw.startswith(mark):
            return _plain(raw.decode(name, "replace")), name
    raw = raw.removeprefix(codecs.BOM_UTF8)
    for name in ("utf-8", *(["gbk"] if _looks_chinese(raw) else []), "cp1252"):
        try:
            return _plain(raw.decode(name)), name
        except UnicodeDecodeError:
            continue
    return _plain(raw.decode("latin-1")), "latin-1"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _looks_chinese(raw: bytes) -> bool:
    """Whether each run of high bytes is whole GB 2312 characters (both bytes 0xA1 to 0xFE)."""
    runs = _HIGH_RUN.findall(raw)
    return bool(runs) and all(len(run) % 2 == 0 and min(run) >= 0xA1 for run in runs)
