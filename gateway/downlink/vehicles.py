"""Asks the bridge which pack a vehicle has, when all that is known of an arrival is its VIN.

The VIN that a controller told or that a control unit gave enters; a reading that names the
pack leaves once the bridge has answered. Without a link, nothing is asked and nothing known.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from packtrail.downlink import Question, VehicleResolved, new_nonce, seal_message
from packtrail.event import Reading
from packtrail.shapes import convert
from packtrail.signing import SigningKey
from packtrail.times import format_time
from packtrail.topics import question_topic

SOURCE: Final = "vin"
MOST_OPEN: Final = 100
LONGEST_S: Final = 3600.0
"""An answer that comes later speaks of another moment."""


class _Open(NamedTuple):
    slot: str
    since_ns: int
    vin: str
    asked_s: float
    raw: str


class VehicleAsker:
    """Keeps the open questions; called from the pipeline's thread and from the command desk's.

    Args:
        gateway: our name.
        key: signs questions.
        say: sends a question.
        heard: told of the reading: the slot, the arrival that it speaks of, and what was read.
    """

    def __init__(
        self,
        gateway: str,
        key: SigningKey,
        say: Callable[[str, bytes], None],
        heard: Callable[[str, int, Reading], None],
    ) -> None:
        self._gateway, self._key, self._say, self._heard = gateway, key, say, heard
        self._open: dict[str, _Open] = {}

    def ask(self, slot: str, since_ns: int, vin: str, raw: str = "") -> None:
        """Ask which pack a vehicle had until its pack was put into a slot at `since_ns`."""
        nonce = new_nonce()
        try:
            question = convert(
                {
                    "gateway": self._gateway,
                    "nonce": nonce,
                    "before_ns": since_ns,
                    "vin": vin.strip().upper(),
                },
                Question,
            )
        except msgspec.ValidationError:
            return  # no VIN by ISO 3779: the bridge could know nothing of it
        while len(self._open) >= MOST_OPEN:
            self._open.pop(next(iter(self._open)), None)
        self._open[nonce] = _Open(slot, since_ns, question.vin, time.monotonic(), raw)
        topic = question_topic(self._gateway, nonce)
        self._say(topic, seal_message(question, self._key))

    def resolved(self, answer: VehicleResolved) -> None:
        """The bridge's word; one that answers no question of ours is nothing."""
        asked = self._open.pop(answer.question, None)
        if asked is None or asked.vin != answer.vin or answer.unit is None:
            return
        if time.monotonic() - asked.asked_s > LONGEST_S:
            return
        at = format_time(time.time_ns())
        reading = Reading(SOURCE, asked.vin, at, asked.raw, answer.unit)
        self._heard(asked.slot, asked.since_ns, reading)
