"""Reading an identity: questions asked one after the other, whatever the answers.

Frames and times enter; frames to send leave. A refusal is noted and the next question asked;
"wait" prolongs the patience; silence is noted as such. P2 and P2* after ISO 14229-2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from can_decoder.transport.endpoint import Due, IsoTpEndpoint
from can_decoder.transport.payload import Payload
from can_decoder.uds.services import (
    READ,
    SESSION,
    Answer,
    NegativeCode,
    extended_session,
    read_answer,
    read_data,
    tester_present,
)
from can_decoder.uds.targets import DataField, Target, find_target

PATIENCE_NS: Final = 500_000_000
"""P2 is 50 ms; ten times that allows for gateways on the way."""
PROLONGED_NS: Final = 5_000_000_000
"""P2* after "response pending"."""
MOST_PENDING: Final = 20
KEEP_ALIVE_NS: Final = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Identity:
    """What a control unit says of itself.

    Attributes:
        values: field name -> text, only those that were answered.
        refused: field name -> why not.
        silent: fields without an answer in time.
    """

    values: dict[str, str] = field(default_factory=dict)
    refused: dict[str, NegativeCode] = field(default_factory=dict)
    silent: tuple[str, ...] = ()


class Identification:
    """Asks one target for its fields.

    Args:
        target: whom and what.
        link: transport; by default a fresh endpoint after the target's addressing.
    """

    def __init__(self, target: Target, link: IsoTpEndpoint | None = None) -> None:
        self.target = target
        self._link = link or target.endpoint()
        self._waiting: list[DataField | None] = [*([None] if target.session else []), *target.field]
        self._current: DataField | None = None
        self._asked = False
        self._deadline_ns = 0
        self._spoke_ns = 0
        self._pending = 0
        self._values: dict[str, str] = {}
        self._refused: dict[str, NegativeCode] = {}
        self._silent: list[str] = []

    @property
    def is_done(self) -> bool:
        """Whether all questions are settled."""
        return not self._asked and not self._waiting

    @property
    def wake_ns(self) -> int | None:
        """When `poll` should be called next, None when done."""
        return self._deadline_ns if self._asked else None

    @property
    def identity(self) -> Identity:
        """What is known so far."""
        return Identity(dict(self._values), dict(self._refused), tuple(self._silent))

    def start(self, t_ns: int) -> list[Due]:
        """Ask the first question."""
        return self._ask(t_ns)

    def feed(self, data: bytes, t_ns: int) -> list[Due]:
        """Take a frame of the answering identifier; what to send because of it."""
        frames = self._link.feed(data, t_ns)
        if frames:  # flow control went out: the answer is on its way
            self._deadline_ns = max(self._deadline_ns, t_ns + 2 * PATIENCE_NS)
        while self._link.received:
            frames += self._hear(self._link.received.popleft(), t_ns)
        return frames

    def poll(self, t_ns: int) -> list[Due]:
        """Give up on what stayed unanswered, and go on."""
        self._link.poll(t_ns)
        if not self._asked or t_ns <= self._deadline_ns:
            return []
        if self._current is not None:
            self._silent.append(self._current.name)
        return self._ask(t_ns)

    def _ask(self, t_ns: int) -> list[Due]:
        self._asked = bool(self._waiting)
        if not self._asked:
            return []
        self._current = self._waiting.pop(0)
        frames = []
        if self.target.session and self._spoke_ns and t_ns - self._spoke_ns > KEEP_ALIVE_NS:
            frames = self._link.send(tester_present(), t_ns)
        question = read_data(self._current.did) if self._current else extended_session()
        self._deadline_ns, self._spoke_ns, self._pending = t_ns + PATIENCE_NS, t_ns, 0
        return [*frames, *self._link.send(question, t_ns)]

    def _hear(self, payload: bytes, t_ns: int) -> list[Due]:
        answer = read_answer(payload)
        if not self._asked or answer is None or not self._fits(answer):
            return []
        if answer.refusal is NegativeCode.PENDING and self._pending < MOST_PENDING:
            self._pending += 1
            self._deadline_ns = t_ns + PROLONGED_NS
            return []
        if self._current is not None:
            self._settle(self._current, answer)
        return self._ask(t_ns)

    def _fits(self, answer: Answer) -> bool:
        """Whether an answer belongs to the question that is open."""
        if self._current is None:
            return answer.service == SESSION
        if answer.service != READ:
            return False
        return answer.refusal is not None or answer.data[:2] == self._current.did.to_bytes(2, "big")

    def _settle(self, asked: DataField, answer: Answer) -> None:
        if answer.refusal is not None:
            self._refused[asked.name] = answer.refusal
        elif value := asked.decode(answer.data[2:]):
            self._values[asked.name] = value


def overheard(payloads: Iterable[Payload], target: Target | None = None) -> Identity:
    """The identity in answers that somebody else asked for.

    Args:
        payloads: of `can_decoder.transport.isotp`.
        target: names of the fields; by default the standard ones, from any identifier.
    """
    wanted = target or find_target("generic")
    fields = {item.did: item for item in wanted.field}
    values: dict[str, str] = {}
    for payload in payloads:
        if target is not None and payload.frame_id != target.response_id:
            continue
        answer = read_answer(payload.data)
        if answer is None or answer.service != READ or answer.refusal or len(answer.data) < 3:
            continue
        asked = fields.get(int.from_bytes(answer.data[:2], "big"))
        if asked and (value := asked.decode(answer.data[2:])):
            values[asked.name] = value
    return Identity(values)
