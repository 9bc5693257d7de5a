"""Sends an operator's command to a gateway and waits for its verified answer.

A connection of its own, beside a running bridge or without one: the bridge's key signs, and
the gateway's answer counts only if the trust list knows the key that signed it.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from paho.mqtt.client import MQTTMessage

from cloud_bridge.errors import BridgeError
from cloud_bridge.ingest.mqtt import QOS, make_client
from cloud_bridge.settings import MqttSettings
from packtrail.downlink import (
    MAX_ANSWER_BYTES,
    Answer,
    ChangeSettings,
    Command,
    FreshReading,
    KeepSettings,
    Order,
    Scalar,
    SetLogLevel,
    new_nonce,
    open_message,
    seal_message,
    split_message,
)
from packtrail.errors import CodecError
from packtrail.language import Text
from packtrail.proof.trust import TrustList
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S
from packtrail.topics import answer_topic, command_topic

LIFE_S: Final = 300
WHAT: Final = ("reading", "settings", "log-level")


def order_of(what: str, words: Sequence[str], confirm_s: float = 120.0) -> Order:
    """The order that words on a command line ask for.

    Raises:
        BridgeError: they do not fit.
    """
    match what, list(words):
        case "reading", [slot]:
            return FreshReading(slot)
        case "log-level", [level]:
            return SetLogLevel(level.upper())
        case "settings", [_, *_] if all("=" in word for word in words):
            pairs = (word.split("=", 1) for word in words)
            return ChangeSettings({name: _scalar(value) for name, value in pairs}, confirm_s)
    raise BridgeError(
        Text("the command is incomplete", "命令不完整"),
        where=" ".join([what, *words]),
        hint=Text(
            "reading SLOT, settings NAME=VALUE ..., log-level LEVEL",
            "reading 仓位、settings 名称=值 …、log-level 级别",
        ),
    )


def _scalar(text: str) -> Scalar:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


class Operator:
    """Speaks to gateways with the bridge's key.

    Args:
        settings: the broker.
        key: the bridge's.
        trust: whose answers count.
        now: UTC nanoseconds.
    """

    def __init__(
        self,
        settings: MqttSettings,
        key: SigningKey,
        trust: TrustList,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings, self._key, self._trust, self._now = settings, key, trust, now
        self._arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def order(self, gateway: str, order: Order, wait_s: float = 30.0) -> Answer:
        """Send an order and wait; a change of settings is kept once the gateway tries it.

        Raises:
            BridgeError: no broker, no answer in time, or one that nobody we trust signed.
        """
        nonce, client_id = new_nonce(), f"{self._settings.client_id}-order-{new_nonce()[:8]}"
        client = make_client(self._settings, client_id, clean=True)
        client.on_message = self._on_message
        ready: queue.SimpleQueue[str] = queue.SimpleQueue()
        client.on_connect = lambda c, _d, _f, reason, _p: (
            ready.put(str(reason))
            if reason.is_failure
            else c.subscribe(answer_topic(gateway, "+"), QOS)
        )
        client.on_subscribe = lambda *_: ready.put("")
        try:
            client.connect(self._settings.host, self._settings.port, keepalive=30)
        except (OSError, ValueError) as error:
            raise self._silent(str(error)) from error
        client.loop_start()
        try:
            self._wait_until(ready, wait_s)
            return self._converse(client, gateway, nonce, order, wait_s)
        finally:
            client.disconnect()
            client.loop_stop()

    def _wait_until(self, ready: queue.SimpleQueue[str], wait_s: float) -> None:
        try:
            fault = ready.get(timeout=wait_s)
        except queue.Empty:
            fault = "no answer"
        if fault:
            raise self._silent(fault)

    def _converse(
        self, client: Any, gateway: str, nonce: str, order: Order, wait_s: float
    ) -> Answer:
        self._send(client, gateway, nonce, order)
        answer = self._answer(gateway, nonce, wait_s)
        if answer.outcome != "trying":
            return answer
        # It runs with the new settings and still reaches us: that is what was to be shown.
        kept = new_nonce()
        self._send(client, gateway, kept, KeepSettings(nonce))
        return self._answer(gateway, kept, wait_s)

    def _send(self, client: Any, gateway: str, nonce: str, order: Order) -> None:
        now_ns = self._now()
        command = Command(
            gateway=gateway,
            nonce=nonce,
            issued_ns=now_ns,
            expires_ns=now_ns + LIFE_S * NS_PER_S,
            order=order,
        )
        client.publish(command_topic(gateway), seal_message(command, self._key), QOS)

    def _answer(self, gateway: str, nonce: str, wait_s: float) -> Answer:
        deadline = time.monotonic() + wait_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                answer = self._believed(self._arrived.get(timeout=left_s))
            except queue.Empty:
                break
            except CodecError:
                continue  # not signed by anybody we trust: as if nobody had spoken
            if (answer.gateway, answer.nonce) == (gateway, nonce):
                return answer
        raise BridgeError(
            Text("the gateway does not answer", "网关无应答"),
            where=gateway,
            hint=Text(
                "is it running, connected, and does it name this bridge's key?",
                "请确认网关已运行、已联网，且配置了本云桥的公钥",
            ),
            retryable=True,
        )

    def _believed(self, data: bytes) -> Answer:
        sealed = split_message(data, MAX_ANSWER_BYTES)
        voice = self._trust.voice(sealed.key_id, self._now())
        if voice is None:
            raise CodecError("key", sealed.key_id[:64])
        answer = open_message(sealed, Answer, voice.key)
        if answer.gateway != voice.party:
            raise CodecError("answer", answer.gateway[:64])
        return answer

    def _on_message(self, client: Any, _data: Any, message: MQTTMessage) -> None:
        self._arrived.put(bytes(message.payload[: MAX_ANSWER_BYTES + 1]))
        client.ack(message.mid, message.qos)

    def _silent(self, why: str) -> BridgeError:
        return BridgeError(
            Text(f"the broker does not answer: {why}", f"消息代理无响应：{why}"),
            where=f"{self._settings.host}:{self._settings.port}",
            hint=Text("`packtrail bridge check` says more", "用 packtrail bridge check 查看"),
            retryable=True,
        )
