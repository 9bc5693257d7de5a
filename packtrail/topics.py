"""The topic tree: `packtrail/1/<gateway>/...`, so one broker rule confines a gateway.

    packtrail/1/<gateway>/record/<epoch>/<seq>   up: one sealed record
    packtrail/1/<gateway>/receipt                down: the newest receipt, not retained
    packtrail/1/<gateway>/status                 up: `online` / `offline` (last will), retained
    packtrail/1/<gateway>/command                down: a signed command, see `packtrail.downlink`
    packtrail/1/<gateway>/answer/<nonce>         up: the answer to it
    packtrail/1/<gateway>/question/<nonce>       up: which pack is in this vehicle?

Numbers stand in the topic and in the payload, so MQTT 3.1.1 and 5 serve alike. QoS 1 all over.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from packtrail.errors import CodecError

ROOT: Final = "packtrail/1"
ALL_RECORDS: Final = f"{ROOT}/+/record/+/+"
ALL_STATUS: Final = f"{ROOT}/+/status"
ALL_QUESTIONS: Final = f"{ROOT}/+/question/+"
GATEWAY_ID: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_EPOCH = r"[0-9a-f]{16}"
_RECORD = re.compile(rf"{ROOT}/({GATEWAY_ID})/record/({_EPOCH})/([1-9][0-9]{{0,17}})")


class RecordAddress(NamedTuple):
    """Where a record stands: the key that removes duplicates."""

    gateway: str
    epoch: str
    seq: int


def record_topic(address: RecordAddress) -> str:
    """Topic that the record with this number is sent to."""
    return f"{ROOT}/{address.gateway}/record/{address.epoch}/{address.seq}"


def receipt_topic(gateway: str) -> str:
    """Topic that the bridge answers this gateway on."""
    return f"{ROOT}/{gateway}/receipt"


def status_topic(gateway: str) -> str:
    """Topic of the gateway's last will."""
    return f"{ROOT}/{gateway}/status"


def command_topic(gateway: str) -> str:
    """Topic that commands to this gateway come on."""
    return f"{ROOT}/{gateway}/command"


def answer_topic(gateway: str, nonce: str) -> str:
    """Topic of the answer to one command."""
    return f"{ROOT}/{gateway}/answer/{nonce}"


def question_topic(gateway: str, nonce: str) -> str:
    """Topic of one question to the bridge."""
    return f"{ROOT}/{gateway}/question/{nonce}"


def parse_record_topic(topic: str) -> RecordAddress:
    """The number that a topic holds.

    Raises:
        CodecError: reason `topic`.
    """
    match = _RECORD.fullmatch(topic)
    if not match:
        raise CodecError("topic", topic[:200])
    return RecordAddress(match[1], match[2], int(match[3]))
