"""Forgetting: a subject's key goes, a signed statement says so, and nothing else changes.

Key and statement are one transaction: killed at any moment, both happened or neither. What was
deleted is overwritten afterwards; asked again, only that is done again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cloud_bridge.errors import BridgeError
from cloud_bridge.store import Fact, Store
from packtrail.event import Event, SubjectForgotten, sign_event
from packtrail.language import Text
from packtrail.personal import VIN, digest
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality, format_time

STREAM: Final = "privacy"
MAX_REASON: Final = 200
SCRUBS: Final = 20
PAUSE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of a request.

    Attributes:
        subject: whose.
        kind: `vehicle` or `owner`.
        at_ns: when its key was destroyed, UTC.
        before: whether that was an earlier request's doing.
        clear: facts that name it in the clear, for ever.
        scrubbed: whether what the key left in the files is overwritten.
    """

    subject: str
    kind: str
    at_ns: int
    before: bool
    clear: int
    scrubbed: bool

    def lines(self) -> list[Text]:
        """What a person has to know, the outcome first."""
        day = format_time(self.at_ns)[:19].replace("T", " ")
        told = [(_BEFORE if self.before else _DONE).fill(subject=self.subject, day=day)]
        told += [_CLEAR.fill(n=self.clear)] if self.clear else []
        told += [] if self.scrubbed else [_UNSCRUBBED]
        return [*told, _COPIES]


class Forgetting:
    """Destroys keys in a store and says so in its ledger.

    Args:
        store: where.
        key: the bridge's.
        author: under what name its own key speaks.
    """

    def __init__(self, store: Store, key: SigningKey, author: str) -> None:
        self._store, self._key, self._author = store, key, author

    def forget(self, subject: str, reason: str, by: str, now_ns: int | None = None) -> Forgotten:
        """Forget one subject.

        Raises:
            BridgeError: there is no such subject, or reason or name would tell what is forgotten.
            StoreError: nothing of it happened.
        """
        for text in (reason, by):
            _expect_harmless(text)
        moment = time.time_ns() if now_ns is None else now_ns
        row = self._store.subjects_of_data([subject]).get(subject)
        if row is None:
            raise BridgeError(_UNKNOWN, where=f"subject:{subject[:64]}", hint=_FIND)

        def state(counter: int, shut: Sequence[str]) -> Fact:
            about = (subject, row.kind, len(shut), digest(shut))
            return self._fact(SubjectForgotten(*about, reason, by), counter, moment)

        anew = self._store.forget(subject, self._author, STREAM, state, moment)
        at_ns = moment if anew else self._store.subjects_of_data([subject])[subject].forgotten_ns
        clear = self._store.clear_statements(subject)
        return Forgotten(subject, row.kind, at_ns, not anew, clear, self._scrub())

    def _scrub(self) -> bool:
        """A bridge that reads at this very moment is in the way for a moment only."""
        for _ in range(SCRUBS):
            if self._store.scrub():
                return True
            time.sleep(PAUSE_S)
        return False

    def _fact(self, body: SubjectForgotten, counter: int, moment: int) -> Fact:
        event = Event(
            unit=None,
            occurred_from=format_time(moment),
            occurred_to=format_time(moment),
            clock=ClockQuality.SYNCED,
            author=self._author,
            stream=STREAM,
            counter=counter,
            body=body,
        )
        return Fact(sign_event(event, self._key), event)


def _expect_harmless(text: str) -> None:
    if len(text) > MAX_REASON or re.search(VIN.pattern, text.upper()):
        raise BridgeError(_TELLING, where=text[:MAX_REASON], hint=_NUMBER)


_UNKNOWN: Final = Text("no such subject", "没有此主体")
_FIND: Final = Text(
    "`packtrail bridge forget --vehicle VIN` finds it by its number",
    "可用 --vehicle VIN 按车号查找",
)
_TELLING: Final = Text(
    "the statement stays for ever: no vehicle number in it, at most 200 characters",
    "该声明将永久保留：不得含车辆识别代号，最多 200 字",
)
_NUMBER: Final = Text("give the number of the request", "请填写申请编号")
_DONE: Final = Text(
    "{subject} is forgotten since {day} UTC: its commitments stay, nobody can open them",
    "{subject} 已于 {day} UTC 遗忘：承诺值保留，任何人无法再开启",
)
_BEFORE: Final = Text(
    "{subject} was forgotten before, on {day} UTC; its traces were overwritten once more",
    "{subject} 此前已于 {day} UTC 遗忘；已再次清除残留",
)
_CLEAR: Final = Text(
    "{n} facts name it in the clear, from before commitments: the ledger keeps them for ever",
    "有 {n} 条早期事实以明文记载：账本将永久保留",
)
_UNSCRUBBED: Final = Text(
    "a reader was in the way of overwriting its traces: say the same once more",
    "有读取者占用，残留尚未清除：请再次执行",
)
_COPIES: Final = Text(
    "copies of the keys (`backup --keys`) from before still open it: destroy them",
    "此前的密钥备份（backup --keys）仍可开启：请销毁",
)
