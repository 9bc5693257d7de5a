"""One run of `packtrail decode`: a log through a database or a profile into a file.

Batches stream; nothing is kept but counts. A bar on the terminal shows progress when the run
takes longer than it takes to wonder.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from can_decoder.database import Database
from can_decoder.diagnostic import Diagnostic
from can_decoder.errors import DecoderError
from can_decoder.frames import FrameBatch
from can_decoder.gbt27930 import ChargeSession
from can_decoder.gbt27930.intake import EXTENDED
from can_decoder.logs import LogReader, read_log
from can_decoder.output import Writer, open_writer
from can_decoder.output.rows import Rows, rows_of, rows_of_sample
from can_decoder.profiles import Profile
from can_decoder.profiles.charging import ChargeTracker
from can_decoder.profiles.tracker import samples_of
from packtrail.language import Text

BAR_STEPS = 1000


class Decoding:
    """A log on its way to values.

    Args:
        log: path, or `-`.
        database: layouts; optional with a profile that brings its own.
        profile: asks for battery quantities instead of signals.
        period_s: distance of the profile's samples.

    Raises:
        DecoderError: neither database nor profile was given, or the log cannot be opened.
    """

    def __init__(
        self, log: str, database: Database | None, profile: Profile | None, *, period_s: float
    ) -> None:
        if database is None and profile is None:
            raise DecoderError(
                Text("nothing to decode with", "缺少解码依据"),
                where=log,
                hint=Text(
                    "give --dbc FILE, or --profile NAME (gbt27930 needs no database)",
                    "请给出 --dbc 文件，或 --profile 名称（gbt27930 无需数据库）",
                ),
            )
        self.reader: LogReader = read_log(log)
        self._database = database
        self._known = database or (profile.database() if profile else None)
        self._tracker = profile.tracker(database) if profile else None
        self._period_s = period_s
        self.frames = 0
        self.values = 0
        self._unknown: Counter[tuple[int, bool]] = Counter()

    def run(self, output: str) -> None:
        """Decode the whole log.

        Args:
            output: path, or `-` for CSV on standard output.

        Raises:
            DecoderError: the log holds no frame, or the output cannot be written.
        """
        with open_writer(output) as writer, self._watched() as batches:
            if self._tracker is not None:
                for sample in samples_of(self._tracker, batches, self._period_s):
                    self._write(writer, Rows.of(rows_of_sample(sample)))
            elif self._database is not None:
                self._signals(writer, self._database, batches)
        if not self.frames:
            self.reader.refuse_empty()

    def _signals(self, writer: Writer, database: Database, batches: Iterator[FrameBatch]) -> None:
        units = {(m.name, s.name): s.unit for m in database.messages for s in m.signals}
        for batch in batches:
            self._write(writer, rows_of(database.decode_batch(batch), units))

    def _write(self, writer: Writer, rows: Rows) -> None:
        self.values += len(rows)
        writer.write(rows)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """Findings about the databases and the log."""
        known = self._database.diagnostics if self._database else ()
        return [*known, *self.reader.diagnostics]

    def summary(self) -> str:
        """What went in and what came out, in one line and one more per charging dialogue."""
        text = Text(
            "{frames} frames, {values} values, {unknown} unknown frames, {skipped} skipped",
            "{frames} 帧，{values} 个值，未知 {unknown} 帧，略过 {skipped}",
        ).say(
            frames=self.frames,
            values=self.values,
            unknown=self._unknown_frames(),
            skipped=self.reader.source.skipped,
        )
        return "\n".join([text, *self._category_b(), *map(describe, self._sessions())])

    def _category_b(self) -> list[str]:
        """Says that the bus speaks the 2023 edition's other language, if it does."""
        if not isinstance(self._tracker, ChargeTracker):
            return []
        count = self._tracker.monitor.intake.counts["category_b"]
        text = Text(
            "{count} frames of GB/T 27930-2023 category B: recognised and left alone",
            "GB/T 27930-2023 B 类报文 {count} 帧：已识别，不作解读",
        )
        return [text.say(count=count)] if count else []

    def _unknown_frames(self) -> int:
        """Frames of no use: to the database, or where there is none to the profile."""
        if self._known is None and self._tracker is not None:
            return self._tracker.counts.unknown
        return sum(self._unknown.values())

    def unknown_table(self) -> str:
        """Identifiers that matched nothing, most frequent first."""
        if isinstance(self._tracker, ChargeTracker):
            for flagged, count in self._tracker.monitor.intake.left_out.items():
                self._unknown[flagged & ~EXTENDED, bool(flagged & EXTENDED)] = count
        return "\n".join(
            f"{frame_id:0{8 if extended else 3}X} {count}"
            for (frame_id, extended), count in self._unknown.most_common()
        )

    def _sessions(self) -> list[ChargeSession]:
        if not isinstance(self._tracker, ChargeTracker):
            return []
        last = self._tracker.monitor.close()
        return [*self._tracker.sessions, *([last] if last else [])]

    @contextmanager
    def _watched(self) -> Iterator[Iterator[FrameBatch]]:
        """The log's batches, counted, with a bar where a person looks on."""
        console = Console(stderr=True)
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        with bar:
            yield self._counted(bar)

    def _counted(self, bar: Progress) -> Iterator[FrameBatch]:
        task = bar.add_task(self.reader.source.name, total=BAR_STEPS)
        for batch in self.reader:
            self.frames += len(batch)
            self._count_unknown(batch)
            bar.update(task, completed=BAR_STEPS * self.reader.fraction)
            yield batch

    def _count_unknown(self, batch: FrameBatch) -> None:
        if self._known is None:
            return
        rest = self._known.unknown(batch)
        keys, counts = np.unique(rest.ids.astype(np.int64) << 1 | rest.extended, return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            self._unknown[key >> 1, bool(key & 1)] += count


def describe(session: ChargeSession) -> str:
    """A charging dialogue in one line."""
    reasons = ", ".join((*session.end_reasons, *session.errors)) or "-"
    return Text(
        "charging dialogue ({edition}): VIN {vin}, {capacity} Ah, SOC {start} to {end} %, "
        "{charged:.3f} Ah charged, ended by {reasons}",
        "充电过程（{edition} 版）：VIN {vin}，{capacity} Ah，SOC {start} 至 {end} %，"
        "充入 {charged:.3f} Ah，结束原因 {reasons}",
    ).say(
        edition=session.edition,
        vin=session.vin or "-",
        capacity=session.rated_capacity_ah or "-",
        start=_shortly(session.soc_start_pct),
        end=_shortly(session.soc_end_pct),
        charged=session.charged_ah,
        reasons=reasons,
    )


def _shortly(percent: float | None) -> str:
    return "-" if percent is None else f"{percent:g}"
