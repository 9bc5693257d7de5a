"""Records over a real broker: committed, answered, once."""

from __future__ import annotations

import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

from cloud_bridge.ingest.inbox import Inbox
from cloud_bridge.ingest.mqtt import MqttLink
from cloud_bridge.service import Bridge
from cloud_bridge.settings import BridgeSettings
from packtrail.event import PackInstalled
from tests.cloud_bridge import parts
from tests.cloud_bridge.played_broker import PlayedBroker
from tests.cloud_bridge.running import Wire, running, settings_for, until


@pytest.fixture
def gateway() -> parts.PlayedGateway:
    return parts.PlayedGateway()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_records_are_committed_and_answered(mosquitto, tmp_path, gateway, protocol):
    settings = settings_for(tmp_path, mosquitto.port, mqtt={"protocol": protocol})
    with running(settings) as bridge, Wire(mosquitto.port) as wire:
        wire.send(gateway.telemetry(), gateway.tell(PackInstalled(place=parts.SLOT)))
        receipt = wire.receipt(2)
        assert (receipt.gateway, receipt.epoch, receipt.refused) == ("station-1", parts.EPOCH, ())
        assert bridge.store.counts()[:3] == (1, 4, 1)


def test_a_lost_receipt_is_repaired_by_sending_again(mosquitto, tmp_path, gateway):
    with running(settings_for(tmp_path, mosquitto.port)) as bridge, Wire(mosquitto.port) as wire:
        message = gateway.telemetry()
        wire.send(message)
        wire.receipt(1)
        wire.receipts.clear()
        wire.send(message)
        wire.receipt(1)
        assert bridge.store.counts().chunks == 1


def test_a_poisoned_record_is_refused_by_name_and_the_rest_flows(mosquitto, tmp_path, gateway):
    with running(settings_for(tmp_path, mosquitto.port)) as bridge, Wire(mosquitto.port) as wire:
        poisoned = gateway.record(parts.Kind.TELEMETRY, b"poison")
        wire.send(poisoned, gateway.telemetry())
        wire.receipt(2)
        refused = [refusal for receipt in wire.receipts for refusal in receipt.refused]
        assert [(r.seq, r.reason) for r in refused] == [(1, "columns")]
        assert bridge.store.counts()[2:4] == (1, 1)


def test_strangers_get_no_answer_and_do_not_hold_up_others(mosquitto, tmp_path, gateway):
    unknown = parts.PlayedGateway(name="station-9", key=parts.STRANGER)
    with running(settings_for(tmp_path, mosquitto.port)) as bridge:
        with Wire(mosquitto.port, "station-9") as deaf, Wire(mosquitto.port) as wire:
            wire.send(unknown.telemetry(), (gateway.record()[0], b"\xff"), gateway.telemetry())
            until(lambda: wire.receipts)
            assert wire.receipts[-1].through == 0
            assert wire.receipts[-1].ahead == (2,)
            assert deaf.receipts == []
        assert bridge.store.counts().strangers == 2


def test_two_bridges_share_one_stream_and_one_store(mosquitto, tmp_path, gateway):
    def shared(name: str) -> Bridge:
        mqtt = {"shared_group": "bridges", "client_id": name}
        return settings_for(tmp_path, mosquitto.port, name=name, mqtt=mqtt)

    with running(shared("one")) as one, running(shared("two")) as two:
        with Wire(mosquitto.port) as wire:
            for i in range(60):
                wire.send(gateway.telemetry(parts.samples(5, parts.T0 + i * parts.MINUTE)))
            wire.receipt(60)
        assert one.store.counts().chunks == 60
        parts_of_each = [b.metrics.records.labels("stored")._value.get() for b in (one, two)]
        assert sum(parts_of_each) == 60
        assert min(parts_of_each) > 0


def test_a_broker_that_is_down_is_tried_until_it_is_there(mosquitto, tmp_path, gateway):
    mosquitto.stop()
    with running(settings_for(tmp_path, mosquitto.port), connected=False) as bridge:
        assert any("broker" in fault.en for fault in bridge.health().faults)
        mosquitto.start()
        until(lambda: bridge.health().ok, 20)
        with Wire(mosquitto.port) as wire:
            wire.send(gateway.telemetry())
            wire.receipt(1)


def test_records_that_arrive_while_the_bridge_is_away_wait_for_it(mosquitto, tmp_path, gateway):
    settings = settings_for(tmp_path, mosquitto.port)
    with running(settings):
        pass
    with Wire(mosquitto.port) as wire:
        wire.send(*(gateway.telemetry() for _ in range(5)))
        with running(settings):
            wire.receipt(5)


def test_starting_again_with_the_same_settings_writes_nothing(mosquitto, tmp_path):
    settings = settings_for(tmp_path, mosquitto.port)
    for _ in range(2):
        with running(settings) as bridge:
            assert bridge.store.size() == 3


def test_a_key_taken_out_of_the_settings_loses_its_voice(mosquitto, tmp_path, gateway):
    settings = settings_for(tmp_path, mosquitto.port)
    with running(settings):
        pass
    with running(settings.model_copy(update={"trust": settings.trust[1:]})) as bridge:
        with Wire(mosquitto.port) as wire:
            wire.send(gateway.telemetry())
            until(lambda: bridge.store.counts().strangers)
        assert bridge.store.size() == 4
    with running(settings) as bridge, Wire(mosquitto.port) as wire:
        wire.send(*gateway.sent.values())
        wire.receipt(1)
        assert bridge.store.size() == 5


def test_messages_of_qos_0_cost_the_bridge_no_connection(mosquitto, tmp_path, gateway):
    with running(settings_for(tmp_path, mosquitto.port)) as bridge, Wire(mosquitto.port) as wire:
        wire.shout(gateway.telemetry())
        wire.receipt(1)
        wire.send(gateway.telemetry())
        wire.receipt(2)
        assert bridge.link.connections == 1


HUGE_BYTES = 60_000_000
SHOUT = """
import sys
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
client = Client(CallbackAPIVersion.VERSION2)
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_start()
client.publish(sys.argv[2], bytes(int(sys.argv[3])), qos=1).wait_for_publish(60)
client.disconnect()
client.loop_stop()
"""


@pytest.mark.parametrize("kind", ["record/00112233aabbccdd/1", "status"])
def test_a_payload_of_60_mb_is_refused_with_a_count_and_costs_no_memory(
    mosquitto, tmp_path, gateway, kind
):
    """MQTT 3.1.1 has no maximum packet size to announce, and mosquitto's own is without limit."""
    with running(old_protocol(tmp_path, mosquitto.port)) as bridge, Wire(mosquitto.port) as wire:
        tracemalloc.start()
        try:
            shout = [SHOUT, str(mosquitto.port), f"packtrail/1/station-1/{kind}", str(HUGE_BYTES)]
            subprocess.run([sys.executable, "-c", *shout], check=True)
            wire.send(gateway.telemetry())
            wire.receipt(1)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < HUGE_BYTES / 4, f"{peak} bytes at once"
        assert bridge.link.connections == 1
        assert bridge.presence.of("station-1") is None
        if kind != "status":
            ((stranger, _),) = until(lambda: bridge.store.strangers(9))
            assert stranger.reason == "size"
            assert bridge.store.counts().strangers == 1
            assert 'outcome="stranger"} 1.0' in bridge.metrics.text().decode()


def test_a_topic_that_is_no_utf8_is_a_stranger(tmp_path):
    with PlayedBroker() as broker, running(old_protocol(tmp_path, broker.port)) as bridge:
        broker.publish(b"packtrail/1/\xff\xff/record/0/1", b"")
        broker.publish(b"packtrail/1/station-1/status", b"online")
        until(lambda: bridge.presence.of("station-1"))
        until(lambda: bridge.store.counts().strangers)
        assert not bridge.stalled


def test_the_end_of_the_network_thread_is_seen(tmp_path, monkeypatch):
    ends: list[object] = []
    monkeypatch.setattr(threading, "excepthook", ends.append)

    def fail(_topic: str, _payload: bytes) -> None:
        raise ValueError("a mistake of our own")

    with PlayedBroker() as broker:
        link = MqttLink(old_protocol(tmp_path, broker.port).mqtt, Inbox(10), fail)
        link.start()
        until(lambda: link.connected)
        assert not link.dead
        broker.publish(b"packtrail/1/station-1/status", b"online")
        until(lambda: link.dead)
        until(lambda: ends)
        link.stop()


def old_protocol(folder: Path, port: int) -> BridgeSettings:
    return settings_for(folder, port, mqtt={"protocol": "3.1.1"})
