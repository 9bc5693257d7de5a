"""From the operator's order to the gateway's answer: real broker, bridge and gateway process."""

from __future__ import annotations

import signal
import time

import pytest

from cloud_bridge.downlink import Operator, order_of
from cloud_bridge.errors import BridgeError
from gateway.downlink import VehicleAsker
from packtrail.downlink import SetLogLevel
from packtrail.event import PackInstalled, VehicleRef
from packtrail.proof.trust import TrustList
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S
from tests.cloud_bridge import parts
from tests.cloud_bridge.running import running, settings_for, until
from tests.gateway.drafts import BRIDGE_KEY, GATEWAY, KEY
from tests.gateway.stations import write_settings
from tests.gateway.test_run import Live, go_live
from tests.services import mosquitto

__all__ = ["go_live", "mosquitto"]


@pytest.fixture
def bridge(tmp_path, mosquitto):
    BRIDGE_KEY.save(tmp_path / "bridge.pem")
    trusted = [{"party": GATEWAY, "role": "gateway", "public_key": KEY.public.text}]
    with running(settings_for(tmp_path, mosquitto.port, trust=trusted)) as bridge:
        yield bridge


def operator_of(bridge, key: SigningKey = BRIDGE_KEY, trust: TrustList | None = None) -> Operator:
    return Operator(bridge.settings.mqtt, key, trust or bridge.trust())


def test_an_operator_reads_a_pack_and_changes_settings_from_afar(
    tmp_path, mosquitto, bridge, go_live
):
    live: Live = go_live(write_settings(tmp_path, mosquitto.port))
    live.listen(1)
    before_ns = time.time_ns()
    reading = operator_of(bridge).order(GATEWAY, order_of("reading", ["1"]))
    assert reading.outcome == "done"
    assert reading.answered_ns > before_ns
    assert reading.content["values"]["soc_pct"] == 60.0

    change = order_of("settings", ["sampling.rest_s=20", "health.enabled=false"], confirm_s=60)
    answer = operator_of(bridge).order(GATEWAY, change, 60)
    assert (answer.outcome, answer.detail) == ("done", "")
    assert '"sampling.rest_s":20' in (tmp_path / "gateway.remote.json").read_text()

    refused = operator_of(bridge).order(GATEWAY, order_of("settings", ["site=elsewhere"]))
    assert refused.outcome == "refused"
    with pytest.raises(BridgeError, match="does not answer"):
        operator_of(bridge, parts.STRANGER).order(GATEWAY, SetLogLevel("DEBUG"), 1.0)
    nobody = TrustList(BRIDGE_KEY.public)
    with pytest.raises(BridgeError, match="does not answer"):
        operator_of(bridge, trust=nobody).order(GATEWAY, SetLogLevel("INFO"), 1.0)
    assert live.end(signal.SIGTERM) == 0


def test_a_vehicle_is_resolved_by_the_ledger_as_of_the_question(bridge, mosquitto):
    car = VehicleRef("vin", "LTEST000000000001")
    fact = parts.fact(PackInstalled(vehicle=car), unit=parts.PACK, author=GATEWAY)
    bridge.store.append([fact], parts.T0)
    heard = []
    answers: list[bytes] = []
    asker = VehicleAsker(GATEWAY, KEY, bridge.questions.take, lambda *told: heard.append(told))
    bridge.questions._publish = lambda _topic, data: answers.append(data)

    def ask(before_ns: int) -> None:
        from packtrail.downlink import Command, open_message, split_message

        asker.ask("1", before_ns, car.id)
        data = until(lambda: answers and answers.pop())
        asker.resolved(open_message(split_message(data), Command, BRIDGE_KEY.public).order)

    ask(parts.T0)
    assert heard == [], "the fact is not older than the question"
    ask(parts.T0 + NS_PER_S)
    ((slot, _since, reading),) = heard
    assert (slot, reading.says) == ("1", parts.PACK)


@pytest.mark.parametrize(
    ("what", "words"),
    [("reading", []), ("reading", ["1", "2"]), ("settings", ["rest_s"]), ("explode", ["x"])],
)
def test_words_that_are_no_order_are_refused(what, words):
    with pytest.raises(BridgeError, match="incomplete"):
        order_of(what, words)
