"""The promise: nothing lost, nothing twice, whatever is killed with kill -9.

At seeded moments a gateway, its broker, the bridge, two or all are killed and started again
while a stream of known records flows. Then the stream ends, and every record that ever reached
the outbox is in the bridge once. `python -m benchmarks durability` does the same with 200
kills, the database among the victims.

It fails when the bridge answers before it has committed, when duplicates are not removed, when
the outbox believes MQTT's acknowledgement, and when a receipt claims one number too many.
"""

from __future__ import annotations

import pytest

from tests.acceptance.house import House

KILLS = 30


@pytest.fixture(
    params=[("mosquitto", "5", 7), ("amqtt", "3.1.1", 11)], ids=lambda p: f"{p[0]}-seed{p[2]}"
)
def house(request, tmp_path):
    """Broker, bridge and stream, running; all ended afterwards."""
    made = House(tmp_path, *request.param)
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_record_arrives_once_whatever_is_killed(house):
    for _ in house.strike(KILLS):
        pass
    house.settle()
    verdict = house.verdict()
    assert min(verdict.kills.values()) > 5
    assert verdict.known > 500
    assert (verdict.lost, verdict.doubled, verdict.holes) == ([], [], [])
