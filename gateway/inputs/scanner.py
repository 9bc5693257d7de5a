"""Barcode scanners: on a serial line, or as a keyboard that the gateway alone listens to.

Labels leave as scans of a slot. A scanner that stands at one slot has it in the settings; a
hand-held one first reads the slot's own label, `PACKTRAIL-SLOT:<name>`, and its next label
belongs there. A device that is pulled out is looked for again.
"""

from __future__ import annotations

import json
import os
import select
import termios
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from gateway.backoff import delays
from gateway.inputs.keys import EVENT_BYTES, Typist, grab
from gateway.local_api.acts import RefusedError
from packtrail import logs
from packtrail.codes.labels import MAX_LABEL

SLOT_LABEL: Final = "PACKTRAIL-SLOT:"
LOOK_S: Final = 0.5
QUIET_S: Final = 0.3
"""A serial scanner without a final line break has finished after so long."""
_ENDS: Final = b"\r\n\x03\x00"

Tell = Callable[[str, bytes], object]
"""Carries out a path and a body of the local interface."""


@dataclass(frozen=True, slots=True)
class ScannerOptions:
    """One scanner.

    Attributes:
        device: `/dev/ttyACM0`, `/dev/input/by-id/...-event-kbd`.
        kind: `serial` or `keyboard`.
        slot: where it stands, "" for a hand-held one.
        source: its name in readings.
        baud: of a serial line, bit/s.
    """

    device: Path
    kind: Literal["serial", "keyboard"] = "serial"
    slot: str = ""
    source: str = "scanner"
    baud: int = 9600


class Scanner:
    """Reads one scanner in a thread of its own.

    Args:
        options: where and how.
        tell: where scans go.
    """

    def __init__(self, options: ScannerOptions, tell: Tell) -> None:
        self.options, self._tell = options, tell
        self.scans = 0
        self.problem = ""
        self._slot = options.slot
        self._stopping = threading.Event()
        self._log = logs.get("gateway.scanner")
        self._thread = threading.Thread(target=self._run, name=f"scanner-{options.device.name}")

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def take(self, label: str) -> None:
        """One label was read."""
        if label.startswith(SLOT_LABEL):
            self._slot = label[len(SLOT_LABEL) :].strip()
            return
        if not self._slot:
            self._log.warning("scan_without_slot", device=str(self.options.device))
            return
        self.scans += 1
        body = json.dumps({"label": label[:MAX_LABEL], "source": self.options.source}).encode()
        try:
            self._tell(f"/v1/slots/{quote(self._slot, safe='')}/scan", body)
        except RefusedError as refused:
            self._log.warning("scan_refused", slot=self._slot[:64], why=refused.reason)
        self._slot = self.options.slot

    def _run(self) -> None:
        pauses = delays(longest_s=10.0)
        while not self._stopping.is_set():
            try:
                handle = os.open(self.options.device, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
                try:
                    self._read_all(handle)
                finally:
                    os.close(handle)
                pauses = delays(longest_s=10.0)
            except (OSError, termios.error) as error:
                if self.problem != str(error):
                    self._log.warning(
                        "scanner_lost", device=str(self.options.device), why=str(error)
                    )
                self.problem = str(error)
            self._stopping.wait(next(pauses))

    def _note(self, problem: str) -> None:
        if problem != self.problem:
            self._log.warning("scanner_lost", device=str(self.options.device), why=problem)
        self.problem = problem

    def _read_all(self, handle: int) -> None:
        lines = self._keyboard(handle) if self.options.kind == "keyboard" else self._serial(handle)
        self.problem = ""
        for line in lines:
            if line.strip():
                self.take(line)

    def _serial(self, handle: int) -> Iterator[str]:
        set_line(handle, self.options.baud)
        waiting = b""
        while (data := self._more(handle, QUIET_S if waiting else LOOK_S)) is not None:
            if not data and waiting:  # it has fallen silent: that was the label
                yield waiting.decode("utf-8", "replace")
                waiting = b""
            for byte in data:
                if byte in _ENDS:
                    yield waiting.decode("utf-8", "replace")
                    waiting = b""
                elif len(waiting) <= MAX_LABEL:
                    waiting += bytes([byte])

    def _keyboard(self, handle: int) -> Iterator[str]:
        grab(handle)
        typist, waiting = Typist(), b""
        while (data := self._more(handle, LOOK_S)) is not None:
            waiting += data
            whole = len(waiting) // EVENT_BYTES * EVENT_BYTES
            yield from typist.feed(waiting[:whole])
            waiting = waiting[whole:]

    def _more(self, handle: int, patience_s: float) -> bytes | None:
        """What came, b"" when nothing did in time, None at the end.

        Raises:
            OSError: the device is gone.
        """
        if self._stopping.is_set():
            return None
        if not select.select([handle], [], [], patience_s)[0]:
            return b""
        data = os.read(handle, 4096)
        return data or None


def set_line(handle: int, baud: int) -> None:
    """Raw bytes at this speed, 8N1; a file that is no line is read as it stands.

    Raises:
        OSError: the line does not do this speed.
    """
    if not os.isatty(handle):
        return
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise OSError(f"a serial line knows no {baud} baud")
    mode = termios.tcgetattr(handle)
    mode[0] = termios.IGNBRK
    mode[1] = mode[3] = 0
    mode[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    mode[4] = mode[5] = speed
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(handle, termios.TCSANOW, mode)
