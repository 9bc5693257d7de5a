"""Writers of decoded values, by the suffix of the file."""

from __future__ import annotations

import csv
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from can_decoder.errors import DecoderError
from can_decoder.output.rows import HEADER, Row
from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text

STANDARD_OUTPUT = "-"


class Writer(ABC):
    """Takes rows; complete when closed. Use as a context manager."""

    @abstractmethod
    def write(self, rows: Iterable[Row]) -> None:
        """Take more rows, in the order of time."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class CsvWriter(Writer):
    """CSV text, to a file or to standard output, flushed with each batch."""

    def __init__(self, path: str) -> None:
        self._stack = ExitStack()
        if path == STANDARD_OUTPUT:
            self._stream = sys.stdout
        else:
            file = _created(Path(path)).open("w", newline="", encoding="utf-8")
            self._stream = self._stack.enter_context(file)
        self._csv = csv.writer(self._stream, lineterminator="\n")
        self._csv.writerow(("t", *HEADER[1:]))

    def write(self, rows: Iterable[Row]) -> None:
        """Take more rows."""
        self._csv.writerows(
            (seconds(row.t_ns), row.message, row.signal, number(row.value), row.unit, row.text)
            for row in rows
        )
        self._stream.flush()

    def close(self) -> None:
        """Finish the file; standard output stays open."""
        self._stack.close()


class ParquetWriter(Writer):
    """Parquet with dictionaries for the names, compressed with Zstandard."""

    def __init__(self, path: str) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415 — an extra
            from pyarrow import parquet  # noqa: PLC0415 — the same
        except ImportError as error:
            raise _absent(path, "pyarrow") from error
        self._arrow: Any = pa
        name = pa.dictionary(pa.int32(), pa.string())
        types = (pa.timestamp("ns", "UTC"), name, name, pa.float64(), name, name)
        self._schema = pa.schema(list(zip(HEADER, types, strict=True)))
        target = str(_created(Path(path)))
        self._file = parquet.ParquetWriter(target, self._schema, compression="zstd")

    def write(self, rows: Iterable[Row]) -> None:
        """Take more rows, as one row group."""
        columns = list(zip(*rows, strict=True))
        if not columns:
            return
        arrays = [
            self._arrow.array(column, kind if i in (0, 3) else None)
            for i, (column, kind) in enumerate(zip(columns, self._schema.types, strict=True))
        ]
        coded = [a if i in (0, 3) else a.dictionary_encode() for i, a in enumerate(arrays)]
        self._file.write_table(self._arrow.Table.from_arrays(coded, schema=self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class MdfWriter(Writer):
    """MF4: a channel group per signal, whose times are its own."""

    def __init__(self, path: str) -> None:
        try:
            from asammdf import MDF, Signal  # noqa: PLC0415 — an extra
        except ImportError as error:
            raise _absent(path, "asammdf") from error
        self._path = _created(Path(path))
        self._mdf: Any = MDF(version="4.10")
        self._signal: Any = Signal
        self._groups: dict[tuple[str, str], int] = {}
        self._start_ns: int | None = None

    def write(self, rows: Iterable[Row]) -> None:
        """Take more rows."""
        columns: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            columns.setdefault((row.message, row.signal), []).append(row)
        for key, found in columns.items():
            self._extend(key, found)

    def _extend(self, key: tuple[str, str], rows: list[Row]) -> None:
        if self._start_ns is None:
            self._start_ns = rows[0].t_ns
        t_s = np.array([row.t_ns - self._start_ns for row in rows], np.int64) / 1e9
        values = np.array([row.value for row in rows], np.float64)
        if key in self._groups:
            self._mdf.extend(self._groups[key], [(t_s, None), (values, None)])
            return
        name = ".".join(filter(None, key))
        signal = self._signal(samples=values, timestamps=t_s, name=name, unit=rows[0].unit)
        self._groups[key] = self._mdf.append([signal], comment=key[0])

    def close(self) -> None:
        """Finish the file."""
        self._mdf.save(self._path, overwrite=True)
        self._mdf.close()


WRITERS: dict[str, type[CsvWriter | ParquetWriter | MdfWriter]] = {
    ".csv": CsvWriter,
    ".parquet": ParquetWriter,
    ".mf4": MdfWriter,
}


def open_writer(path: str) -> Writer:
    """The writer for a path, or CSV to standard output for `-`.

    Raises:
        DecoderError: no such kind of file, its package is absent, or it cannot be created.
    """
    if path == STANDARD_OUTPUT:
        return CsvWriter(path)
    kind = WRITERS.get(Path(path).suffix.lower())
    if kind is None:
        raise DecoderError(
            Text("no such kind of output", "不支持此输出类型"),
            where=path,
            hint=Text("use .csv, .parquet, .mf4 or -", "请使用 .csv、.parquet、.mf4 或 -"),
        )
    return kind(path)


def seconds(t_ns: int) -> str:
    """Exact decimal seconds."""
    return f"{t_ns // 1_000_000_000}.{t_ns % 1_000_000_000:09d}"


def number(value: float) -> str:
    """A value as people write it: fifteen digits, which hide binary rounding."""
    return f"{value:.15g}"


def _created(path: Path) -> Path:
    try:
        path.touch()
    except OSError as error:
        raise DecoderError(
            Text("the output cannot be written: {why}", "无法写入输出文件：{why}").fill(
                why=reason_of(error)
            ),
            where=str(path),
            hint=remedy_of(error),
        ) from error
    return path


def _absent(path: str, package: str) -> DecoderError:
    return DecoderError(
        Text(f"this kind of output is written by {package}", f"此类输出需由 {package} 写出"),
        where=path,
        hint=Text(
            "pip install 'packtrail[formats]', or -o out.csv",
            "请安装 'packtrail[formats]'，或改用 -o out.csv",
        ),
    )
