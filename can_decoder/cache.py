"""Compiled databases kept on disk, so that a large file is read once and not at each start.

A file's bytes, its name and the code that reads it make the key; whoever changes one of them
gets another entry. An entry is MessagePack of plain values, checked for its digest and for
every type before use, never executable; what is foreign, torn or from somebody else is
passed over and written anew. Entries live in `$XDG_CACHE_HOME/packtrail/databases`, by default
`~/.cache`; `PACKTRAIL_CACHE` names another folder, and `off` does without. A folder that
cannot be written costs nothing but the time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import msgspec

from can_decoder.diagnostic import Diagnostic
from can_decoder.layout import MessageLayout
from can_decoder.plan import Plan, compile_plan
from packtrail.shapes import from_msgpack

WORTH_IT: Final = 1 << 15
"""Bytes from which a file is kept; smaller ones are read in a few milliseconds."""
MOST_ENTRIES: Final = 64
"""Entries kept, the most recently used ones."""
SUFFIX: Final = ".packtrail"
VARIABLE: Final = "PACKTRAIL_CACHE"
OFF: Final = "off"
DIGEST_BYTES: Final = 32
OTHERS_MAY_WRITE: Final = 0o022
READERS: Final = ("dbc/*.py", "foreign.py", "layout.py", "plan.py", "diagnostic.py")


class Compiled(msgspec.Struct, frozen=True):
    """All that a database file says.

    Attributes:
        messages: its layouts.
        diagnostics: what was wrong with it.
        plans: one per message, compiled.
    """

    messages: tuple[MessageLayout, ...]
    diagnostics: tuple[Diagnostic, ...]
    plans: tuple[Plan, ...]

    @classmethod
    def of(cls, messages: Sequence[MessageLayout], diagnostics: Sequence[Diagnostic]) -> Compiled:
        """Compile every message."""
        return cls(tuple(messages), tuple(diagnostics), tuple(map(compile_plan, messages)))


def folder() -> Path | None:
    """Where entries live, None if nothing is to be kept."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen == OFF:
        return None
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # the specification has relative paths ignored
        parent = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    except RuntimeError:  # a service without a home
        return None
    return parent / "packtrail" / "databases"


def key_of(raw: bytes, name: str) -> str:
    """Name of the entry for a file's bytes and name."""
    parts = (_code(), name.encode("utf-8", "surrogatepass"), raw)
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


def recall(key: str) -> Compiled | None:
    """The entry of a key, None if there is none that can be trusted."""
    place = folder()
    if place is None:
        return None
    path = place / (key + SUFFIX)
    try:
        if not _is_ours(place) or not _is_ours(path):
            return None
        stored = path.read_bytes()
        digest, body = stored[:DIGEST_BYTES], stored[DIGEST_BYTES:]
        if digest != sha256(body).digest():
            return None
        found = from_msgpack(body, Compiled)
        os.utime(path)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return None
    return found if len(found.plans) == len(found.messages) else None


def keep(key: str, compiled: Compiled) -> None:
    """Write an entry, whole or not at all, and let the least recently used ones go."""
    place = folder()
    if place is None:
        return
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(place):
            return
        body = msgspec.msgpack.encode(compiled)
        with NamedTemporaryFile(dir=place, delete=False) as stream:
            stream.write(sha256(body).digest() + body)
        Path(stream.name).replace(place / (key + SUFFIX))
        _prune(place)
    except OSError:  # no room, no right to write: the next start reads the file again
        return


def _is_ours(path: Path) -> bool:
    """Whether only this user can have written it; Windows keeps users' folders apart itself."""
    if os.name != "posix":
        return path.exists()
    about = path.stat(follow_symlinks=False)
    return about.st_uid == os.geteuid() and not about.st_mode & OTHERS_MAY_WRITE


def _prune(place: Path) -> None:
    entries = sorted(place.glob("*"), key=lambda path: path.stat().st_mtime)
    for path in entries[:-MOST_ENTRIES]:
        path.unlink(missing_ok=True)


@cache
def _code() -> bytes:
    """What stands for the code that reads: its text, and the version of what reads the rest."""
    here = Path(__file__).parent
    sources = sorted(path for pattern in READERS for path in here.glob(pattern))
    try:
        peer = version("cantools")
    except PackageNotFoundError:
        peer = ""
    return b"".join(path.read_bytes() for path in sources) + peer.encode()
