"""What `Network` takes over from paho: reading ahead, PUBLISH, and acknowledging in one piece."""

from __future__ import annotations

import socket

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud_bridge.ingest.inbox import Inbox
from cloud_bridge.ingest.mqtt import MqttLink
from cloud_bridge.ingest.network import ReadAhead
from cloud_bridge.settings import MqttSettings
from tests.cloud_bridge.played_broker import PlayedBroker
from tests.cloud_bridge.running import until
from tests.services import LOOPBACK, Mosquitto

TOPIC = "packtrail/1/station-1/record/00112233aabbccdd/"


def link_to(port: int, protocol: str = "5") -> MqttLink:
    """A link whose deliveries stay in its inbox."""
    return MqttLink(MqttSettings(port=port, protocol=protocol), Inbox(1_000))


def publish(broker: Mosquitto, payloads: list[bytes]) -> None:
    """Messages under numbers from 1 on, each with a property that nobody here asked for."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect(LOOPBACK, broker.port)
    client.loop_start()
    properties = Properties(PacketTypes.PUBLISH)
    properties.UserProperty = ("from", "elsewhere")
    for number, payload in enumerate(payloads, 1):
        client.publish(f"{TOPIC}{number}", payload, 1, properties=properties).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_messages_of_every_length_arrive_whole_and_are_acknowledged_once(mosquitto, protocol):
    sizes = [0, 1, 100, 200, 20_000, 65_535, 65_536, 200_000, 3, 70_000]
    sent = [bytes([n]) * size for n, size in enumerate(sizes)]
    link = link_to(mosquitto.port, protocol)
    link.start()
    until(lambda: link.connected)
    publish(mosquitto, sent)
    until(lambda: len(link._inbox) == len(sent))
    deliveries = link._inbox.batch(100, 0)
    assert [one.data for one in deliveries] == sent
    assert [one.topic for one in deliveries] == [f"{TOPIC}{n}" for n in range(1, len(sent) + 1)]

    link.acknowledge(deliveries[:-1])
    link.stop()
    again = link_to(mosquitto.port, protocol)
    again.start()
    until(lambda: again._inbox.batch(100, 0) or None)
    left = len(again._inbox)
    again.stop()
    assert not left  # the one that was not acknowledged, and no other


@pytest.mark.parametrize(
    "raw",
    [
        b"\x30\x00",
        b"\x30\x04\x00\x09ab",
        b"\x32\x05\x00\x01a\x00\x00",
        b"\x34\x05\x00\x01a\x00\x01",
        b"\x32\xff\xff\xff\xff\x01abcdef",
    ],
)
def test_a_malformed_message_ends_the_connection_and_not_the_thread(raw):
    with PlayedBroker() as broker:
        link = link_to(broker.port, "3.1.1")
        link.start()
        until(lambda: link.connected)
        broker.send(raw)
        until(lambda: link.connections > 1, 10)
        assert not link.dead
        assert not len(link._inbox)
        link.stop()


def test_a_socket_gives_whole_messages_and_leaves_the_rest():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ahead = ReadAhead(ours)
        assert ahead.whole_publish() is None
        long = b"x" * 300
        theirs.sendall(b"\xd0\x00" + b"\x30\x05hello" + b"\x32\xac\x02" + long + b"\x32\x04\x00a")
        assert ahead.recv(2) == b"\xd0\x00"
        assert ahead.whole_publish() == (0x30, b"hello")
        assert ahead.whole_publish() == (0x32, long)
        assert ahead.whole_publish() is None  # two bytes of it are still on the way
        assert ahead.recv(9) == b"\x32\x04\x00a"


def test_a_socket_that_reads_ahead_gives_every_byte_once():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(bytes(range(100)))
        ahead = ReadAhead(ours)
        assert ahead.pending() == 0
        assert ahead.recv(1) + ahead.recv(9) == bytes(range(10))
        assert ahead.pending() == 90
        assert ahead.recv(1_000) == bytes(range(10, 100))
        theirs.close()
        assert ahead.recv(1) == b""
        assert ahead.fileno() == ours.fileno()
