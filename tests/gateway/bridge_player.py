"""Plays the bridge on a real broker: takes records, answers with signed receipts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from packtrail.receipt import Receipt, Refusal, seal_receipt
from packtrail.record import Record, unseal
from packtrail.signing import SigningKey
from packtrail.topics import ALL_RECORDS, ALL_STATUS, parse_record_topic, receipt_topic
from tests.gateway.drafts import BRIDGE_KEY, opened
from tests.services import LOOPBACK


def eventually(holds: Callable[[], Any], seconds: float = 15) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)


class BridgePlayer:
    """Stores records by number in memory; `refuse` and `deaf` make it difficult.

    `size` counts the bytes of payloads and topics that came; `values` are what commitments open to.
    """

    def __init__(self, port: int, key: SigningKey = BRIDGE_KEY) -> None:
        self.records: dict[tuple[str, int], Record] = {}
        self.values: dict[str, str] = {}
        self.order: list[int] = []
        self.statuses: list[bytes] = []
        self.repeats = self.size = 0
        self.refuse: set[int] = set()
        self.deaf = False
        self.silent = False
        self._key = key
        self._lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bridge")
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect(LOOPBACK, port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, gateway: str, payload: bytes) -> None:
        """Anything on a receipt topic."""
        self._client.publish(receipt_topic(gateway), payload, qos=1).wait_for_publish(5)

    def seqs(self) -> list[int]:
        """Numbers stored, rising."""
        with self._lock:
            return sorted(seq for _, seq in self.records)

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe([(ALL_RECORDS, 1), (ALL_STATUS, 1)])

    def _on_message(self, _client: paho.Client, _userdata: Any, message: Any) -> None:
        if message.topic.endswith("/status"):
            self.statuses.append(message.payload)
            return
        if self.deaf:
            return
        self.size += len(message.payload) + len(message.topic)
        address = parse_record_topic(message.topic)
        record = opened(message.payload)
        assert (record.gateway, record.epoch, record.seq) == address
        with self._lock:
            openings = unseal(message.payload).openings
            self.values |= {one.commitment: one.value for one in openings}
            self.repeats += (record.epoch, record.seq) in self.records
            self.records.setdefault((record.epoch, record.seq), record)
            self.order.append(record.seq)
        if not self.silent:
            self.say_receipt(address.gateway, address.epoch)

    def say_receipt(self, gateway: str, epoch: str) -> None:
        """Answer from what is stored."""
        with self._lock:
            stored = {seq for known, seq in self.records if known == epoch}
        through = 0
        while through + 1 in stored:
            through += 1
        answer = Receipt(
            gateway=gateway,
            epoch=epoch,
            through=through,
            ahead=tuple(sorted(seq for seq in stored if seq > through)),
            refused=tuple(Refusal(seq, "test") for seq in sorted(self.refuse & stored)),
            committed_ns=time.time_ns(),
        )
        self._client.publish(receipt_topic(gateway), seal_receipt(answer, self._key), qos=1)
