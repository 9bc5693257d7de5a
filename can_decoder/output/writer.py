"""Writers of decoded values, by the suffix of the file."""

from __future__ import annotations

import csv
import io
import sys
from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from can_decoder.errors import DecoderError
from can_decoder.output.rows import HEADER, Name, Rows
from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text

STANDARD_OUTPUT = "-"
SECOND = 1_000_000_000


ROW_GROUP = 1 << 19
"""Rows that Parquet writes at once; batches of small logs are gathered up to here."""


class Writer(ABC):
    """Takes rows; complete when closed. Use as a context manager."""

    @abstractmethod
    def write(self, rows: Rows) -> None:
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
        self._stream.write(_cells("t", *HEADER[1:]) + "\n")

    def write(self, rows: Rows) -> None:
        """Take more rows."""
        heads = [_cells(name.message, name.signal) for name in rows.names]
        tails = [[_cells(name.unit, text) for text in rows.texts] for name in rows.names]
        columns = (rows.t_ns, rows.name, rows.value, rows.text)
        lines = zip(*(column.tolist() for column in columns), strict=True)
        self._stream.writelines(
            f"{t_ns // SECOND}.{t_ns % SECOND:09d},{heads[name]},{value:.15g},{tails[name][text]}\n"
            for t_ns, name, value, text in lines
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
        self._waiting: list[Any] = []
        self._count = 0

    def write(self, rows: Rows) -> None:
        """Take more rows."""
        self._waiting.append(self._table(rows))
        self._count += len(rows)
        if self._count >= ROW_GROUP:
            self._flush()

    def _table(self, rows: Rows) -> Any:
        messages, signals, units = zip(*rows.names, strict=True) if rows.names else ((), (), ())
        columns = (
            self._arrow.array(rows.t_ns, self._schema.types[0]),
            self._coded(rows.name, messages),
            self._coded(rows.name, signals),
            self._arrow.array(rows.value),
            self._coded(rows.name, units),
            self._coded(rows.text, rows.texts),
        )
        return self._arrow.Table.from_arrays(columns, schema=self._schema)

    def _coded(self, places: NDArray[np.intp], words: tuple[str, ...]) -> Any:
        """A column of `words` by their places, each word once in its dictionary."""
        unique = {word: place for place, word in enumerate(dict.fromkeys(words))}
        code_of = np.array([unique[word] for word in words], np.int32)
        codes = code_of[places] if len(places) else places.astype(np.int32)
        texts = self._arrow.array(list(unique), self._arrow.string())
        return self._arrow.DictionaryArray.from_arrays(self._arrow.array(codes), texts)

    def _flush(self) -> None:
        if self._count:
            whole = self._arrow.concat_tables(self._waiting).unify_dictionaries()
            self._file.write_table(whole, row_group_size=self._count)
        self._waiting, self._count = [], 0

    def close(self) -> None:
        """Finish the file."""
        self._flush()
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
        self._groups: dict[Name, int] = {}
        self._start_ns: int | None = None

    def write(self, rows: Rows) -> None:
        """Take more rows."""
        if not len(rows):
            return
        if self._start_ns is None:
            self._start_ns = int(rows.t_ns[0])
        order = np.argsort(rows.name, kind="stable")
        cuts = np.searchsorted(rows.name[order], np.arange(len(rows.names) + 1))
        for place, name in enumerate(rows.names):
            chosen = order[cuts[place] : cuts[place + 1]]
            if len(chosen):
                self._extend(name, rows.t_ns[chosen] - self._start_ns, rows.value[chosen])

    def _extend(self, name: Name, t_ns: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        t_s = t_ns / 1e9
        if name in self._groups:
            self._mdf.extend(self._groups[name], [(t_s, None), (values, None)])
            return
        title = ".".join(filter(None, (name.message, name.signal)))
        signal = self._signal(samples=values, timestamps=t_s, name=title, unit=name.unit)
        self._groups[name] = self._mdf.append([signal], comment=name.message)

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


def _cells(*words: str) -> str:
    """Words as cells of one CSV line, quoted where they need it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(words)
    return text.getvalue()


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
