"""Plays the platform that ThingsBoard IoT Gateway reports to, on a real broker."""

from __future__ import annotations

import json
import threading
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.services import LOOPBACK

TELEMETRY = "v1/gateway/telemetry"
REQUESTS = "v1/devices/me/rpc/request/"
NO_LIMITS = {
    "maxPayloadSize": 65536,
    "maxInflightMessages": 100,
    "rateLimits": {"messages": "", "telemetryMessages": "", "telemetryDataPoints": ""},
    "gatewayRateLimits": {},
}
"""Without an answer to its question for limits the gateway publishes nothing at all."""


class Platform:
    """Counts the values and bytes that arrive."""

    def __init__(self, port: int) -> None:
        self.values = self.size = self.messages = 0
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="platform")
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect(LOOPBACK, port)
        self._client.subscribe([(TELEMETRY, 1), (f"{REQUESTS}+", 1)])
        self._client.loop_start()
        if not self._subscribed.wait(10):
            raise TimeoutError("the broker did not answer a subscription")

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, client: paho.Client, _userdata: Any, message: Any) -> None:
        if message.topic == TELEMETRY:
            self.messages += 1
            self.size += len(message.payload) + len(message.topic)
            packs = json.loads(message.payload).values()
            self.values += sum(len(row["values"]) for rows in packs for row in rows)
        elif b"getSessionLimits" in message.payload:
            answer = message.topic.replace("request", "response")
            client.publish(answer, json.dumps(NO_LIMITS), qos=1)
