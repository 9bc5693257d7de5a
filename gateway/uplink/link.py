"""One connection to an MQTT broker, behind a narrow door so that another client can come in.

A link lives for one connection and is then thrown away, with it whatever paho kept: it does
not send again on its own what the window will send again anyway. What the broker does comes
in as events through a queue, because paho calls back with its own locks held.
"""

from __future__ import annotations

import queue
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.errors import GatewayError
from packtrail.language import Text
from packtrail.receipt import MAX_RECEIPT_BYTES

CONNECT_TIMEOUT_S: Final = 5.0
FAREWELL_S: Final = 2.0
MOST_EVENTS: Final = 256


@dataclass(frozen=True, slots=True)
class Opened:
    """The broker let us in and will send receipts."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message on one of the topics that we listen to."""

    payload: bytes
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Woken:
    """Something else changed: look at the outbox, the time and the stop flag."""


LinkEvent = Opened | Closed | Arrived | Woken


class Inbox:
    """Events for the uplink's thread. Full means: it has work, and a wake is not needed."""

    def __init__(self) -> None:
        self._events: queue.Queue[LinkEvent] = queue.Queue(MOST_EVENTS)

    def wake(self) -> None:
        """Never blocks; may be called with any lock held."""
        try:
            self._events.put_nowait(Woken())
        except queue.Full:
            return

    def put(self, event: LinkEvent, still: Callable[[], bool]) -> None:
        """Wait for room as long as `still` holds: the broker's socket waits with us."""
        while still():
            try:
                self._events.put(event, timeout=0.2)
            except queue.Full:
                continue
            return

    def take(self, timeout_s: float) -> LinkEvent:
        """The next event, `Woken` when none came in time."""
        try:
            return self._events.get(timeout=max(timeout_s, 0.0))
        except queue.Empty:
            return Woken()


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS 1.2 or newer; the broker's name is always checked.

    Attributes:
        ca_file: who may sign the broker's certificate; None for the system's list.
        certificate_file: our certificate, for mutual TLS.
        key_file: its key.
    """

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """The context that a client uses."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate_file:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how it wants to be addressed."""

    host: str
    port: int = 1883
    version: str = "5"
    client_id: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    keepalive_s: int = 30
    tls: Tls | None = None


class Link(Protocol):
    """One connection. Methods are called from one thread; events come through the inbox."""

    def open(self) -> None:
        """Connect and subscribe; `Opened` follows. Raises GatewayError."""
        ...

    def room(self) -> int:
        """How many messages the broker takes before it acknowledges one."""
        ...

    def send(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1."""
        ...

    def refusals(self) -> str:
        """Why the broker did not take messages, "" while it takes all."""
        ...

    def close(self, farewell: tuple[str, bytes] | None = None) -> None:
        """Leave, with a last retained message if one is given."""
        ...


class PahoLink:
    """A link by Eclipse paho, which runs its own network thread.

    Args:
        broker: where to go.
        inbox: where events go.
        listen: topics that we subscribe to.
        status: topic of the retained status; `offline` is the last will.
        window: most messages unacknowledged by the broker.
    """

    def __init__(
        self, broker: Broker, inbox: Inbox, *, listen: Sequence[str], status: str, window: int
    ) -> None:
        self._broker, self._inbox = broker, inbox
        self._listen, self._status = listen, status
        self._room = window
        self._sent, self._taken, self._refusals = 0, 0, ""
        self._closing = threading.Event()
        self._client = self._make_client(window)

    def open(self) -> None:
        """Connect; raises GatewayError where nobody answers."""
        broker = self._broker
        try:
            if broker.tls:
                self._client.tls_set_context(broker.tls.context())
            self._client.connect(broker.host, broker.port, broker.keepalive_s)
        except (OSError, ValueError) as error:
            raise unreachable(broker, str(error)) from error
        self._client.loop_start()

    def room(self) -> int:
        """What the broker still takes."""
        return self._room - (self._sent - self._taken)

    def send(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1; a dead connection shows as `Closed`."""
        self._sent += 1
        self._client.publish(topic, payload, qos=1)

    def refusals(self) -> str:
        """The broker's own words, by MQTT 5 only."""
        return self._refusals

    def close(self, farewell: tuple[str, bytes] | None = None) -> None:
        """Say goodbye and end the network thread."""
        if farewell and self._client.is_connected():
            message = self._client.publish(*farewell, qos=1, retain=True)
            if message.rc is MQTTErrorCode.MQTT_ERR_SUCCESS:
                message.wait_for_publish(FAREWELL_S)
        self._closing.set()
        self._client.disconnect()
        self._client.loop_stop()

    def _make_client(self, window: int) -> paho.Client:
        five = self._broker.version == "5"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            clean_session=None if five else True,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages = window
        client.will_set(self._status, b"offline", qos=1, retain=True)
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password or None)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: Any,
        _flags: Any,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._put(Closed(f"the broker refused us: {reason}"))
            return
        receive_maximum = getattr(properties, "ReceiveMaximum", self._room)
        self._room = min(self._room, receive_maximum)
        client.subscribe([(topic, 1) for topic in self._listen])

    def _on_subscribe(
        self,
        client: paho.Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Any,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._put(Closed(f"our topics are refused: {reasons[0]}"))
            return
        self._sent += 1  # the uplink sends nothing before `Opened`, so nobody else counts now
        client.publish(self._status, b"online", qos=1, retain=True)
        self._put(Opened())

    def _on_disconnect(
        self, _client: paho.Client, _userdata: Any, _flags: Any, reason: ReasonCode, _p: Any
    ) -> None:
        self._put(Closed(str(reason)))

    def _on_message(self, _client: paho.Client, _userdata: Any, message: Any) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        # One byte too many is enough to be counted as no receipt.
        self._put(Arrived(bytes(message.payload[: MAX_RECEIPT_BYTES + 1]), topic))

    def _on_publish(
        self, _client: paho.Client, _userdata: Any, _mid: int, reason: ReasonCode, _p: Any
    ) -> None:
        # paho holds its message lock here: count, wake, touch nothing else.
        self._taken += 1
        if reason.is_failure:
            self._refusals = str(reason)
        self._inbox.wake()

    def _put(self, event: LinkEvent) -> None:
        self._inbox.put(event, lambda: not self._closing.is_set())


def unreachable(broker: Broker, why: str) -> GatewayError:
    """What to tell a person about a broker that does not answer."""
    return GatewayError(
        Text(f"the broker does not answer: {why}", f"消息代理无响应：{why}"),
        where=f"{broker.host}:{broker.port}",
        hint=Text(
            "check host, port, TLS and that the broker runs",
            "请检查主机、端口、TLS 以及代理是否已启动",
        ),
        retryable=True,
    )
