"""`Network`: paho-mqtt's client, reading ahead and acknowledging many messages at once.

As it comes, paho spends three `recv` calls, one `select` and a dozen objects on each message, and
one `send` and a wake-up of its thread on each acknowledgement: 70 us of a core, and at each system
call the interpreter goes to the thread that checks signatures. Here the socket is read 64 KiB at a
time, messages that lie whole in what was read are handed over as they lie, and a batch's
acknowledgements leave in one piece. The protocol stays paho's: sessions, properties, reconnects,
everything but PUBLISH.
It reaches into paho (`tests/cloud_bridge/test_network.py` says when a release moves things).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any, Final, Self, TypeGuard

from paho.mqtt.client import Client
from paho.mqtt.enums import MessageType, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

READ_BYTES: Final = 65_536
PACKETS_AT_ONCE: Final = 64
READS_AT_ONCE: Final = 4
"""After so many packets and reads, what waits to be sent gets its turn."""
PUBLISH: Final = 0x3
SHORTEST: Final = 5
"""Bytes with which every length can be read; fewer are paho's."""

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
            # Memory is taken for all that is asked for: of a long packet a piece at a time.
            wanted = max(min(size, READ_BYTES), self._read_bytes)
            self._ahead = memoryview(self._connection.recv(wanted))
        taken, self._ahead = bytes(self._ahead[:size]), self._ahead[size:]
        return taken

    def whole_publish(self) -> tuple[int, bytes] | None:
        """First byte and content of the PUBLISH that comes next; None unless all of it is here."""
        ahead, length = self._ahead, 0
        if len(ahead) < SHORTEST or ahead[0] >> 4 != PUBLISH:
            return None
        for place in range(4):
            byte = ahead[place + 1]
            length |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                break
        end = place + 2 + length
        if byte >= 0x80 or end > len(ahead):
            return None  # paho goes on, or says what is wrong
        self._ahead = ahead[end:]
        return ahead[0], bytes(ahead[place + 2 : end])

    def pending(self) -> int:
        """How many bytes can be had without waiting."""
        below = self._connection
        hidden = below.pending() if isinstance(below, ssl.SSLSocket) else 0
        return len(self._ahead) + hidden

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _reads_ahead(connection: object) -> TypeGuard[ReadAhead]:
    return isinstance(connection, ReadAhead)


class Head(bytearray):
    """What is kept of a packet: its first `most` bytes, whatever is added."""

    most = 0

    def __iadd__(self, more: Any) -> Self:  # type: ignore[misc]  # `+` makes a plain one
        """Add as much as there is room for."""
        return super().__iadd__(more[: max(self.most - len(self), 0)])


class Network(Client):
    """See the module; it also says that its thread has ended: nothing else would.

    Attributes:
        ended: whether the network thread has returned.
        on_publish_read: gets every message in paho's place; None leaves them to `on_message`.
        read_bytes: so much is read at a time; 1 for what paho asks for.
        most_bytes: of a packet that is longer the rest is read and thrown away. MQTT 3.1.1 lets
            nobody announce a limit, and a packet may have 256 MB.
    """

    ended = False
    most_bytes = 256 * 1024 * 1024
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
        for _ in range(READS_AT_ONCE):
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

    def _packet_read(self) -> MQTTErrorCode:
        ahead = self._sock
        if not self.on_publish_read or self._in_packet["command"] or not _reads_ahead(ahead):
            return self._piece_read()
        for _ in range(PACKETS_AT_ONCE):
            found = ahead.whole_publish()
            if found is None:
                return self._piece_read()
            try:
                code = self._hand_over(self.on_publish_read, *found)
            except MalformedPacket:
                return MQTTErrorCode.MQTT_ERR_PROTOCOL
            if code:
                return code
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _piece_read(self) -> MQTTErrorCode:
        """Whatever paho reads itself, of a packet of 3.1.1 no more than `most_bytes`."""
        # A broker of MQTT 5 keeps to the limit that was announced; paho begins anew each time.
        if self._protocol != MQTTProtocolVersion.MQTTv5:
            packet = self._in_packet["packet"]
            if type(packet) is bytearray:
                kept = self._in_packet["packet"] = Head(packet)
                kept.most = self.most_bytes
        return super()._packet_read()

    def _handle_publish(self) -> MQTTErrorCode:
        """Of a message that came in pieces, or larger than what is read at a time."""
        if not self.on_publish_read:
            return super()._handle_publish()
        header, packet = self._in_packet["command"], bytes(self._in_packet["packet"])
        return self._hand_over(self.on_publish_read, header, packet)

    def _hand_over(self, read: OnPublish, header: int, packet: bytes) -> MQTTErrorCode:
        qos = header >> 1 & 3
        at = 2 + int.from_bytes(packet[:2], "big")
        topic, identifier = packet[2:at], 0
        if qos:
            identifier = int.from_bytes(packet[at : at + 2], "big")
            at += 2
        at += self._properties_bytes(packet, at)
        if qos > 1 or at > len(packet) or (qos and not identifier):
            return MQTTErrorCode.MQTT_ERR_PROTOCOL  # no subscription of ours allows QoS 2
        read(topic, packet[at:], identifier, qos)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _properties_bytes(self, packet: bytes, at: int) -> int:
        """Length of a message's properties; those that are there have to be well-formed."""
        if self._protocol != MQTTProtocolVersion.MQTTv5:
            return 0
        if packet[at : at + 1] == b"\x00":
            return 1
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        taken: int = properties.unpack(packet[at:])[1]  # type: ignore[no-untyped-call]
        return taken
