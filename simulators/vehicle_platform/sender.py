"""The platform's side of the line: logs in, sends, and sends again what was not answered.

Reports that were not answered before a connection was lost go out again as command 03. What is
answered with anything but success is kept, for who asks. Where a platform knows several bridges of
one store, a lost line goes on at the next of them.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from can_decoder.gbt32960 import (
    Command,
    Edition,
    Framer,
    Message,
    PlatformLogin,
    Response,
    build,
    build_platform_login,
)
from can_decoder.gbt32960.frame import check_byte
from packtrail.errors import reason_of
from packtrail.language import Text
from simulators.errors import SimulationError

WINDOW: Final = 32
PIECE: Final = 65_536
AGAIN_S: Final = 0.1
PLATFORM: Final = "PACKTRAILPLATFORM"
"""17 characters: between platforms a name of one's own stands where the VIN does."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a platform reports, and as whom."""

    host: str
    port: int
    user: str
    password: str


@dataclass(slots=True)
class Sent:
    """What became of the messages.

    Attributes:
        taken: answered with success.
        refused: response -> how many.
        again: sent more than once.
        connections: how often the line was made.
    """

    taken: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    again: int = 0
    connections: int = 0


class PlatformSender:
    """One platform's line.

    Args:
        accounts: where, and as whom; each lost line is followed by one to the next of them.
        edition: of its own login.
        patience_s: how long it tries to get a message through.
    """

    def __init__(
        self,
        *accounts: Account,
        edition: Edition = Edition.OF_2016,
        patience_s: float = 60.0,
    ) -> None:
        self._accounts, self._edition, self._patience_s = deque(accounts), edition, patience_s
        self._under_way: deque[bytes] = deque()
        self._line: socket.socket | None = None
        self._framer = Framer()
        self._heard = time.monotonic()
        self.sent = Sent()

    def send(self, messages: Iterable[bytes]) -> Sent:
        """Send all of them and wait until each is answered.

        Raises:
            SimulationError: the platform cannot be reached, or does not let us in.
        """
        self._heard = time.monotonic()
        for message in messages:
            self._put(message)
            while len(self._under_way) >= WINDOW:
                self._hear()
        while self._under_way:
            self._hear()
        return self.sent

    def close(self) -> None:
        """Leave."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _put(self, message: bytes) -> None:
        try:
            line = self._open()
            self._under_way.append(message)
            line.sendall(message)
        except OSError:
            if self._line is None:  # a new line begins with what is open
                self._under_way.append(message)
            self._lost()

    def _hear(self) -> None:
        try:
            piece = self._open().recv(PIECE)
            if not piece:
                raise ConnectionResetError
        except OSError as error:
            self._lost()
            if time.monotonic() - self._heard > self._patience_s:
                raise self._unheard(error) from error
            time.sleep(AGAIN_S)
            return
        for answer in self._framer.feed(piece):
            self._answered(answer)

    def _answered(self, answer: Message) -> None:
        if not self._under_way or answer.code not in (self._under_way[0][2], 0):
            return
        self._heard = time.monotonic()
        self._under_way.popleft()
        if answer.response == Response.SUCCESS:
            self.sent.taken += 1
        else:
            refused = self.sent.refused
            refused[answer.response] = refused.get(answer.response, 0) + 1

    @property
    def _account(self) -> Account:
        return self._accounts[0]

    def move(self) -> None:
        """Hang up, whatever is under way, and go on at the next bridge."""
        self._lost()

    def _lost(self) -> None:
        self.close()
        self._accounts.rotate(-1)
        self._under_way = deque(map(_resent, self._under_way))

    def _open(self) -> socket.socket:
        """The line; made, logged in and with what is open sent again where it was lost."""
        if self._line is None:
            line = socket.create_connection((self._account.host, self._account.port), 5)
            line.settimeout(30)
            self._framer = Framer()
            try:
                self._log_in(line)
                line.sendall(b"".join(self._under_way))
            except OSError:
                line.close()
                raise
            self._line = line
            self.sent.again += len(self._under_way) if self.sent.connections else 0
            self.sent.connections += 1
        return self._line

    def _log_in(self, line: socket.socket) -> None:
        said = PlatformLogin(time.time_ns(), 1, self._account.user, self._account.password)
        data = build_platform_login(said)
        line.sendall(build(Command.PLATFORM_LOGIN, PLATFORM, data, edition=self._edition))
        answers: list[Message] = []
        while not answers:
            piece = line.recv(PIECE)
            if not piece:
                raise ConnectionResetError
            answers = self._framer.feed(piece)
        if answers[0].response != Response.SUCCESS:
            raise SimulationError(
                Text("the platform does not let us in", "对端平台拒绝登入"),
                where=f"{self._account.host}:{self._account.port}",
                hint=Text("check user and password", "请检查用户名与口令"),
            )

    def _unheard(self, error: OSError) -> SimulationError:
        return SimulationError(
            Text("no answer: {why}", "无应答：{why}").fill(why=reason_of(error)),
            where=f"{self._account.host}:{self._account.port}",
            retryable=True,
        )


def _resent(message: bytes) -> bytes:
    """A report as one that is told again."""
    if message[2] != Command.REALTIME:
        return message
    body = bytes([Command.RESENT]) + message[3:-1]
    return message[:2] + body + bytes([check_byte(body)])
