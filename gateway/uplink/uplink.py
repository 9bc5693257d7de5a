"""The uplink: sealed records from the outbox to the broker, receipts back.

A thread of its own, so that neither a slow broker nor a long name lookup is ever in the way
of a frame. The broker's acknowledgement is not believed: a record stays in the outbox until a
receipt that the bridge signed covers it. Whatever fails ends the connection, and after a
pause that grows the next one starts from what the outbox still holds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.backoff import delays
from gateway.errors import GatewayError
from gateway.outbox import Outbox, Waiting
from gateway.uplink.budget import Budget
from gateway.uplink.link import Arrived, Broker, Closed, Inbox, Link, LinkEvent, Opened, PahoLink
from gateway.uplink.window import Window
from packtrail import logs
from packtrail.errors import CodecError
from packtrail.receipt import Receipt, open_receipt
from packtrail.signing import VerifyKey
from packtrail.topics import command_topic, receipt_topic, record_topic, status_topic

OPENING_S: Final = 15.0
"""Time for the broker to let us in once it is connected."""
IDLE_S: Final = 5.0
MOST_WORDS: Final = 256
"""Answers and questions that wait for a link; the oldest make room."""

LinkMaker = Callable[[Inbox], Link]


@dataclass(frozen=True, slots=True)
class UplinkState:
    """What an operator sees of the uplink.

    Attributes:
        connected: let in by the broker, receipts subscribed.
        under_way: records sent and not answered.
        sent: records sent for the first time on a connection.
        repeated: records sent again for want of a receipt.
        receipts: verified receipts.
        bad_receipts: messages on the receipt topic that were none of the bridge's.
        connections: how often the broker let us in.
        last_receipt_ns: UTC of the newest verified receipt, 0 for none.
        through: its contiguous number.
        problem: why there is no connection, "" when there is.
        budget_left: bytes that today's data budget still allows; None without one.
    """

    connected: bool = False
    under_way: int = 0
    sent: int = 0
    repeated: int = 0
    receipts: int = 0
    bad_receipts: int = 0
    connections: int = 0
    last_receipt_ns: int = 0
    through: int = 0
    problem: str = ""
    budget_left: int | None = None


class Uplink:
    """Sends an outbox.

    Args:
        outbox: what to send.
        gateway: whose receipts to take.
        bridge: the key that receipts must be signed with.
        make_link: makes one connection that reports to the given inbox.
        window: most records under way.
        patience_s: how long a receipt may take before its record goes again.
        daily_bytes: what a metered link may carry in a day, 0 for any amount.
        on_command: told of each message on our command topic; must not block.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        gateway: str,
        bridge: VerifyKey,
        make_link: LinkMaker,
        window: int = 64,
        patience_s: float = 10.0,
        daily_bytes: int = 0,
        on_command: Callable[[bytes], None] = lambda _data: None,
    ) -> None:
        self._outbox, self._gateway, self._bridge = outbox, gateway, bridge
        self._make_link = make_link
        self._window = Window(outbox, window, patience_s)
        self._budget = Budget(outbox, daily_bytes)
        self._on_command, self._command_topic = on_command, command_topic(gateway)
        self._words: deque[tuple[str, bytes]] = deque(maxlen=MOST_WORDS)
        self._inbox = Inbox()
        self._stopping = threading.Event()
        self._state = UplinkState()
        self._log = logs.get("gateway.uplink")
        self._thread = threading.Thread(target=self._run, name="uplink")
        outbox.subscribe(self._wake)

    @property
    def state(self) -> UplinkState:
        """What an operator sees."""
        left = self._budget.left_bytes
        return replace(self._state, under_way=len(self._window), budget_left=left)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and end; what is unanswered stays in the outbox."""
        self._stopping.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join()

    def say(self, topic: str, payload: bytes) -> None:
        """Send an answer or a question as soon as there is a link; kept in memory only."""
        self._words.append((topic, payload))
        self._wake()

    def _wake(self) -> None:
        self._inbox.wake()

    def _run(self) -> None:
        pauses = delays()
        while not self._stopping.is_set():
            receipts = self._state.receipts
            problem = self._one_connection()
            if self._state.receipts > receipts:
                pauses = delays()  # it was a good connection: come back soon
            if not self._stopping.is_set():
                pause = next(pauses)
                self._note(connected=False, problem=problem)
                self._log.warning("link_lost", why=problem, pause_s=round(pause, 1))
                self._stopping.wait(pause)

    def _one_connection(self) -> str:
        """Connect, send and receive until something ends it; returns what."""
        self._inbox = Inbox()  # nothing that the last connection said concerns this one
        link = self._make_link(self._inbox)
        farewell = None
        try:
            link.open()
            if not self._is_let_in():
                return ""
            self._note(connected=True, problem="", connections=self._state.connections + 1)
            self._log.info("link_up", connections=self._state.connections)
            self._window.restart()
            self._serve(link)
            farewell = (status_topic(self._gateway), b"offline")
        except GatewayError as error:
            return error.describe()
        except Exception as error:  # noqa: BLE001 - all is on disk; the next connection starts sound
            self._log.exception("uplink_failed")
            return f"{type(error).__name__}: {error}"
        finally:
            link.close(farewell)
            self._note(connected=False)
        return ""

    def _is_let_in(self) -> bool:
        """Wait for the broker's word; False when we are to stop meanwhile."""
        deadline = time.monotonic() + OPENING_S
        while not self._stopping.is_set():
            event = self._inbox.take(deadline - time.monotonic())
            if isinstance(event, Opened):
                return True
            _end_if_closed(event)
            if time.monotonic() > deadline:
                raise GatewayError("the broker did not let us in in time", retryable=True)
        return False

    def _serve(self, link: Link) -> None:
        while not self._stopping.is_set():
            self._say_what_waits(link)
            self._send_fresh(link)
            event = self._inbox.take(self._idle_s())
            _end_if_closed(event)
            if isinstance(event, Arrived) and event.topic == self._command_topic:
                self._budget.spend(len(event.payload))
                self._on_command(event.payload)
            elif isinstance(event, Arrived):
                self._take_receipt(link, event.payload)
            self._probe(link)
            self._note_refusals(link.refusals())

    def _note_refusals(self, problem: str) -> None:
        """The broker says that it drops what we send; receipts will show what to repeat."""
        if problem and problem != self._state.problem:
            self._log.warning("broker_refuses", why=problem)
            self._note(problem=problem)

    def _say_what_waits(self, link: Link) -> None:
        while self._words and link.room() > 0:
            topic, payload = self._words.popleft()
            self._budget.spend(len(topic) + len(payload))
            link.send(topic, payload)

    def _send_fresh(self, link: Link) -> None:
        """Fill the window, as far as the broker's own limit allows."""
        if link.room() <= 0:
            return
        allowed = self._budget.allows_telemetry
        records = self._window.fill(time.monotonic_ns(), link.room(), in_order=allowed)
        for record in records:
            self._send(link, record)
        if records:
            self._note(sent=self._state.sent + len(records))

    def _take_receipt(self, link: Link, payload: bytes) -> None:
        self._budget.spend(len(payload))
        try:
            receipt = self._verified(payload)
        except CodecError as error:
            self._note(bad_receipts=self._state.bad_receipts + 1)
            self._log.warning("receipt_not_believed", why=str(error))
            return
        self._outbox.settle(receipt)
        overdue = self._window.answer(receipt, time.monotonic_ns())
        self._note(
            receipts=self._state.receipts + 1,
            last_receipt_ns=time.time_ns(),
            through=receipt.through,
        )
        self._repeat(link, overdue)

    def _verified(self, payload: bytes) -> Receipt:
        receipt = open_receipt(payload, self._bridge)
        if receipt.gateway != self._gateway:
            raise CodecError("receipt", f"it is for {receipt.gateway!r}")
        return receipt

    def _probe(self, link: Link) -> None:
        lowest = self._window.probe(time.monotonic_ns())
        if lowest:
            self._repeat(link, [lowest])

    def _repeat(self, link: Link, records: list[Waiting]) -> None:
        """Send again what the broker has room for: one that takes nothing gets no more copies."""
        if not self._budget.allows_telemetry:
            records = [record for record in records if record.kind.carries_event]
        records = records[: max(link.room(), 0)]
        for record in records:
            self._send(link, record)
        if records:
            self._note(repeated=self._state.repeated + len(records))
            self._log.info("records_repeated", first=records[0].address.seq, count=len(records))

    def _send(self, link: Link, record: Waiting) -> None:
        topic = record_topic(record.address)
        self._budget.spend(len(topic) + len(record.sealed))
        link.send(topic, record.sealed)

    def _idle_s(self) -> float:
        """Until the next probe is due; the outbox wakes us for what is new."""
        due_ns = self._window.next_probe_ns()
        if due_ns is None:
            return IDLE_S
        return min(max(due_ns - time.monotonic_ns(), 0) / 1e9, IDLE_S)

    def _note(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)


def paho_links(broker: Broker, gateway: str, window: int) -> LinkMaker:
    """Makes paho connections in the name of a gateway."""

    def make(inbox: Inbox) -> Link:
        return PahoLink(
            broker,
            inbox,
            listen=[receipt_topic(gateway), command_topic(gateway)],
            status=status_topic(gateway),
            window=window,
        )

    return make


def _end_if_closed(event: LinkEvent) -> None:
    if isinstance(event, Closed):
        raise GatewayError(event.reason, retryable=True)
