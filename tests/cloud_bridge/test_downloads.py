"""Lists as files: CSV that no spreadsheet computes, Parquet, negotiation, redaction, long spans."""

from __future__ import annotations

import csv
import io
import sys
from itertools import pairwise

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from cloud_bridge.access import Purpose
from cloud_bridge.api import downloads, packs
from cloud_bridge.api.downloads import Form, form_of
from cloud_bridge.api.problems import Problem
from cloud_bridge.files import Column, Kind, Rows
from cloud_bridge.files.csv_file import FORMULA, csv_pieces
from cloud_bridge.view.telemetry import Mark, Span, chunk_page
from packtrail.event import ConditionCommitted, PackInstalled, UnitRef, decode_event
from packtrail.times import format_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.test_access import gate, guard, key
from tests.cloud_bridge.test_fold import estimate

__all__ = ["gate", "guard"]

PATH = f"/api/v1/packs/{parts.CODE}"
PARQUET = "application/vnd.apache.parquet"


@pytest.fixture
def gateway():
    return parts.PlayedGateway()


@pytest.fixture
def told(desk, gateway):
    desk.submit(parts.registered().signed)
    desk.receive(
        gateway.tell(PackInstalled(place=parts.SLOT)),
        gateway.telemetry(parts.samples(60)),
        gateway.tell(ConditionCommitted(estimate(0.91)), t_ns=parts.T0 + parts.HOUR),
    )
    return desk


def lines(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def table(answer) -> pa.Table:
    assert answer.headers["content-type"] == PARQUET
    return parquet.read_table(io.BytesIO(answer.content))


def test_packs_come_as_a_file_of_named_units(told):
    (line,) = lines(told.get("/api/v1/packs?format=csv"))
    assert line["code"] == parts.CODE
    assert [float(line[f"soh{x}_pct"]) for x in ("", "_low")] == pytest.approx([91, 89.5], abs=1)
    assert line["reading_soc_pct"] == "50.59"
    assert line["reading_insulation_ohm"] == "", "not known is empty"
    found = table(told.get("/api/v1/packs", headers={"Accept": PARQUET}))
    assert found["code"].to_pylist() == [parts.CODE]
    assert found.schema.field("soh_pct").metadata == {b"unit": b"%"}
    assert str(found.schema.field("seen_at").type) == "timestamp[ns, tz=UTC]"


def test_a_file_of_events_holds_what_proofs_cover(told):
    whole = told.get(f"{PATH}/events").json()["events"]
    found = lines(told.get(f"{PATH}/events?format=csv"))
    assert [int(line["leaf"]) for line in found] == [one["leaf"] for one in whole]
    for line, one in zip(found, whole, strict=True):
        signed = decode_event(line["signed"].encode())
        assert (signed.event_id, signed.event) == (line["event_id"], one["signed"]["event"])
    as_parquet = table(told.get(f"{PATH}/events?format=parquet"))
    assert as_parquet["signed"].to_pylist() == [line["signed"] for line in found]


def test_a_long_list_is_more_than_one_file(told, gateway, monkeypatch):
    told.receive(*(gateway.telemetry(unit=UnitRef("maker_serial", name)) for name in "ABCD"))
    monkeypatch.setattr(packs, "MOST_ROWS", 2)
    found, target = [], "/api/v1/packs?format=csv"
    while target:
        answer = told.get(target)
        found.append([line["code"] for line in lines(answer)])
        target = answer.links.get("next", {}).get("url")
    assert [len(page) for page in found] == [2, 2, 1]
    first = told.get(f"{PATH}/events?format=csv&limit=1")
    second = told.get(first.links["next"]["url"])
    assert [line["type"] for line in (*lines(first), *lines(second))] == [
        "UnitRegistered",
        "PackInstalled",
    ]


def test_samples_come_whole_with_every_column_that_any_of_them_has(desk, gateway):
    later = parts.samples(5, parts.T0 + parts.HOUR)
    del later.values["soc_pct"]
    later.values["cell_voltage_v"] = later.values["cell_voltage_v"][:, :3]
    desk.receive(gateway.telemetry(parts.samples(200)), gateway.telemetry(later))
    found = lines(desk.get(f"{PATH}/telemetry?format=csv"))
    assert len(found) == 205
    assert [found[0][name] for name in ("soc_pct", "cell_voltage_v_4")] == ["50", "3.3"]
    assert [found[-1][name] for name in ("soc_pct", "cell_voltage_v_3")] == ["", "3.3"]
    assert found[-1]["cell_voltage_v_4"] == ""
    as_parquet = table(desk.get(f"{PATH}/telemetry?format=parquet"))
    assert as_parquet["t_ns"].to_pylist() == [int(line["t_ns"]) for line in found]
    assert as_parquet["cell_voltage_v"][0].as_py() == pytest.approx([3.3] * 4)
    assert as_parquet["soc_pct"].null_count == 5
    metadata = as_parquet.schema.field("pack_voltage_v").metadata
    assert metadata[b"unit"] == b"V"
    assert metadata[b"vss"].endswith(b"CurrentVoltage")
    span = {"from": format_time(parts.T0 + parts.HOUR), "format": "csv"}
    assert len(lines(desk.get(f"{PATH}/telemetry", params=span))) == 5


def test_too_long_a_span_is_refused_with_what_is_kept(desk, gateway):
    for days in (0, 40):
        start = parts.T0 + days * 24 * parts.HOUR
        desk.receive(gateway.telemetry(parts.samples(2, start), t_ns=start))
    answer = desk.get(f"{PATH}/telemetry?format=csv&lang=zh")
    assert answer.status_code == 422
    assert answer.json()["kept_from"] == format_time(parts.T0)
    assert "缩小范围" in answer.json()["remedy"]
    some = {"format": "csv", "to": "2026-04-20T00:00:00Z"}
    assert len(lines(desk.get(f"{PATH}/telemetry", params=some))) == 2
    nothing = {"format": "csv", "from": "2030-01-01T00:00:00Z"}
    assert lines(desk.get(f"{PATH}/telemetry", params=nothing)) == []


def test_pages_of_overlapping_chunks_hold_each_sample_once(desk, gateway):
    """Two gateways at one pack: the second one's long chunks reach back before the first one's."""
    batches = [parts.samples(3, parts.T0 + i * parts.MINUTE) for i in range(6)]
    batches += [parts.samples(121, parts.T0 + i * 2 * parts.MINUTE + 1) for i in range(3)]
    batches += [parts.samples(3, parts.T0 + i) for i in range(2, 30)]
    desk.receive(*(gateway.telemetry(batch) for batch in batches))
    everything = sorted(t for batch in batches for t in batch.t_ns.tolist())
    span = Span(0, 2**63 - 1)
    for limit in (1, 2, 5, 100):
        seen, mark, marks = [], None, []
        while True:
            chunks, mark = chunk_page(desk.store, parts.PACK, span, mark, limit)
            assert len(chunks) <= limit
            seen += [chunk.address for chunk in chunks]
            if mark is None:
                break
            marks.append(mark)
        assert len(set(seen)) == len(seen) == len(batches)
        assert all(a < b for a, b in pairwise(marks))
    cursor, found = None, []
    while True:
        query = {"cursor": cursor} if cursor else {}
        answer = desk.get(f"{PATH}/telemetry", params=query).json()
        found += answer["t_ns"]
        if (cursor := answer["next"]) is None:
            break
    assert sorted(found) == everything
    gone = Mark(parts.T0 + parts.MINUTE, "no-such-gateway", "", 1)
    rest, _ = chunk_page(desk.store, parts.PACK, span, gone, 100)
    assert rest
    assert all(chunk.chunk.to_ns >= gone.to_ns for chunk in rest)


@given(st.text())
def test_no_cell_begins_as_a_formula_does(text):
    rows = Rows((Column("name"), Column("value_v", Kind.NUMBER)), iter([[[text], [-1.5]]]))
    data = b"".join(csv_pieces(rows)).decode()
    _, (cell, number) = csv.reader(io.StringIO(data, newline=""))
    assert not cell.startswith(FORMULA)
    assert cell.removeprefix("'") == text.removeprefix("'")
    assert number == "-1.5", "a number is none"


def test_a_hostile_name_reaches_a_spreadsheet_disarmed(desk, gateway):
    evil = UnitRef("maker_serial", "=cmd|' /C calc'!A0")
    desk.receive(gateway.telemetry(unit=evil))
    answer = desk.get("/api/v1/packs?format=csv")
    assert lines(answer)[0]["code"].startswith("maker_serial:=")
    author = "=HYPERLINK(1)"
    desk.store.append([parts.fact(PackInstalled(place=parts.SLOT), author=author)], parts.T0)
    assert lines(desk.get(f"{PATH}/events?format=csv"))[0]["author"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, Form.JSON),
        ("*/*", Form.JSON),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", Form.JSON),
        ("text/csv", Form.CSV),
        ("TEXT/*", Form.CSV),
        ("application/json;q=0.2, text/csv;q=0.5", Form.CSV),
        ("application/*, application/json;q=0", Form.PARQUET),
        (f"{PARQUET};q=x, text/csv;q=0.1", Form.CSV),
        ("image/png", None),
        ("application/json;q=0", None),
    ],
)
def test_the_form_is_the_one_that_the_reader_likes_best(accept, form):
    class Request:
        headers = {"accept": accept} if accept else {}

    if form is None:
        with pytest.raises(Problem) as refused:
            form_of(Request, None)
        assert refused.value.status == 406
    else:
        assert form_of(Request, None) is form
        assert form_of(Request, Form.PARQUET) is Form.PARQUET


def test_a_file_hides_what_the_reader_may_not_see_and_is_taken_down(guard, gate):
    path = "/api/v1/packs?format=csv"
    (line,) = lines(guard.get(path))
    assert (line["soh_pct"], line["reading_soc_pct"]) == ("", "")
    assert set(line["hidden"].split()) >= {"health", "telemetry", "ledger"}
    assert gate.log.newest(9) == []
    recycler = key(gate, "recycler", Purpose.TRIAGE)
    (line,) = lines(guard.get(path, headers=recycler))
    assert float(line["soh_pct"]) == pytest.approx(91)
    assert [one.fields[0] for one in gate.log.newest(9)] == ["custody"]
    for what in ("events", "telemetry"):
        refused = guard.get(f"{PATH}/{what}?format=parquet")
        assert (refused.status_code, "field" in refused.json()) == (401, True)
    assert guard.get(f"{PATH}/events?format=csv", headers=recycler).status_code == 403


def test_a_bridge_without_pyarrow_says_what_to_install(told, monkeypatch):
    monkeypatch.setitem(sys.modules, "cloud_bridge.files.parquet_file", None)
    answer = told.get("/api/v1/packs?format=parquet")
    assert (answer.status_code, "packtrail[formats]" in answer.json()["remedy"]) == (501, True)
    assert msgspec.json.decode(told.get("/api/v1/packs?format=json").content)
    assert downloads.MEDIA[Form.PARQUET] == PARQUET
