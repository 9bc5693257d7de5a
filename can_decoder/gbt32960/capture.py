"""Captures of GB/T 32960.3 as files hold them: bytes as they went over the line, or hex text."""

from __future__ import annotations

import re
from typing import Final

_BINARY: Final = re.compile(rb"(?:##|\$\$)[\x01-\x0b\x80-\x82]")
_HEX: Final = re.compile(
    rb"\s*(?:0[xX])?(?:23[\s,]*(?:0[xX])?23|24[\s,]*(?:0[xX])?24)[0-9A-Fa-fxX\s,]+$"
)


def is_capture(head: bytes) -> bool:
    """Whether a file's first bytes look like GB/T 32960."""
    first = head.split(b"\n")[0]
    return bool(_BINARY.match(head) or (_HEX.match(first) and len(first) > 50))


def scannable(raw: bytes) -> bytes | str:
    """A whole file's bytes as `scan` takes them: hex text as text."""
    return raw if _BINARY.match(raw) else raw.decode("ascii", "replace")
