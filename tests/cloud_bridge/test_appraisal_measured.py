"""An appraisal measures cells and insulation from telemetry, as the workshop's command does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cloud_bridge.appraisal.measuring import MOST_DAYS, Measuring
from cloud_bridge.projections.tables import telemetry_table, write_table
from cloud_bridge.view import Packs
from cloud_bridge.view.batches import joined, samples_of
from packtrail import event as e
from packtrail.command import run_line
from packtrail.sample import SampleBatch
from soh_model import PackSpec
from tests.cloud_bridge import parts
from tests.cloud_bridge.appraising import estimate
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.test_appraisal import faults
from tests.soh_model.invented import fresh, session

DAY = 24 * parts.HOUR
MIDNIGHT = NOW // DAY * DAY
SPEC = PackSpec(chemistry="NMC622", rated_ah=100.0, cells_in_series=12)
HEALTH = e.ConditionCommitted(estimate(), spec=SPEC.plain())
SOUND = 2e6
TRUSTED = (
    e.KeyRegistered(parts.STATION.public.text, "station-1", "gateway", sites=("north",)),
    e.KeyRegistered(parts.MAKER.public.text, "maker-1", "maker"),
)


def day(back, *, leaking_mv_h=0.0, extra_ohm=0.0, insulation=SOUND, rest_s=10_800):
    """Samples of the day so many before today; cell 10 sinks, cell 5 resists."""
    rng = np.random.default_rng(back)
    batch = session(fresh(), rng, rest_s=rest_s, step_s=20.0, start=0.1, stop=0.9, ohm=0.001)
    cells = batch.values["cell_voltage_v"].copy()
    cells[:, 9] -= leaking_mv_h / 1000 * batch.t_s / 3600
    cells[:, 4] += extra_ohm * batch.values["pack_current_a"]
    values = {**batch.values, "cell_voltage_v": cells, "pack_voltage_v": cells.sum(axis=1)}
    values["insulation_ohm"] = np.full(len(batch), insulation)
    return SampleBatch(batch.t_ns + MIDNIGHT - back * DAY, values)


def chunks(gateway, batch, size=60):
    return [gateway.telemetry(batch.window(at, at + size)) for at in range(0, len(batch), size)]


@pytest.fixture
def seen(shop):
    """A pack of which health was told, whose telemetry comes as days of samples."""
    desk, tell, ask = shop
    tell(HEALTH)
    gateway = parts.PlayedGateway(epoch="ffeeddccbbaa0099")

    def come(*batches):
        for batch in batches:
            desk.receive(*chunks(gateway, batch))

    return desk, come, ask


def gates(answer):
    return {one["gate"]: one for one in answer["asked"]}


def test_cells_are_measured_as_the_workshops_command_measures_them(seen, tmp_path, capsys):
    desk, come, ask = seen
    come(day(3, leaking_mv_h=1.5, extra_ohm=0.0015), day(1, leaking_mv_h=1.5, extra_ohm=0.0015))
    found = ask().json()
    named = []
    for back in (3, 1):
        span = (MIDNIGHT - back * DAY, MIDNIGHT - (back - 1) * DAY - 1)
        stored = [samples_of(one) for one in desk.store.chunks_of(parts.PACK, *span)]
        named.append(f"{back}.parquet")
        write_table(tmp_path / named[-1], telemetry_table([joined(stored)]))
    facts = {"code": "X", "samples": named, "spec": "type.toml", "origin_known": True}
    (tmp_path / "pack.json").write_text(json.dumps(facts), "utf-8")
    (tmp_path / "type.toml").write_text(
        'chemistry = "NMC622"\nrated_ah = 100\ncells_in_series = 12\n', "utf-8"
    )
    files = ["--policy", str(tmp_path / "policy.toml"), "--prices", str(tmp_path / "prices.toml")]
    run_line(["triage", str(tmp_path / "pack.json"), *files, "--json"])
    workshop = json.loads(capsys.readouterr().out)
    assert set(workshop["gates"]) == {"self_discharge", "cell_resistance"}
    assert found["decision"]["gates"] == workshop["gates"]
    for gate, measured in workshop["measured"].items():
        assert found["decision"]["measured"][gate] == pytest.approx(measured, rel=1e-4), gate
    assert found["decision"]["tests"] == workshop["tests"]
    assert found["decision"]["provisional"] == workshop["provisional"]
    assert found["decision"]["decided"] is None, "a provisional limit condemns nothing"
    assert found["cells"]["days"] == 2
    assert found["cells"]["outliers"]["leaking_cell"] == 9
    assert found["cells"]["outliers"]["resistant_cell"] == 4


def test_every_gate_says_whether_it_was_done(seen):
    _, come, ask = seen
    undone = gates(ask().json())
    assert {name: one["outcome"] for name, one in undone.items()} == {
        "insulation": "not_done",
        "self_discharge": "not_done",
        "cell_resistance": "not_done",
        "unknown_origin": "passed",
        "history": "passed",
    }
    assert undone["self_discharge"]["test"] == "rest_24h"
    come(day(1))
    done = gates(ask().json())
    assert {one["outcome"] for one in done.values()} == {"passed"}
    assert done["cell_resistance"]["limit"] == 1.5
    assert done["cell_resistance"]["provisional"] is True
    assert done["insulation"]["provisional"] is False
    assert done["insulation"]["measured"]["value"] > 100


def test_the_lowest_insulation_of_the_days_stops_it_until_a_bench_measures_it(seen):
    desk, come, ask = seen
    come(day(3, insulation=2000.0), day(1))
    stopped = ask().json()
    assert stopped["decision"]["decided"] == "recycle"
    assert gates(stopped)["insulation"]["outcome"] == "failed"
    bench = e.InspectionRecorded("GB 18384", insulation_ohm_per_v=800.0)
    lab = e.KeyRegistered(parts.STRANGER.public.text, "lab-1", "laboratory")
    desk.authority.publish_trust([*TRUSTED, lab])
    author = {"author": "lab-1", "stream": "bench", "counter": 1, "key": parts.STRANGER}
    told = desk.submit(parts.signed(bench, t_ns=MIDNIGHT - 2 * DAY, **author))
    assert told.json()["outcomes"][0]["outcome"] == "recorded", told.json()
    settled = ask().json()
    assert gates(settled)["insulation"]["outcome"] == "passed"
    assert settled["events"][-1] != stopped["events"][-1]
    come(day(0, insulation=2000.0).window(0, 60))
    assert gates(ask().json())["insulation"]["outcome"] == "failed"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Safety tests", "provisional", "% a day", "rule of thumb", "1 days", "passed")),
        ("zh", ("安全检测", "暂定", "%/天", "经验值", "1 天的遥测", "通过")),
    ],
)
def test_the_page_shows_the_tests_and_which_limits_are_not_settled(seen, lang, words):
    desk, come, _ = seen
    come(day(1))
    page = desk.get(f"/packs/{parts.CODE}/certificate?lang={lang}").text
    assert not [word for word in words if word not in page]
    assert 'http-equiv="refresh" content="3"' not in page


@pytest.mark.parametrize(("lang", "words"), [("en", "rest 24 h"), ("zh", "静置 24 小时")])
def test_the_page_says_how_to_do_what_was_not_done(seen, lang, words):
    desk, _, _ = seen
    page = desk.get(f"/packs/{parts.CODE}/certificate?lang={lang}").text
    assert words in page
    assert {"en": "not done", "zh": "未做"}[lang] in page


def test_the_certificate_holds_the_tests_and_any_change_of_them_is_found(seen):
    _, come, ask = seen
    come(day(1))
    document = ask("certificate").json()
    assert faults(document) == {}
    held = document["credentialSubject"]["appraisal"]
    assert gates(held)["cell_resistance"]["outcome"] == "passed"
    assert held["cells"]["days"] == 1
    held["asked"][1]["outcome"] = "failed"
    assert "issuer" in faults(document)


def test_a_certificate_from_before_there_were_tests_is_sound_still(seen):
    _, _, ask = seen
    document = ask("certificate").json()
    for name in ("asked", "cells"):
        del document["credentialSubject"]["appraisal"][name]
    assert list(faults(document)) == ["issuer"], "what it says is read; only the proof is another's"


def test_months_of_telemetry_are_read_a_little_at_a_time_and_once(desk):
    gateway = parts.PlayedGateway()
    short = [day(back).window(0, 120) for back in range(MOST_DAYS + 20)]
    for batch in short:
        desk.receive(*chunks(gateway, batch))
    store = _Counting(desk.store)
    measuring = Measuring(store)
    assert measuring.known(parts.PACK).days == 0
    found = measuring.measure(parts.PACK, SPEC, 1)
    assert (found.days, found.waiting) == (1, MOST_DAYS - 1)
    found = measuring.measure(parts.PACK, SPEC, 20)
    assert (found.days, found.waiting) == (11, MOST_DAYS - 11)
    found = measuring.measure(parts.PACK, SPEC, 10_000)
    assert (found.days, found.waiting) == (MOST_DAYS, 0)
    assert store.days_read == MOST_DAYS
    measuring.measure(parts.PACK, SPEC, 10_000)
    assert store.days_read == MOST_DAYS, "what was read is kept"
    desk.receive(*chunks(gateway, day(5).window(120, 180)))
    again = measuring.measure(parts.PACK, SPEC, 10_000)
    assert store.days_read == MOST_DAYS + 1, "a day to which more came is read anew, no other"
    assert again.samples == found.samples + 60
    assert measuring.known(parts.PACK) == again


def test_while_one_question_reads_another_says_what_waits(desk):
    gateway = parts.PlayedGateway()
    desk.receive(*chunks(gateway, day(1).window(0, 120)))
    store = _Counting(desk.store)
    measuring, during = Measuring(store), []
    store.meanwhile = lambda: during.append(measuring.measure(parts.PACK, SPEC, 100))
    found = measuring.measure(parts.PACK, SPEC, 100)
    assert (during[0].days, during[0].waiting) == (0, 1)
    assert (found.days, found.waiting) == (1, 0)


def test_the_page_of_the_pack_reads_no_telemetry_and_agrees_with_the_certificate(seen):
    desk, come, ask = seen
    come(day(1, insulation=2000.0).window(0, 120), day(0).window(0, 60))
    packs, appraiser = desk.context.packs, desk.context.appraiser
    assert appraiser.appraise(packs, parts.PACK, NOW, most_chunks=0).cells.days == 0
    note = "Cells are not measured yet"
    assert note in desk.get(f"/packs/{parts.CODE}?lang=en").text
    assert "尚未测量单体" in desk.get(f"/packs/{parts.CODE}?lang=zh").text
    assert ask().json()["cells"]["days"] == 2
    known = appraiser.appraise(packs, parts.PACK, NOW, most_chunks=0)
    assert known.cells.days == 2
    assert note not in desk.get(f"/packs/{parts.CODE}?lang=en").text
    assert "insulation" in known.decision.gates


class _Counting:
    """A store that counts how many days of chunks are read."""

    def __init__(self, store):
        self._store, self.days_read = store, 0
        self.meanwhile = lambda: None

    def __getattr__(self, name):
        return getattr(self._store, name)

    def chunks_of(self, *about):
        self.days_read += 1
        self.meanwhile()
        return self._store.chunks_of(*about)


def test_telemetry_that_was_attributed_later_counts(desk):
    gateway = parts.PlayedGateway()
    batch = day(1)
    desk.receive(
        *(
            gateway.telemetry(batch.window(at, at + 60), unit=None)
            for at in range(0, len(batch), 60)
        )
    )
    measuring = Measuring(Packs(desk.store).store)
    assert measuring.measure(parts.PACK, SPEC, 10_000).days == 0
    span = e.at(int(batch.t_ns[0]), int(batch.t_ns[-1]))
    body = e.TelemetryAttributed(parts.SLOT, span["occurred_from"], span["occurred_to"])
    desk.receive(gateway.tell(body, t_ns=int(batch.t_ns[0]), until_ns=int(batch.t_ns[-1])))
    found = measuring.measure(parts.PACK, SPEC, 10_000)
    assert found.samples == len(batch)
    assert found.outliers.resistance_ratio is not None
