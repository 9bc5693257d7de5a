"""`Network`: paho-mqtt's client, reading ahead and acknowledging many messages at once.

As it comes, paho spends three `recv` calls, one `select` and a dozen objects on each message, and
one `send` and a wake-up of its thread on each acknowledgement: 70 us of a core, and at each system
call the interpreter goes to the thread that checks signatures. Here the socket is read 64 KiB at a
time, what was read is handed over without a `select` between, and a batch's acknowledgements leave
in one piece. The protocol stays paho's: sessions, properties, reconnects, everything but PUBLISH.
It reaches into paho (`tests/cloud_bridge/test_network.py` says when a release moves things).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import MessageType, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

READ_BYTES: Final = 65_536
PACKETS_AT_ONCE: Final = 64
"""After so many, what waits to be sent gets its turn."""

OnPublish = Callable[[bytes, bytes, int, int], None]
"""Topic as it came, payload, packet identifier (0 for QoS 0) and QoS of one message."""


class ReadAhead:
    """A connected socket that reads more than it is asked for, and says what it has left.

    paho asks `pending`, which TLS sockets have, before it waits for the network.
    """

    def __init__(self, connection: Any, read_bytes: int = READ_BYTES) -> None:
        self._connection = connection
        self._read_bytes = read_bytes
        self._ahead = memoryview(b"")

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes, from what was read ahead first."""
        if not self._ahead:
            self._ahead = memoryview(self._connection.recv(max(size, self._read_bytes)))
        taken, self._ahead = bytes(self._ahead[:size]), self._ahead[size:]
        return taken

    def pending(self) -> int:
        """How many bytes can be had without waiting."""
        below = self._connection
        hidden = below.pending() if isinstance(below, ssl.SSLSocket) else 0
        return len(self._ahead) + hidden

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Network(Client):
    """See the module; it also says that its thread has ended: nothing else would.

    Attributes:
        ended: whether the network thread has returned.
        on_publish_read: gets every message in paho's place; None leaves them to `on_message`.
        read_bytes: so much is read at a time; 1 for what paho asks for.
    """

    ended = False
    on_publish_read: OnPublish | None = None
    read_bytes = READ_BYTES

    def loop_forever(
        self, timeout: float = 1.0, retry_first_connection: bool = False
    ) -> MQTTErrorCode:
        """The work of paho's thread."""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        finally:
            self.ended = True

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read, and go on while there is something that was read ahead."""
        for _ in range(PACKETS_AT_ONCE):
            code = super().loop_read(max_packets)
            connection = self._sock
            if code or connection is None or not connection.pending():  # type: ignore[attr-defined]
                return code
        return code

    def acknowledge(self, packets: Iterable[int]) -> None:
        """PUBACK with success for each packet identifier, in one piece (MQTT 3.1.1 and 5)."""
        told = b"".join(b"\x40\x02" + packet.to_bytes(2, "big") for packet in packets)
        if told:
            self._packet_queue(MessageType.PUBACK, told, 0, 0)

    def _create_socket(self) -> Any:
        return ReadAhead(super()._create_socket(), self.read_bytes)

    def _handle_publish(self) -> MQTTErrorCode:
        read = self.on_publish_read
        if read is None:
            return super()._handle_publish()
        header, packet = self._in_packet["command"], self._in_packet["packet"]
        qos = header >> 1 & 3
        at = 2 + int.from_bytes(packet[:2], "big")
        topic, identifier = bytes(packet[2:at]), 0
        if qos:
            identifier = int.from_bytes(packet[at : at + 2], "big")
            at += 2
        at += self._properties_bytes(packet, at)
        if qos > 1 or at > len(packet) or (qos and not identifier):
            return MQTTErrorCode.MQTT_ERR_PROTOCOL  # no subscription of ours allows QoS 2
        read(topic, bytes(memoryview(packet)[at:]), identifier, qos)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _properties_bytes(self, packet: bytearray, at: int) -> int:
        """Length of a message's properties; those that are there have to be well-formed."""
        if self._protocol != MQTTProtocolVersion.MQTTv5:
            return 0
        if packet[at : at + 1] == b"\x00":
            return 1
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        taken: int = properties.unpack(bytes(packet[at:]))[1]  # type: ignore[no-untyped-call]
        return taken
