"""UDS services that only read, and what their answers mean.

Requests leave as bytes; answers enter as bytes and leave as values. Services that write,
reset, unlock or control have no builder here, by intention.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

from packtrail.language import Text

SESSION, READ, TESTER_PRESENT = 0x10, 0x22, 0x3E
EXTENDED_SESSION: Final = 0x03
POSITIVE: Final = 0x40
NEGATIVE: Final = 0x7F
SILENT: Final = 0x80
"""Sub-function bit that asks for no positive answer."""


class NegativeCode(Enum):
    """Negative response codes, ISO 14229-1, annex A."""

    GENERAL_REJECT = 0x10
    SERVICE_UNKNOWN = 0x11
    SUBFUNCTION_UNKNOWN = 0x12
    WRONG_LENGTH = 0x13
    TOO_LONG = 0x14
    BUSY = 0x21
    CONDITIONS = 0x22
    SEQUENCE = 0x24
    OUT_OF_RANGE = 0x31
    SECURITY = 0x33
    PENDING = 0x78
    SUBFUNCTION_NOT_IN_SESSION = 0x7E
    NOT_IN_SESSION = 0x7F
    OTHER = 0xFF

    @property
    def text(self) -> Text:
        """What it means for the person who asked."""
        return _MEANINGS[self]


_MEANINGS: Final[Mapping[NegativeCode, Text]] = MappingProxyType(
    {
        NegativeCode.GENERAL_REJECT: Text("rejected", "拒绝"),
        NegativeCode.SERVICE_UNKNOWN: Text("service not supported", "不支持该服务"),
        NegativeCode.SUBFUNCTION_UNKNOWN: Text("sub-function not supported", "不支持该子功能"),
        NegativeCode.WRONG_LENGTH: Text("wrong length", "报文长度错误"),
        NegativeCode.TOO_LONG: Text("answer too long", "响应过长"),
        NegativeCode.BUSY: Text("busy, ask again", "忙，请重试"),
        NegativeCode.CONDITIONS: Text("conditions not correct", "条件不满足"),
        NegativeCode.SEQUENCE: Text("wrong order of requests", "请求顺序错误"),
        NegativeCode.OUT_OF_RANGE: Text("identifier not known", "标识符超出范围"),
        NegativeCode.SECURITY: Text("locked", "安全访问被拒绝"),
        NegativeCode.PENDING: Text("wait", "等待"),
        NegativeCode.SUBFUNCTION_NOT_IN_SESSION: Text(
            "not in this session", "当前会话不支持该子功能"
        ),
        NegativeCode.NOT_IN_SESSION: Text("not in this session", "当前会话不支持该服务"),
        NegativeCode.OTHER: Text("refused for a reason of the maker", "厂商自定义原因拒绝"),
    }
)


class Answer(NamedTuple):
    """One answer.

    Attributes:
        service: service that it answers.
        refusal: why not, None if positive.
        data: bytes behind the service byte.
    """

    service: int
    refusal: NegativeCode | None
    data: bytes


def extended_session() -> bytes:
    """Ask for the extended diagnostic session, in which more may be read."""
    return bytes([SESSION, EXTENDED_SESSION])


def read_data(identifier: int) -> bytes:
    """Ask for a data identifier."""
    return bytes([READ]) + identifier.to_bytes(2, "big")


def tester_present() -> bytes:
    """Keep the session, without an answer."""
    return bytes([TESTER_PRESENT, SILENT])


def read_answer(payload: bytes) -> Answer | None:
    """Take an answer apart; None if it is none."""
    if len(payload) >= 3 and payload[0] == NEGATIVE:
        code = payload[2]
        known = {item.value for item in NegativeCode}
        refusal = NegativeCode(code) if code in known else NegativeCode.OTHER
        return Answer(payload[1], refusal, payload[3:])
    if payload and payload[0] >= POSITIVE:
        return Answer(payload[0] - POSITIVE, None, payload[1:])
    return None
