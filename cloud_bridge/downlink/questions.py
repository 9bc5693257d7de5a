"""Answers gateways that ask which pack is in a vehicle.

Questions come in on the broker's thread and are worked off in one of their own. Only a trusted
gateway is answered. A vehicle about which something newer than the question's moment is on
record has no answer: the pack that it had then is not known for sure.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Final

from cloud_bridge.errors import StoreError
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.store import Store
from packtrail import logs
from packtrail.downlink import (
    Command,
    Question,
    VehicleResolved,
    new_nonce,
    open_message,
    seal_message,
    split_message,
)
from packtrail.errors import CodecError
from packtrail.event import PackRemoved, Role, UnitRef, VehicleRef
from packtrail.proof.trust import TrustList
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S
from packtrail.topics import ROOT, command_topic

MOST_WAITING: Final = 1000
LIFE_NS: Final = 3600 * NS_PER_S
LOOK_S: Final = 0.5

log = logs.get("cloud_bridge.questions")


class QuestionDesk:
    """Works questions off.

    Args:
        store: what is known of vehicles.
        trust: the trust list of this moment.
        key: signs answers.
        publish: sends an answer.
        now: UTC nanoseconds.
    """

    def __init__(
        self,
        store: Store,
        trust: Callable[[], TrustList],
        key: SigningKey,
        publish: Callable[[str, bytes], None],
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._store, self._trust, self._key = store, trust, key
        self._publish, self._now = publish, now
        self._waiting: queue.Queue[tuple[str, bytes]] = queue.Queue(MOST_WAITING)

    def take(self, topic: str, data: bytes) -> None:
        """A message on a question topic; never blocks, a flood is dropped."""
        try:
            self._waiting.put_nowait((topic, data))
        except queue.Full:
            log.warning("question_dropped", topic=topic[:128])

    def run(self, stop: threading.Event) -> None:
        """Answer until `stop`."""
        while not stop.is_set():
            try:
                topic, data = self._waiting.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            try:
                self.answer(topic, data)
            except CodecError as error:
                log.warning("question_not_believed", topic=topic[:128], why=str(error)[:200])
            except StoreError as error:
                log.error("question_unanswered", why=error.describe("en"))  # noqa: TRY400 - one line

    def answer(self, topic: str, data: bytes) -> None:
        """Answer one question.

        Raises:
            CodecError: no trusted gateway asks this here.
            StoreError: the store does not answer; the gateway asks again.
        """
        question = self._believed(topic, data)
        now_ns = self._now()
        resolved = VehicleResolved(question.nonce, question.vin, self._pack_in(question))
        command = Command(
            gateway=question.gateway,
            nonce=new_nonce(),
            issued_ns=now_ns,
            expires_ns=now_ns + LIFE_NS,
            order=resolved,
        )
        self._publish(command_topic(question.gateway), seal_message(command, self._key))

    def _believed(self, topic: str, data: bytes) -> Question:
        sealed = split_message(data)
        voice = self._trust().voice(sealed.key_id, self._now())
        if voice is None or voice.role != Role.GATEWAY:
            raise CodecError("key", f"{sealed.key_id[:64]!r} is no trusted gateway's")
        question = open_message(sealed, Question, voice.key)
        place = f"{ROOT}/{voice.party}/question/{question.nonce}"
        if question.gateway != voice.party or topic != place:
            raise CodecError("question", f"of {question.gateway[:64]!r} on {topic[:128]!r}")
        return question

    def _pack_in(self, question: Question) -> UnitRef | None:
        vehicle = Subjects(self._store).vehicle(VehicleRef("vin", question.vin))
        entry = self._store.vehicle_fact(vehicle)
        if entry is None or entry.event.from_ns >= question.before_ns:
            return None
        return None if isinstance(entry.event.body, PackRemoved) else entry.event.unit
