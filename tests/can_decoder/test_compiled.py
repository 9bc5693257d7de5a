"""numba gives the bits that numpy gives."""

from __future__ import annotations

from importlib import import_module

import can
import numpy as np
import pytest

import can_decoder
from can_decoder import Database, FrameBatch, MessageLayout, SignalLayout, compiled
from can_decoder.routing import HashTable, SortedTable


def layouts() -> list[MessageLayout]:
    random = np.random.default_rng(11)
    found = []
    for number in range(12):
        signals = []
        for place in range(6):
            size = int(random.integers(1, 41))
            start = int(random.integers(0, 65 - size))
            little = bool(random.integers(2))
            sawtooth = start if little else start // 8 * 8 + 7 - start % 8
            scale = [1, 0.1, -1, 0.25][int(random.integers(4))]
            signed = bool(random.integers(2))
            signals.append(
                SignalLayout(f"s{place}", sawtooth, size, little, signed, scale=scale, offset=-3)
            )
        extended = number % 2 == 1
        frame_id = 0x18FF0000 + number * 77 if extended else 0x100 + number
        found.append(MessageLayout(f"M{number}", frame_id, extended, 8, tuple(signals)))
    return found


def test_compiled_batch_equals_numpy_bit_for_bit():
    import_module("numba")
    random = np.random.default_rng(3)
    messages = layouts()
    which = random.integers(0, len(messages) + 1, 5000)
    ids = np.array([*(m.frame_id for m in messages), 0x7FF], np.uint32)[which]
    extended = np.array([*(m.extended for m in messages), False])[which]
    length = random.choice([8, 8, 8, 5], 5000)
    data = random.integers(0, 256, (5000, 8), np.uint8)
    batch = FrameBatch.from_arrays(ids, extended, np.arange(5000), data, length)
    database = Database(messages)
    plain = database.decode_batch(batch, compiled=False)
    fast = database.decode_batch(batch, compiled=True)
    assert plain.keys() == fast.keys()
    for name, columns in plain.items():
        assert np.array_equal(columns.rows, fast[name].rows)
        assert np.array_equal(columns.t_ns, fast[name].t_ns)
        for signal in columns.signals:
            assert columns[signal].tobytes() == fast[name][signal].tobytes()


def test_compiled_log_readers_equal_those_of_numpy(tmp_path):
    import_module("numba")
    random = np.random.default_rng(9)
    text, blf = tmp_path / "a.log", tmp_path / "a.blf"
    odd = ["(1.5) can0 123##1" + "AB" * 12, "(1.5) can0 123#R", "what", "  can3  1F  [1]  00", ""]
    with can.BLFWriter(blf, max_container_size=4000) as log, text.open("w") as lines:
        for row in range(3000):
            extended = row % 3 == 0
            frame_id = int(random.integers(1 << 29 if extended else 1 << 11))
            data = random.bytes(int(random.integers(9)))
            fd = row % 50 == 0
            log(
                can.Message(
                    1e9 + row / 1000,
                    frame_id,
                    extended,
                    is_remote_frame=row % 70 == 1,
                    is_fd=fd,
                    data=data if row % 70 != 1 else None,
                    channel=row % 3,
                )
            )
            digits = f"{frame_id:0{8 if extended else 3}x}"
            second = row if row % 2 else 1_700_000_000 + row
            fraction = f"{row:06d}0{row:06d}"[: 1 + row % 10]
            line = f"({second}.{fraction}) can{row % 4} {digits}#{data.hex()}\r\n"
            lines.write(line if row % 5 else spoilt(line, random))
            if row % 100 == 0:
                lines.write(odd[row // 100 % len(odd)] + "\n")
    plain = {path: read(path) for path in (text, blf)}
    compiled.warm_up()
    for path in (text, blf):
        assert read(path) == plain[path]


def spoilt(line: str, random: np.random.Generator) -> str:
    """The line with one character changed, mostly to a neighbour of those that are allowed."""
    place = int(random.integers(len(line) - 2))
    return line[:place] + str(random.choice([*"/:@G`g()#. x0fF"])) + line[place + 1 :]


def read(path) -> tuple[list[object], int, int]:
    """Everything that a reader says about a log."""
    reader = can_decoder.read_log(path)
    rows: list[object] = []
    for batch in reader:
        columns = (batch.ids, batch.extended, batch.t_ns, batch.length, batch.channel)
        rows += zip(*(column.tolist() for column in columns), strict=True)
        rows += [batch.payload(row) for row in range(len(batch))]
    return rows, reader.source.skipped, len(reader.diagnostics)


@pytest.mark.parametrize("table", [HashTable, SortedTable])
def test_tables_find_what_they_hold_and_nothing_else(table):
    random = np.random.default_rng(1)
    keys = random.choice(1 << 29, 300, replace=False).tolist()
    found = table.of({key: place for place, key in enumerate(keys)}, np.int16)
    assert found.find(np.array(keys, np.uint32)).tolist() == list(range(300))
    others = np.setdiff1d(random.integers(0, 1 << 29, 1000, np.uint32), keys)
    assert set(found.find(others).tolist()) == {-1}


def test_many_extended_messages_are_all_found():
    messages = [
        MessageLayout(f"M{n}", n * 4099, True, 8, (SignalLayout("s", 0, 8),)) for n in range(700)
    ]
    ids = np.array([m.frame_id for m in messages], np.uint32)
    batch = FrameBatch.from_arrays(
        ids, np.ones(700, bool), np.arange(700), np.zeros((700, 8)), np.full(700, 8)
    )
    assert len(Database(messages).decode_batch(batch)) == 700
