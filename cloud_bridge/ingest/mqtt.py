"""`MqttLink`: the broker's side of the intake, paho-mqtt with manual acknowledgement.

A persistent session (MQTT 5 or 3.1.1) subscribed to every gateway's records; or, where the
settings name a group, a share of them (MQTT 5). A broker that is down is tried again for ever.
"""

from __future__ import annotations

import queue
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud_bridge.errors import BridgeError
from cloud_bridge.ingest.inbox import Delivery, Inbox
from cloud_bridge.ingest.judge import MAX_MESSAGE_BYTES
from cloud_bridge.ingest.network import Network
from cloud_bridge.settings import MqttSettings, TlsSettings
from packtrail import logs
from packtrail.downlink import MAX_COMMAND_BYTES
from packtrail.language import Text
from packtrail.settings import secret
from packtrail.topics import ALL_QUESTIONS, ALL_RECORDS, ALL_STATUS, receipt_topic

SESSION_S: Final = 7 * 24 * 3600
SHARED_SESSION_S: Final = 60
"""Long enough for a restart. A share that is held for a bridge that is gone for good waits in
vain, while the others are there for the gateway's repeat."""
QOS: Final = 1
KEEPALIVE_S: Final = 30
RECEIPTS_WAITING: Final = 1_000

HEADER_BYTES: Final = 65_536
"""Room for topic and properties beside the largest message that is looked at."""
MOST_PACKET_BYTES: Final = MAX_MESSAGE_BYTES + HEADER_BYTES

log = logs.get("cloud_bridge.mqtt")


class MqttLink:
    """Connects, subscribes, fills the inbox, answers and acknowledges.

    Args:
        settings: where and who.
        inbox: where deliveries go.
        status: told of a gateway's `online` or `offline`: topic and payload.
        question: told of a gateway's question: topic and payload.
    """

    def __init__(
        self,
        settings: MqttSettings,
        inbox: Inbox,
        status: Callable[[str, bytes], None] = lambda _topic, _payload: None,
        question: Callable[[str, bytes], None] = lambda _topic, _payload: None,
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._status = status
        self._question = question
        self._session = 0
        self._lock = threading.Lock()
        self.connections = 0
        self.fault: Text | None = Text("not connected yet", "尚未连接")
        self._client = make_client(settings, settings.client_id, clean=False)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish_read = self._on_publish

    @property
    def connected(self) -> bool:
        """Whether the subscription stands."""
        return not self.fault

    @property
    def dead(self) -> bool:
        """Whether the network thread has ended, by what a broker sent: only a restart helps."""
        return self._client.ended

    def start(self) -> None:
        """Connect in the background, now and after every loss."""
        host, port = self._settings.host, self._settings.port
        if self._v5:
            # paho leaves this class untyped.
            properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            shared = bool(self._settings.shared_group)
            properties.SessionExpiryInterval = SHARED_SESSION_S if shared else SESSION_S
            # The broker may have so many unacknowledged messages on the way to us.
            properties.ReceiveMaximum = self._settings.window
            # Whatever is larger, the broker throws away; from one of 3.1.1 it comes, and is cut.
            properties.MaximumPacketSize = MOST_PACKET_BYTES
            self._client.connect_async(
                host, port, KEEPALIVE_S, clean_start=False, properties=properties
            )
        else:
            self._client.connect_async(host, port, KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Leave the broker; it keeps the session for our return."""
        self._inbox.close()
        self._client.disconnect()
        self._client.loop_stop()
        self.fault = Text("stopped", "已停止")

    def answer(self, gateway: str, receipt: bytes) -> None:
        """See `Answering.answer`."""
        if self.connected:
            self._client.publish(receipt_topic(gateway), receipt, QOS)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send something else than a receipt; without a connection it is not sent."""
        if self.connected:
            self._client.publish(topic, payload, QOS)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See `Answering.acknowledge`.

        A delivery of an earlier connection is left alone: the broker has given its packet
        identifier to another message by now. One of QoS 0 has no identifier, and a broker
        ends the connection of whoever acknowledges it.
        """
        with self._lock:
            self._client.acknowledge(
                one.packet for one in deliveries if one.packet and one.session == self._session
            )

    @property
    def _v5(self) -> bool:
        return self._settings.protocol == "5"

    def _on_connect(
        self, client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, _props: Any
    ) -> None:
        if reason.is_failure:
            self._lose(Text(f"it refuses us: {reason}", f"拒绝连接：{reason}"))
            return
        log.info("broker_connected", session_kept=flags.session_present)
        group = self._settings.shared_group
        records = f"$share/{group}/{ALL_RECORDS}" if group else ALL_RECORDS
        client.subscribe([(records, QOS), (ALL_STATUS, QOS), (ALL_QUESTIONS, QOS)])

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _props: Any
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._lose(Text(f"it refuses the subscription: {refused}", f"拒绝订阅：{refused}"))
            return
        self.fault = None
        self.connections += 1
        log.info("broker_subscribed")

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self._lose(Text("it does not answer", "无应答"))

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _props: Any
    ) -> None:
        with self._lock:
            self._session += 1
        self._lose(Text(f"connection lost: {reason}", f"连接中断：{reason}"))

    def _lose(self, fault: Text) -> None:
        if fault != self.fault:
            log.warning("broker_lost", fault=fault.en, host=self._settings.host)
        self.fault = fault

    def _on_publish(self, raw_topic: bytes, data: bytes, packet: int, qos: int) -> None:
        try:
            topic = raw_topic.decode()
        except UnicodeDecodeError:
            topic = "no UTF-8"
        if topic.endswith("/status"):
            self._status(topic, data)
            self._client.ack(packet, qos)
            return
        if "/question/" in topic:
            self._question(topic, data[: MAX_COMMAND_BYTES + 1])
            self._client.ack(packet, qos)
            return
        # Waits while the inbox is full: then the broker's window to us stays full too.
        self._inbox.put(Delivery(topic, data[: MAX_MESSAGE_BYTES + 1], packet, self._session))


def make_client(settings: MqttSettings, client_id: str, *, clean: bool) -> Network:
    """A client with these settings, not yet connected.

    Raises:
        PacktrailError: a secret or a TLS file is not there.
    """
    v5 = settings.protocol == "5"
    client = Network(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if v5 else clean,
        protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
        manual_ack=True,
    )
    client.most_bytes = MOST_PACKET_BYTES
    client.reconnect_delay_set(1, 15)
    client.max_queued_messages_set(RECEIPTS_WAITING)
    client.max_inflight_messages_set(RECEIPTS_WAITING)
    if settings.username:
        password = secret(settings.password_env) if settings.password_env else None
        client.username_pw_set(settings.username, password)
    if settings.tls:
        client.tls_set_context(_tls(settings.tls))
    return client


def probe(settings: MqttSettings, wait_s: float = 5.0) -> str:
    """Connect once and leave; the fault in one line, or "" if the broker takes us."""
    client = make_client(settings, f"{settings.client_id}-check", clean=True)
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    client.on_connect = lambda _c, _d, _f, reason, _p: answers.put(
        str(reason) if reason.is_failure else ""
    )
    try:
        client.connect(settings.host, settings.port, keepalive=10)
    except (OSError, ValueError) as error:
        return str(error)
    client.loop_start()
    try:
        return answers.get(timeout=wait_s)
    except queue.Empty:
        return f"no answer in {wait_s:g} s"
    finally:
        client.disconnect()
        client.loop_stop()


def _tls(settings: TlsSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca)
        if settings.certificate:
            context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        raise BridgeError(
            Text(f"TLS files cannot be used: {error}", f"TLS 文件不可用：{error}"),
            where="mqtt.tls",
            hint=Text("check ca, certificate and key", "请检查 ca、certificate 与 key"),
        ) from error
    return context
