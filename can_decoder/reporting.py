"""One run of `packtrail decode` over a capture of GB/T 32960: messages into a file.

Binary captures and text of hex lines are read whole; they are small beside bus logs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np

from can_decoder.diagnostic import Diagnostic
from can_decoder.gbt32960 import (
    Command,
    Edition,
    Encryption,
    Fault,
    Login,
    Message,
    Unit,
    read_login,
    read_report,
    scan,
    scannable,
)
from can_decoder.logs.source import Source
from can_decoder.output import open_writer
from can_decoder.output.rows import Row, Rows
from packtrail.language import Text

REPORTS: Final = frozenset({Command.REALTIME, Command.RESENT})


class Reporting:
    """A capture on its way to values.

    Args:
        source: the file.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.counts: Counter[str] = Counter()
        self.logins: list[tuple[Message, Login]] = []

    def run(self, output: str) -> None:
        """Decode the whole capture into a file, or `-`."""
        raw = b"".join(self._source.chunks())
        with open_writer(output) as writer:
            for found in scan(scannable(raw)):
                writer.write(Rows.of(self._rows(found)))

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What could not be read."""
        return self._source.diagnostics

    def unknown_table(self) -> str:
        """Commands that were read no further than their frame."""
        return "\n".join(f"{name} {count}" for name, count in self.counts.most_common())

    def summary(self) -> str:
        """Counts in one line, and one line per login."""
        lines = [
            Text("{count} messages, {faults} faults", "{count} 条报文，{faults} 处错误").say(
                count=sum(self.counts.values()), faults=len(self.diagnostics)
            )
        ]
        for message, login in self.logins:
            codes = ", ".join(login.pack_codes) or "-"
            lines.append(
                Text("login: VIN {vin}, packs {codes}", "登入：VIN {vin}，电池包 {codes}").say(
                    vin=message.vin, codes=codes
                )
            )
        return "\n".join(lines)

    def _rows(self, found: Message | Fault) -> Iterator[Row]:
        if isinstance(found, Fault):
            reason = found.reason.value
            at = found.at
            self._source.say(f"byte {at}: {reason.en}", f"第 {at} 字节：{reason.zh}")
            return
        self.counts[found.command.name.lower()] += 1
        if found.encryption is not Encryption.NONE:
            return
        if found.command is Command.LOGIN:
            self.logins.append((found, read_login(found)))
        elif found.command in REPORTS:
            report = read_report(found)
            edition = 2016 if found.edition is Edition.OF_2016 else 2025
            for unit in report.units:
                yield from _unit_rows(report.t_ns or 0, f"gbt32960_{edition}.{unit.kind}", unit)


def _unit_rows(t_ns: int, name: str, unit: Unit) -> Iterator[Row]:
    for signal, value in unit.numbers.items():
        if not np.isnan(value):
            yield Row(t_ns, name, signal, value, "", "")
        else:
            yield Row(t_ns, name, signal, value, "", unit.marks.get(signal, ""))
    for signal, values in unit.lists.items():
        for index, value in enumerate(values.tolist(), start=1):
            yield Row(t_ns, name, f"{signal}[{index}]", value, "", "")
