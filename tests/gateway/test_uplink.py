"""The uplink over a real mosquitto; the bridge is played by a small receipt sender."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.outbox import SqliteOutbox
from gateway.uplink import Broker, Tls, Uplink, paho_links
from gateway.uplink.budget import Budget
from packtrail.receipt import seal_receipt
from packtrail.signing import SigningKey
from tests.gateway.bridge_player import BridgePlayer, eventually
from tests.gateway.certificates import Authority
from tests.gateway.drafts import BRIDGE_KEY, GATEWAY, alarm, receipt, telemetry
from tests.services import LOOPBACK, Mosquitto, free_port


@pytest.fixture
def outbox(open_outbox) -> SqliteOutbox:
    return open_outbox()


@pytest.fixture
def bridge(mosquitto) -> Iterator[BridgePlayer]:
    player = BridgePlayer(mosquitto.port)
    yield player
    player.close()


@pytest.fixture
def make_uplink(outbox) -> Iterator:
    made: list[Uplink] = []

    def _make(
        port: int,
        version: str = "5",
        window: int = 16,
        patience_s: float = 0.5,
        tls: Tls | None = None,
        daily_bytes: int = 0,
    ) -> Uplink:
        broker = Broker(LOOPBACK, port, version, client_id=GATEWAY, tls=tls)
        uplink = Uplink(
            outbox,
            gateway=GATEWAY,
            bridge=BRIDGE_KEY.public,
            make_link=paho_links(broker, GATEWAY, window),
            window=window,
            patience_s=patience_s,
            daily_bytes=daily_bytes,
        )
        made.append(uplink)
        uplink.start()
        return uplink

    yield _make
    for uplink in made:
        uplink.stop()


def put(outbox: SqliteOutbox, count: int) -> None:
    futures = [outbox.put(telemetry(number)) for number in range(count)]
    futures[-1].result(5)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_records_arrive_in_order_and_receipts_empty_the_outbox(
    outbox, bridge, mosquitto, make_uplink, version
):
    put(outbox, 200)
    uplink = make_uplink(mosquitto.port, version)
    eventually(lambda: outbox.counters().waiting == 0)
    assert bridge.seqs() == list(range(1, 201))
    assert outbox.counters().stored == 200
    assert uplink.state.connected
    assert uplink.state.sent == 200


def test_an_alarm_put_while_idle_arrives_at_once(outbox, bridge, mosquitto, make_uplink):
    uplink = make_uplink(mosquitto.port)
    eventually(lambda: uplink.state.connected)
    outbox.put(alarm())
    eventually(lambda: bridge.seqs() == [1], seconds=1)


def test_an_alarm_overtakes_a_backlog(outbox, bridge, mosquitto, make_uplink):
    put(outbox, 300)
    outbox.put(alarm()).result(5)
    make_uplink(mosquitto.port)
    eventually(lambda: outbox.counters().waiting == 0)
    assert bridge.order[0] == 301


def test_what_the_broker_acknowledged_but_nobody_stored_is_sent_again(
    outbox, bridge, mosquitto, make_uplink
):
    """A deaf bridge: the broker says yes to every record, and all of them are lost."""
    bridge.deaf = True
    put(outbox, 10)
    uplink = make_uplink(mosquitto.port)
    eventually(lambda: uplink.state.repeated >= 1)
    assert outbox.counters().waiting == 10
    bridge.deaf = False
    eventually(lambda: outbox.counters().waiting == 0)
    assert bridge.seqs() == list(range(1, 11))


def test_a_lost_receipt_is_repaired_by_a_repeat(outbox, bridge, mosquitto, make_uplink):
    bridge.silent = True
    put(outbox, 3)
    make_uplink(mosquitto.port)
    eventually(lambda: bridge.seqs() == [1, 2, 3])
    bridge.silent = False
    eventually(lambda: outbox.counters().waiting == 0)
    assert bridge.repeats >= 1


def test_no_more_than_the_window_is_sent_to_a_bridge_that_is_away(
    outbox, bridge, mosquitto, make_uplink
):
    bridge.silent = True
    put(outbox, 300)
    uplink = make_uplink(mosquitto.port, window=16, patience_s=0.2)
    eventually(lambda: uplink.state.repeated >= 3)
    assert len(bridge.seqs()) <= 16


def test_a_receipt_that_is_too_large_is_counted_as_none(outbox, bridge, mosquitto, make_uplink):
    bridge.deaf = True
    uplink = make_uplink(mosquitto.port)
    put(outbox, 1)
    eventually(lambda: uplink.state.sent == 1)
    bridge.say(GATEWAY, b"x" * 100_000)
    eventually(lambda: uplink.state.bad_receipts == 1)
    assert outbox.counters().waiting == 1


def test_forged_and_foreign_receipts_take_nothing_out(outbox, bridge, mosquitto, make_uplink):
    bridge.silent = True
    put(outbox, 3)
    uplink = make_uplink(mosquitto.port)
    eventually(lambda: bridge.seqs() == [1, 2, 3])
    thief = SigningKey.from_seed(b"t" * 32)
    bridge.say(GATEWAY, seal_receipt(receipt(outbox.epoch, 3), thief))
    bridge.say(GATEWAY, b"\xff" * 100)
    bridge.say(GATEWAY, b"")
    eventually(lambda: uplink.state.bad_receipts == 3)
    assert outbox.counters().waiting == 3


def test_refused_records_leave_the_outbox_for_inspection(outbox, bridge, mosquitto, make_uplink):
    bridge.refuse = {2}
    put(outbox, 3)
    make_uplink(mosquitto.port)
    eventually(lambda: outbox.counters().waiting == 0)
    assert (outbox.counters().stored, outbox.counters().refused) == (2, 1)


def test_nothing_is_lost_when_the_broker_is_killed_again_and_again(
    outbox, bridge, mosquitto, make_uplink
):
    uplink = make_uplink(mosquitto.port)
    for start in range(0, 400, 100):
        put(outbox, 100)
        eventually(lambda start=start: len(bridge.seqs()) > start)
        mosquitto.restart()
    eventually(lambda: outbox.counters().waiting == 0, seconds=30)
    assert bridge.seqs() == list(range(1, 401))
    assert uplink.state.connections >= 2


def test_records_put_before_any_broker_exists_arrive_when_one_comes(outbox, make_uplink, tmp_path):
    broker = Mosquitto(tmp_path / "late")
    put(outbox, 20)
    uplink = make_uplink(broker.port)
    eventually(lambda: uplink.state.problem)
    assert "does not answer" in uplink.state.problem
    broker.start()
    player = BridgePlayer(broker.port)
    eventually(lambda: outbox.counters().waiting == 0)
    player.close()
    broker.stop()


def test_status_is_online_while_connected_and_offline_after_a_goodbye(
    outbox, bridge, mosquitto, make_uplink
):
    uplink = make_uplink(mosquitto.port)
    eventually(lambda: bridge.statuses == [b"online"])
    uplink.stop()
    eventually(lambda: bridge.statuses == [b"online", b"offline"])


def test_a_broker_that_wants_a_password_is_named_as_the_problem(outbox, make_uplink, tmp_path):
    broker = Mosquitto(tmp_path / "strict", "")
    conf = broker.folder / "mosquitto.conf"
    conf.write_text(conf.read_text().replace("allow_anonymous true", "allow_anonymous false"))
    broker.start()
    try:
        uplink = make_uplink(broker.port)
        eventually(lambda: "uthori" in uplink.state.problem)
    finally:
        broker.stop()


def test_stopping_while_no_broker_answers_is_quick(outbox, make_uplink):
    uplink = make_uplink(free_port())
    eventually(lambda: uplink.state.problem)
    uplink.stop()


@pytest.fixture
def tls_broker(tmp_path) -> Iterator[tuple[Mosquitto, int, Authority]]:
    """Plain for the bridge player, mutual TLS on a second port for the gateway."""
    authority, port = Authority(tmp_path), free_port()
    certificate, key = authority.issue("broker")
    broker = Mosquitto(
        tmp_path / "tls",
        f"listener {port} {LOOPBACK}\ncafile {authority.file}\ncertfile {certificate}\n"
        f"keyfile {key}\nrequire_certificate true",
    )
    broker.start()
    yield broker, port, authority
    broker.stop()


def test_mutual_tls_lets_the_known_gateway_in(outbox, make_uplink, tls_broker):
    broker, port, authority = tls_broker
    bridge = BridgePlayer(broker.port)
    put(outbox, 5)
    make_uplink(port, tls=Tls(authority.file, *authority.issue("gateway")))
    eventually(lambda: outbox.counters().waiting == 0)
    bridge.close()


def test_a_broker_that_nobody_vouches_for_gets_nothing(outbox, make_uplink, tls_broker, tmp_path):
    _, port, authority = tls_broker
    stranger = Authority(tmp_path, "stranger")
    uplink = make_uplink(port, tls=Tls(stranger.file, *authority.issue("gateway")))
    eventually(lambda: "certificate verify failed" in uplink.state.problem)


def test_a_gateway_without_a_certificate_is_not_let_in(outbox, make_uplink, tls_broker):
    _, port, authority = tls_broker
    uplink = make_uplink(port, tls=Tls(authority.file))
    eventually(lambda: uplink.state.problem)
    assert not uplink.state.connected
    assert uplink.state.connections == 0


def test_a_used_up_budget_holds_telemetry_and_lets_alarms_through(
    outbox, bridge, mosquitto, make_uplink, open_outbox
):
    put(outbox, 300)
    uplink = make_uplink(mosquitto.port, window=4, daily_bytes=30_000)
    eventually(lambda: uplink.state.budget_left == 0)
    before = len(bridge.seqs())
    assert before < 300
    alarms = [outbox.put(alarm(number)).result(5).seq for number in range(40)]
    eventually(lambda: set(alarms) <= set(bridge.seqs()))
    telemetry_seen = [seq for seq in bridge.seqs() if seq not in alarms]
    assert len(telemetry_seen) <= before + 4
    uplink.stop()
    outbox.close()
    assert Budget(open_outbox(), 30_000).left_bytes < 1000, "a restart begins no new day"
