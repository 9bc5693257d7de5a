"""Login (command 01): the standard place where VIN and pack codes meet.

The 2016 edition lists codes of any one length (makers' own serials occur); 2025 lists one
GB/T 34014 code of 24 characters per pack, battery management system by system.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from can_decoder.errors import DecoderError
from can_decoder.gbt32960.frame import TIME_BYTES, Edition, Message, read_time, write_time
from packtrail.language import Text

CODE_BYTES: Final = 24
ICCID_BYTES: Final = 20
FIXED_BYTES: Final = TIME_BYTES + 2 + ICCID_BYTES


@dataclass(frozen=True, slots=True)
class Login:
    """What a vehicle says when it comes online.

    Attributes:
        t_ns: UTC of the login, None where the bytes are no date.
        session: session number.
        iccid: of the SIM card.
        pack_codes: as sent; not necessarily GB/T 34014 codes.
        packs_per_system: 2025: how many of them belong to each management system.
        is_whole: all announced codes are there.
    """

    t_ns: int | None
    session: int
    iccid: str
    pack_codes: tuple[str, ...]
    packs_per_system: tuple[int, ...] = ()
    is_whole: bool = True


def read_login(message: Message) -> Login:
    """Read the data unit of a login message; a short one gives what it holds."""
    data = message.data.ljust(FIXED_BYTES, b"\0")
    body = data[FIXED_BYTES:]
    counts: tuple[int, ...] = ()
    if message.edition is Edition.OF_2025:
        counts = tuple(body[1 : 1 + body[0]]) if body else ()
        size, announced = CODE_BYTES, sum(counts)
        body = body[1 + len(counts) :]
    else:
        announced, size = (body[0], body[1]) if len(body) > 1 else (0, 0)
        body = body[2:]
    codes = [body[n * size : (n + 1) * size] for n in range(announced)] if size else []
    whole = len(message.data) >= FIXED_BYTES and all(len(code) == size for code in codes)
    return Login(
        t_ns=read_time(data),
        session=int.from_bytes(data[6:8], "big"),
        iccid=_text(data[8:28]),
        pack_codes=tuple(filter(None, map(_text, codes))),
        packs_per_system=counts,
        is_whole=whole,
    )


def build_login(login: Login, edition: Edition = Edition.OF_2016) -> bytes:
    """The data unit of a login.

    Raises:
        DecoderError: no time, codes of several lengths, or (2025) not of 24 characters.
    """
    sizes = {len(code) for code in login.pack_codes}
    right = sizes <= {CODE_BYTES} if edition is Edition.OF_2025 else len(sizes) < 2
    if login.t_ns is None or not right:
        raise DecoderError(
            Text(
                "a login needs a time, and codes of one length (2025: 24)",
                "登入需要时间，且编码长度一致（2025 版为 24 位）",
            )
        )
    head = write_time(login.t_ns) + login.session.to_bytes(2, "big")
    head += login.iccid.encode("ascii").ljust(ICCID_BYTES, b"\0")[:ICCID_BYTES]
    codes = "".join(login.pack_codes).encode("ascii")
    if edition is Edition.OF_2025:
        counts = login.packs_per_system or (len(login.pack_codes),)
        return head + bytes([len(counts), *counts]) + codes
    return head + bytes([len(login.pack_codes), max(sizes, default=0)]) + codes


def _text(raw: bytes) -> str:
    return raw.decode("ascii", "replace").strip("\0 ")
