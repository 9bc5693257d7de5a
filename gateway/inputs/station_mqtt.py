"""The station controller over MQTT: what it may POST, it may publish as well.

    <prefix>/v1/slots/<slot>/scan | insert | remove,  <prefix>/v1/swaps,  <prefix>/v1/ocpp

The broker is the station's own. A message is acknowledged after it is on disk, so that one
under way while the gateway is killed comes again; with a time in it, it still counts once. The
answer goes to `<prefix>/answer/` and the same path. A retained message is old news: ignored.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.local_api.acts import MAX_BODY_BYTES, RefusedError, Told
from packtrail import logs

QOS: Final = 1
MOST_WAITING: Final = 1000
RETRY_S: Final = 1.0
_TRY_AGAIN: Final = 503


@dataclass(frozen=True, slots=True)
class StationMqttOptions:
    """Where the controller publishes.

    Attributes:
        host: of the station's broker.
        port: its port.
        prefix: what all its topics begin with.
        username: "" for none.
        password: goes with it.
    """

    host: str
    port: int = 1883
    prefix: str = "station"
    username: str = ""
    password: str = ""


class StationMqtt:
    """Listens on the station's broker.

    Args:
        options: where.
        tell: carries a path and a body out and returns when it is on disk.
        gateway: names the persistent session.
    """

    def __init__(
        self, options: StationMqttOptions, tell: Callable[[str, bytes], Told], gateway: str
    ) -> None:
        self._options, self._tell = options, tell
        self.problem = "not connected yet"
        self._log = logs.get("gateway.station_mqtt")
        self._waiting: queue.Queue[paho.MQTTMessage | None] = queue.Queue(MOST_WAITING)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="station-mqtt")
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"packtrail-{gateway}-station",
            clean_session=False,
            manual_ack=True,
        )
        if options.username:
            self._client.username_pw_set(options.username, options.password or None)
        self._client.reconnect_delay_set(1, 30)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Begin to listen, now and after every loss."""
        self._thread.start()
        self._client.connect_async(self._options.host, self._options.port)
        self._client.loop_start()

    def stop(self) -> None:
        """Listen no more; what is not carried out stays with the broker."""
        self._stopping.set()
        self._client.disconnect()
        self._client.loop_stop()
        if self._thread.ident is not None:
            self._waiting.put(None)
            self._thread.join()

    def _on_connect(self, client: paho.Client, _d: Any, _f: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            self.problem = str(reason)
            return
        self.problem = ""
        client.subscribe(f"{self._options.prefix}/v1/#", QOS)

    def _on_disconnect(self, _c: paho.Client, _d: Any, _f: Any, reason: Any, _p: Any) -> None:
        self.problem = str(reason)

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        if message.retain:
            client.ack(message.mid, message.qos)
            return
        while not self._stopping.is_set():  # a full queue holds the broker's window
            try:
                self._waiting.put(message, timeout=0.2)
            except queue.Full:
                continue
            return

    def _work(self) -> None:
        while (message := self._waiting.get()) is not None and not self._stopping.is_set():
            answer = self._carry_out(message)
            if answer is None:
                return
            path = _path_of(message, self._options.prefix)
            self._client.publish(f"{self._options.prefix}/answer{path}", answer, QOS)
            self._client.ack(message.mid, message.qos)

    def _carry_out(self, message: paho.MQTTMessage) -> bytes | None:
        """The answer; None when the gateway stops before it could be carried out."""
        path = _path_of(message, self._options.prefix)
        if len(message.payload) > MAX_BODY_BYTES:
            return msgspec.json.encode({"error": f"at most {MAX_BODY_BYTES} bytes"})
        while not self._stopping.is_set():
            try:
                told = self._tell(path, bytes(message.payload))
            except RefusedError as refused:
                if refused.status == _TRY_AGAIN:
                    self._stopping.wait(RETRY_S)
                    continue
                self._log.warning("act_refused", path=path[:200], why=refused.reason)
                return msgspec.json.encode({"error": refused.reason})
            return msgspec.json.encode(told.answer if told.answer is not None else {"ok": True})
        return None


def _path_of(message: paho.MQTTMessage, prefix: str) -> str:
    try:
        return message.topic.removeprefix(prefix)
    except UnicodeDecodeError:
        return "/"
