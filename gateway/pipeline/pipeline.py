"""The pipeline's thread: works off the mailbox and keeps slots and the station's book in step.

Bursts go to the slots on their bus, calls of other threads (the local interface, the health
desk) are carried out in between, so that no slot and no visit is ever touched by two threads.
Whatever goes wrong in here that is not bad data ends the gateway, which is started again: a
pipeline that limps on would lose data in silence.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final

from gateway.binding import Arrived, Book, Known, Left, Outcome, StationState
from gateway.bus import Burst, Call, Mailbox
from gateway.outbox import Outbox
from gateway.pipeline.slot import Slot
from packtrail import logs
from packtrail.estimate import Interval
from packtrail.event import UnitRef
from packtrail.sample import Sample

TICK_S: Final = 0.25
STATE_NOTE: Final = "station"

Act = Callable[[Book], Outcome]


class Pipeline:
    """Frames and acts in, records out.

    Args:
        slots: all slots.
        buses: name of each bus -> names of the slots on it.
        book: who stands where.
        mailbox: what to work off.
        outbox: where facts go.
        on_failure: told when the thread ends by an error.
        on_arrival: told of each slot that a pack was put into; must not block.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        buses: Mapping[str, Sequence[str]],
        book: Book,
        mailbox: Mailbox,
        outbox: Outbox,
        on_failure: Callable[[BaseException], None],
        on_arrival: Callable[[str], None] = lambda _slot: None,
    ) -> None:
        self.slots = {slot.name: slot for slot in slots}
        self.frames = 0
        self._on_bus = {bus: [self.slots[name] for name in names] for bus, names in buses.items()}
        self._book, self._mailbox, self._outbox = book, mailbox, outbox
        self._on_failure, self._on_arrival = on_failure, on_arrival
        self._written = book.state
        self._with_estimates = False
        self._log = logs.get("gateway.pipeline")
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="pipeline")
        for slot in slots:
            visit = book.state.visit(slot.name)
            slot.resume(visit.unit, visit.since_ns)

    @property
    def state(self) -> StationState:
        """What the book says; may be read from any thread, for it is replaced as a whole."""
        return self._book.state

    @property
    def silent_s(self) -> float:
        """Seconds since the thread last showed life."""
        return time.monotonic() - self._beat

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, *, with_estimates: bool = False) -> None:
        """Work off the mailbox, put what is open, end.

        Args:
            with_estimates: ask for the health of packs that were charged, as if they left;
                a recording has ended, a live charge only goes unwatched for a while.
        """
        self._with_estimates = with_estimates
        self._mailbox.close()
        if self._thread.ident is not None:
            self._thread.join()

    def act(self, act: Act, digest: str = "") -> Future[Future[int]]:
        """Have an act entered in the book.

        The outer future comes when it is entered, the inner one when it is on disk. An act
        whose digest is known was carried out before and is not carried out again.
        """
        return self._mailbox.call(lambda: self._enter(act, digest))

    def remember_health(self, unit: UnitRef, soh: Interval) -> None:
        """Keep a pack's last state of health for its next swap."""
        self._mailbox.call(lambda: self._remember(unit, soh))

    def hear(self, slot: str, samples: list[Sample]) -> Future[None]:
        """Samples that somebody else made for a slot; the future comes when they are taken."""
        return self._mailbox.call(lambda: self.slots[slot].hear(samples))

    def estimate(self, slot: str) -> Future[bool]:
        """Have the health of the pack in a slot estimated from all it has said so far."""
        return self._mailbox.call(self.slots[slot].estimate_now)

    def _run(self) -> None:
        try:
            while not self._mailbox.drained:
                self._work(self._mailbox.take(TICK_S))
            for slot in self.slots.values():
                slot.finish(with_estimate=self._with_estimates)
        except BaseException as error:  # noqa: BLE001 - `on_failure` ends the gateway with it
            self._log.exception("pipeline_failed")
            self._on_failure(error)
            self._mailbox.abandon()

    def _work(self, item: Burst | Call | None) -> None:
        if isinstance(item, Burst):
            self.frames += len(item.frames)
            for slot in self._on_bus.get(item.bus, ()):
                slot.feed(item.frames)
        elif isinstance(item, Call):
            _carry_out(item)
        if item is None or time.monotonic() - self._beat > TICK_S:
            self._tick()

    def _tick(self) -> None:
        self._beat = time.monotonic()
        for slot in self.slots.values():
            slot.tick()
            if hint := slot.take_hint():
                self._apply(self._book.read(slot.name, hint, time.time_ns()))
        self._apply(self._book.tick())

    def _enter(self, act: Act, digest: str) -> Future[int]:
        if digest and digest in self._book.state.requests:
            done: Future[int] = Future()
            done.set_result(0)
            return done
        outcome = act(self._book)
        if digest:
            self._book.state = self._book.state.with_request(digest)
        return self._apply(outcome)

    def _remember(self, unit: UnitRef, soh: Interval) -> None:
        self._book.remember_health(unit, soh)
        self._apply(Outcome())

    def _apply(self, outcome: Outcome) -> Future[int]:
        """Move the slots, then put facts and memory on disk together."""
        for move in outcome.moves:
            slot = self.slots[move.slot]
            match move:
                case Arrived():
                    slot.arrive(move.t_ns)
                    self._on_arrival(move.slot)
                case Left():
                    slot.leave(move.t_ns)
                case Known():
                    slot.know(move.unit, move.since_ns)
        state = self._book.state
        if not outcome.facts and state == self._written:
            done: Future[int] = Future()
            done.set_result(0)
            return done
        self._written = state
        return self._outbox.record(outcome.facts, {STATE_NOTE: state.encode()})


def _carry_out(call: Call) -> None:
    """The caller waits for the result, and for the error."""
    if not call.done.set_running_or_notify_cancel():
        return
    try:
        result: Any = call.action()
    except Exception as error:  # noqa: BLE001 - it belongs to the caller, who gets it here
        call.done.set_exception(error)
    else:
        call.done.set_result(result)
