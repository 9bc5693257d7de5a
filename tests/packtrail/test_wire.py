"""The wire as a foreign program sees it: golden files, schemas, and nothing of ours.

`foreign_chunk` follows docs/reference/wire.md with a zstd and a MessagePack library alone.
"""

import base64
import hashlib
import json

import msgspec
import numpy as np
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jsonschema import Draft202012Validator

from packtrail import schema
from packtrail.columns import check_columns, decode_columns
from packtrail.event import decode_event
from packtrail.receipt import open_receipt
from packtrail.record import unseal
from tests.packtrail import golden

PUBLIC = Ed25519PublicKey.from_public_bytes(golden.KEY.public.raw)


def read(name):
    return (golden.FOLDER / name).read_bytes()


def foreign_chunk(data):
    chunk = msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(data))
    columns = {}
    for column in chunk["columns"]:
        n, width = chunk["n"], column.get("width", 0)
        value, numbers = 0, []
        for delta in foreign_deltas(column["data"], n * max(width, 1)):
            value += delta or 0
            numbers.append(None if delta is None else value * column["step"][0] / column["step"][1])
        columns[column["name"]] = (
            [numbers[cell * n : (cell + 1) * n] for cell in range(width)] if width else numbers
        )
    return list(np.cumsum(chunk["t_ns"])), columns


def foreign_deltas(data, count):
    if isinstance(data, list):  # format 1
        return data
    planes = len(data) // count
    codes = [
        sum(data[place + plane * count] << 8 * plane for plane in range(planes))
        for place in range(count)
    ]
    unknown = 256**planes - 1
    return [None if c == unknown else c // 2 if c % 2 == 0 else -(c + 1) // 2 for c in codes]


@pytest.mark.parametrize("name", sorted(golden.files()))
def test_golden_files_are_what_we_still_send(name):
    if name == "chunk-2.bin":  # zstd may compress differently one day; its content may not
        assert foreign_chunk(read(name)) == foreign_chunk(golden.CHUNK)
    else:
        assert read(name) == golden.files()[name]


def test_golden_files_are_what_we_still_read():
    assert unseal(read("record-1.bin")).read() == golden.RECORD
    assert open_receipt(read("receipt-1.bin"), golden.KEY.public) == golden.RECEIPT
    assert decode_event(read("event-1.json")).read() == golden.EVENT


@pytest.mark.parametrize("name", ["chunk-1.bin", "chunk-2.bin"])
def test_chunks_of_every_format_are_read(name):
    batch = decode_columns(read(name))
    assert check_columns(read(name)).n == len(batch)
    for quantity, column in golden.SAMPLES.values.items():
        np.testing.assert_allclose(batch.values[quantity], column, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(batch.age_s["soc_pct"], golden.SAMPLES.age_s["soc_pct"])


@pytest.mark.parametrize("name", ["chunk-1.bin", "chunk-2.bin"])
def test_a_foreign_program_reads_a_chunk(name):
    times, columns = foreign_chunk(read(name))
    assert times == golden.SAMPLES.t_ns.tolist()
    assert columns["pack_current_a"] == [0.0, 99.95, 100.0, None]
    assert columns["cell_voltage_v"] == [[3.301, 3.31, 3.312, 3.313], [3.299, None, 3.31, 3.31]]


def test_a_foreign_program_checks_a_record():
    key_id, payload, signature = msgspec.msgpack.decode(read("record-1.bin"))
    PUBLIC.verify(signature, b"packtrail/record/1\n" + payload)
    assert key_id == hashlib.sha256(golden.KEY.public.raw).hexdigest()[:16]
    assert msgspec.msgpack.decode(payload)["seq"] == 17


def test_a_foreign_program_checks_an_event():
    signed = json.loads(read("event-1.json"))
    # The golden event is ASCII-keyed, so sorted compact JSON is its RFC 8785 form.
    content = json.dumps(
        signed["event"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).replace("92.0", "92")
    PUBLIC.verify(base64.b64decode(signed["signature"]), b"packtrail/event/1\n" + content.encode())
    event_id = hashlib.sha256(content.encode()).hexdigest()
    assert event_id == decode_event(read("event-1.json")).event_id


@pytest.mark.parametrize("name", sorted(schema.TYPES))
def test_committed_schemas_are_those_of_the_types(name, tmp_path):
    schema.write(tmp_path)
    folder = golden.FOLDER.parents[2] / "packtrail" / "schema"
    file = f"{name}.schema.json"
    assert (folder / file).read_text("utf-8") == (tmp_path / file).read_text("utf-8")
    Draft202012Validator.check_schema(schema.schema(name))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event-1", json.loads(read("event-1.json"))["event"]),
        ("signed-event-1", json.loads(read("event-1.json"))),
        (
            "chunk-1",
            msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(read("chunk-1.bin"))),
        ),
    ],
)
def test_golden_values_keep_to_their_schema(name, value):
    Draft202012Validator(schema.schema(name)).validate(value)


def test_a_schema_refuses_what_the_reader_refuses():
    value = json.loads(read("event-1.json"))["event"] | {"clock": "perfect"}
    assert not Draft202012Validator(schema.schema("event-1")).is_valid(value)
