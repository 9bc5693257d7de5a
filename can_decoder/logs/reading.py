"""One door for all logs: what kind a file is, and its batches.

Content decides, then the suffix. The reader counts what it had to leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from can_decoder.diagnostic import Diagnostic
from can_decoder.errors import DecoderError
from can_decoder.frames import FrameBatch
from can_decoder.logs.blf import SIGNATURE, read_blf
from can_decoder.logs.candump import read_candump
from can_decoder.logs.source import STANDARD_INPUT, Source
from can_decoder.logs.spreadsheet import columns_of, read_spreadsheet
from packtrail.language import Text

PACKED = frozenset({".gz", ".zst", ".zstd"})
MDF_SIGNATURES = (b"MDF ", b"UnFinMF")
MDF_SUFFIXES = frozenset({".mf4", ".mdf", ".dat"})


class LogReader:
    """Iterator over the batches of one log.

    Attributes:
        source: position, size, skipped frames and diagnostics, up to date while iterating.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._batches = _reader_of(source)(source)

    def __iter__(self) -> Iterator[FrameBatch]:
        return self._batches

    def __next__(self) -> FrameBatch:
        return next(self._batches)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What could not be read so far."""
        return self.source.diagnostics

    def refuse_empty(self) -> None:
        """To be called at the end, where nothing was read.

        Raises:
            DecoderError: the file holds no frame; on standard input none is no mistake.
        """
        if str(self.source.path) == STANDARD_INPUT:
            return
        raise DecoderError(
            Text("there is no CAN frame in it", "其中没有任何 CAN 报文"),
            where=str(self.source.path),
            hint=Text(
                "choose a log: candump, ASC, BLF, TRC, CSV or MF4",
                "请选择日志文件：candump、ASC、BLF、TRC、CSV 或 MF4",
            ),
        )

    @property
    def fraction(self) -> float:
        """Share of the file that has been read, 0 to 1; 0 where its size is unknown."""
        return self.source.position / self.source.size if self.source.size else 0.0


def read_log(path: str | Path) -> LogReader:
    """Read a log of any kind.

    Args:
        path: the file (gzip and Zstandard are undone), or `-` for candump text on standard
            input.

    Raises:
        DecoderError: the file cannot be opened, or its kind needs a package that is absent.
    """
    return LogReader(Source(Path(path)))


def _reader_of(source: Source) -> Callable[[Source], Iterator[FrameBatch]]:
    if str(source.path) == STANDARD_INPUT:
        return read_candump
    head = source.head()
    suffix = kind_of(source.path)
    if head.startswith(MDF_SIGNATURES) or suffix in MDF_SUFFIXES:
        from can_decoder.logs.mdf import read_mdf  # noqa: PLC0415 — asammdf is an extra

        return read_mdf
    if own := _own_reader(head, suffix):
        return own
    from can_decoder.logs.foreign import read_with_python_can  # noqa: PLC0415 — slow to import

    return lambda opened: read_with_python_can(opened, suffix)


def _own_reader(head: bytes, suffix: str) -> Callable[[Source], Iterator[FrameBatch]] | None:
    """One of our readers, by the file's first bytes."""
    if head.startswith(SIGNATURE):
        return read_blf
    named_like_candump = suffix in (".log", "") and b"can" in head.split(b"\n")[0]
    if head.lstrip()[:1] == b"(" or suffix in (".candump", ".txt") or named_like_candump:
        return read_candump
    if suffix == ".csv" and not head.startswith(b"timestamp,") and columns_of(head):
        return read_spreadsheet
    return None


def kind_of(path: Path) -> str:
    """The suffix that names the kind of log, compression aside."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""
