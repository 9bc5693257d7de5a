"""The Grafana dashboards ask a real server for what the bridge really writes."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cloud_bridge.metrics import Metrics
from cloud_bridge.projections import Portion
from cloud_bridge.projections.influx import Influx
from cloud_bridge.settings import InfluxSettings
from cloud_bridge.store import Chunk, Committed, Cursor, Entry, StoredChunk
from packtrail.event import ConditionCommitted, IncidentRecorded, encode_event
from packtrail.topics import RecordAddress
from tests.cloud_bridge import parts
from tests.cloud_bridge.story_of_a_station import estimate
from tests.databases import VictoriaMetrics, victoria

__all__ = ["victoria"]

GRAFANA = Path(__file__).parents[2] / "packaging" / "grafana"
BOARDS = {file.stem: json.loads(file.read_text()) for file in GRAFANA.glob("dashboards/*.json")}
ASKED_S = parts.T0 // 10**9 + 60


def questions(board: str) -> list[str]:
    """Every expression of a dashboard, for the test's pack."""
    return [
        target["expr"].replace("$pack", str(parts.CODE))
        for panel in BOARDS[board]["panels"]
        for target in panel["targets"]
    ]


def ask(server: VictoriaMetrics, question: str) -> list[dict[str, Any]]:
    asked = urllib.parse.urlencode({"query": question, "time": ASKED_S, "nocache": 1})
    with urllib.request.urlopen(f"{server.url}/api/v1/query?{asked}", timeout=5) as reply:
        found: list[dict[str, Any]] = json.load(reply)["data"]["result"]
    return found


def flush(server: VictoriaMetrics) -> None:
    urllib.request.urlopen(f"{server.url}/internal/force_flush", timeout=5).read()


def life_of_a_pack() -> Portion:
    """A minute of telemetry and every kind of fact that is drawn."""
    batch = parts.samples(60)
    data = parts.PlayedGateway().telemetry(batch, unit=parts.PACK)[1]
    span = Chunk(parts.PACK, "3", int(batch.t_ns[0]), int(batch.t_ns[-1]), len(batch))
    chunk = StoredChunk(RecordAddress("station-1", parts.EPOCH, 1), span, data, parts.T0)
    bodies = [ConditionCommitted(estimate(0.91, 0.02)), IncidentRecorded("hot", "alarm")]
    entries = []
    for leaf, body in enumerate(bodies):
        one = parts.signed(body)
        entries.append(Entry(leaf, parts.T0, one.event_id, encode_event(one)))
    return Portion(Cursor(), Cursor(1, 1), [chunk], entries)


def exercise(metrics: Metrics) -> None:
    """Let each of a bridge's metrics count."""
    metrics.count(Committed((), stored=3, refused=1), strangers=1)
    metrics.events.labels("recorded").inc()
    metrics.receipts.inc()
    metrics.commit_s.observe(0.004)
    metrics.projected.labels("influx", "chunk").inc()
    metrics.projection_faults.labels("influx").inc()
    metrics.behind.labels("influx").set(2)
    metrics.logins.labels("in").inc()
    metrics.told_to_wait.labels("anybody").inc()
    metrics.retired.labels("chunk").inc()
    metrics.duties.labels("open").set(3)
    metrics.ocpp.labels("swap").inc()
    metrics.gbt32960.labels("report").inc()


def scrape(server: VictoriaMetrics, metrics: Metrics, t_s: int) -> None:
    url = f"{server.url}/api/v1/import/prometheus?timestamp={t_s * 1000}"
    urllib.request.urlopen(urllib.request.Request(url, metrics.text()), timeout=5).read()


def test_every_panel_of_a_pack_is_drawn_from_what_the_projection_writes(victoria):
    influx = Influx(InfluxSettings(url=victoria.url))
    influx.take(life_of_a_pack())
    influx.close()
    flush(victoria)
    empty = [question for question in questions("packs") if not ask(victoria, question)]
    assert empty == []
    (health,) = ask(victoria, f'last_over_time(health_soh{{pack="{parts.CODE}"}}[90d])')
    assert float(health["value"][1]) == pytest.approx(0.91)


def test_every_panel_of_the_bridge_is_drawn_from_its_metrics(victoria):
    metrics = Metrics()
    for back_s in (60, 30, 0):
        exercise(metrics)
        scrape(victoria, metrics, ASKED_S - back_s)
    flush(victoria)
    empty = [question for question in questions("bridge") if not ask(victoria, question)]
    assert empty == []


def test_every_metric_of_the_bridge_is_on_its_dashboard():
    names = re.findall(r"# TYPE (packtrail_bridge_\w+) (\w+)", Metrics().text().decode())
    shown = " ".join(questions("bridge"))
    missing = [name for name, _ in names if name not in shown and not name.endswith("_created")]
    assert len(names) > 5
    assert missing == []


def test_the_dashboards_ask_the_source_that_is_provisioned():
    source = (GRAFANA / "provisioning" / "datasources" / "packtrail.yaml").read_text()
    (uid,) = re.findall(r"uid: (\S+)", source)
    (kind,) = re.findall(r"type: (\S+)", source)
    assert set(BOARDS) == {"packs", "bridge"}
    for board in BOARDS.values():
        asked = [panel["datasource"] for panel in board["panels"]]
        asked += [target["datasource"] for panel in board["panels"] for target in panel["targets"]]
        assert all(one == {"type": kind, "uid": uid} for one in asked)
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
    assert BOARDS["packs"]["uid"] != BOARDS["bridge"]["uid"]
