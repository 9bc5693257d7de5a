"""Listens on loopback for one vehicle that reports after GB/T 32960.3, and answers as a platform.

Login codes become readings of the slot, reports become its samples. One vehicle speaks at a
time: another that connects meanwhile is turned away, for two packs must not become one. Bytes
that are no message, encrypted data and codes that are no pack code are counted and left.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from can_decoder.gbt32960 import (
    Encryption,
    Framer,
    Message,
    answer_to,
    login_from,
    pack_codes,
    sample_from,
)
from packtrail import logs
from packtrail.errors import PacktrailError, reason_of
from packtrail.language import Text
from packtrail.sample import Sample

PIECE: Final = 16_384
BEAT_S: Final = 0.2

HearSamples = Callable[[str, list[Sample]], object]
HearCodes = Callable[[str, str, list[str]], object]
"""Told the slot, the VIN and the pack codes of a login."""


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """Where one vehicle is listened to.

    Attributes:
        slot: whose samples its reports become.
        host: a loopback address; what comes from afar comes through a tunnel of the site.
        port: 0 for any free one.
        silent_s: a vehicle that says nothing for so long is gone.
    """

    slot: str
    host: str = "127.0.0.1"
    port: int = 32960
    silent_s: float = 180.0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What became of a feed's messages.

    Attributes:
        vin: of the vehicle that speaks now, "" for none.
        messages: whole messages.
        samples: reports that became samples.
        skipped: bytes that were no message.
        encrypted: messages whose data cannot be read.
        turned_away: connections of further vehicles.
    """

    vin: str = ""
    messages: int = 0
    samples: int = 0
    skipped: int = 0
    encrypted: int = 0
    turned_away: int = 0


class VehicleFeed:
    """One listener with its thread.

    Args:
        options: where.
        samples: takes samples of reports.
        codes: takes the codes of logins.

    Raises:
        PacktrailError: the port is taken.
    """

    def __init__(self, options: FeedOptions, samples: HearSamples, codes: HearCodes) -> None:
        self.options, self.state = options, FeedState()
        self._samples, self._codes = samples, codes
        self._stopping = threading.Event()
        self._log = logs.get("gateway.vehicle_feed").bind(slot=options.slot)
        family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        try:
            self._server = socket.create_server((options.host, options.port), family=family)
        except OSError as error:
            raise PacktrailError(
                Text("cannot be used: {why}", "不可用：{why}").fill(why=reason_of(error)),
                where=f"{options.host}:{options.port}",
                hint=Text("set another [[vehicle_feed]] port", "请更换 [[vehicle_feed]] 的 port"),
            ) from error
        self._server.settimeout(BEAT_S)
        self._thread = threading.Thread(target=self._run, name=f"vehicle-{options.slot}")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.getsockname()[1])

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._server.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                line, _ = self._server.accept()
            except TimeoutError:
                continue
            with line:
                self._listen(line)
            self._note(vin="")

    def _listen(self, line: socket.socket) -> None:
        framer, skipped = Framer(), self.state.skipped
        line.settimeout(BEAT_S)
        heard = time.monotonic()
        while not self._stopping.is_set() and time.monotonic() - heard < self.options.silent_s:
            self._turn_away()
            try:
                piece = line.recv(PIECE)
                if not piece:
                    return
                heard = time.monotonic()
                for message in framer.feed(piece):
                    self._take(message)
                    line.sendall(answer_to(message, now_ns=time.time_ns()))
            except TimeoutError:
                continue
            except OSError as error:
                self._log.info("vehicle_lost", why=str(error))
                return
            self._note(skipped=skipped + framer.skipped)

    def _take(self, message: Message) -> None:
        self._note(messages=self.state.messages + 1, vin=message.vin)
        if message.encryption is not Encryption.NONE:
            self._note(encrypted=self.state.encrypted + 1)
            return
        if login := login_from(message):
            self._log.info("vehicle_login", codes=len(login.pack_codes))
            self._codes(self.options.slot, message.vin, pack_codes(login))
        elif sample := sample_from(message):
            self._note(samples=self.state.samples + 1)
            self._samples(self.options.slot, [sample])

    def _turn_away(self) -> None:
        self._server.settimeout(0)
        try:
            other, _ = self._server.accept()
        except OSError:
            return
        finally:
            self._server.settimeout(BEAT_S)
        self._note(turned_away=self.state.turned_away + 1)
        other.close()

    def _note(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
