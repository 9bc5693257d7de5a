"""Between platforms: login and logout (commands 05 and 06), and what a receiver answers.

GB/T 32960.3, 7.4 and 7.5 (tables 21 and 22 of the 2016 edition, 29 and 30 of 2025), answers 6.3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from can_decoder.errors import DecoderError
from can_decoder.gbt32960.frame import (
    TIME_BYTES,
    VIN_BYTES,
    Command,
    Edition,
    Encryption,
    Message,
    build,
    check_byte,
    read_time,
    write_time,
)
from packtrail.language import Text

USER_BYTES, PASSWORD_BYTES = 12, 20
LOGIN_BYTES: Final = TIME_BYTES + 2 + USER_BYTES + PASSWORD_BYTES + 1
COMMAND: Final = 0xFE
TIMED: Final = frozenset(
    {
        Command.LOGIN,
        Command.REALTIME,
        Command.RESENT,
        Command.LOGOUT,
        Command.PLATFORM_LOGIN,
        Command.PLATFORM_LOGOUT,
    }
)
"""Commands that begin with a time, which the answer repeats."""


class Response(IntEnum):
    """What became of a command, table 4; from `UNKNOWN_VIN` on of the 2025 edition."""

    SUCCESS = 0x01
    ERROR = 0x02
    VIN_DUPLICATE = 0x03
    UNKNOWN_VIN = 0x04
    SIGNATURE = 0x05
    STRUCTURE = 0x06
    DECRYPTION = 0x07

    def of(self, edition: Edition) -> Response:
        """The same as an edition can say it: 2016 has no word for the later ones but error."""
        return self if self <= Response.VIN_DUPLICATE or edition is Edition.OF_2025 else self.ERROR


@dataclass(frozen=True, slots=True)
class PlatformLogin:
    """Who a platform says that it is.

    Attributes:
        t_ns: UTC of the login, None where the bytes are no date.
        session: serial number of the login, 1 to 65531.
        user: at most 12 characters.
        password: at most 20 characters, never shown.
    """

    t_ns: int | None
    session: int
    user: str
    password: str

    def __repr__(self) -> str:
        return f"PlatformLogin(user={self.user!r})"


def read_platform_login(message: Message) -> PlatformLogin | None:
    """Of a platform's login; None where the data unit has another length."""
    data = message.data
    if len(data) != LOGIN_BYTES:
        return None
    user, password = data[8 : 8 + USER_BYTES], data[8 + USER_BYTES : -1]
    session = int.from_bytes(data[6:8], "big")
    return PlatformLogin(read_time(data), session, _text(user), _text(password))


def build_platform_login(login: PlatformLogin) -> bytes:
    """The data unit of a platform's login, the same in both editions.

    Raises:
        DecoderError: no time, or a name or password that does not fit.
    """
    user, password = login.user.encode(), login.password.encode()
    if login.t_ns is None or len(user) > USER_BYTES or len(password) > PASSWORD_BYTES:
        raise DecoderError(
            Text(
                "a platform's login has a time, a user of 12 and a password of 20 bytes",
                "平台登入需要时间、12 字节用户名与 20 字节密码",
            )
        )
    head = write_time(login.t_ns) + login.session.to_bytes(2, "big")
    names = user.ljust(USER_BYTES, b"\0") + password.ljust(PASSWORD_BYTES, b"\0")
    return head + names + bytes([Encryption.NONE])


def answer_to(message: Message, response: Response = Response.SUCCESS, now_ns: int = 0) -> bytes:
    """What a platform answers: the command with its response and its time, nothing more.

    A question for the clock is answered with `now_ns`. Nothing is answered to an answer, to an
    unknown command that went well, and to a VIN that is none.
    """
    if message.response != COMMAND:
        return b""
    if message.command is Command.OTHER and response is Response.SUCCESS:
        return b""
    data = message.data[:TIME_BYTES] if message.command in TIMED else b""
    if message.command is Command.CLOCK and now_ns:
        data = write_time(now_ns)
    return refusal_to(message.edition, message.code, message.vin, data, response)


def refusal_to(
    edition: Edition, code: int, vin: str, time: bytes, response: Response = Response.ERROR
) -> bytes:
    """An answer by what a header says, for a frame that cannot be read any further."""
    if len(vin) != VIN_BYTES or not vin.isascii():
        return b""
    if code in frozenset(Command):
        return build(Command(code), vin, time, edition=edition, response=response.of(edition))
    body = bytes([code, response.of(edition)]) + vin.encode() + bytes([Encryption.NONE])
    body += len(time).to_bytes(2, "big") + time
    return bytes([edition, edition]) + body + bytes([check_byte(body)])


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").rstrip("\0 ")
