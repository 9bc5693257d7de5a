"""Types that many threads decode for the first time at once."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from packtrail.shapes import convert, from_json, from_msgpack, json_decoder, msgpack_decoder

ROUNDS = """
import sys, threading, types
import msgspec
from packtrail.shapes import convert, from_json, from_msgpack

sys.setswitchinterval(1e-6)  # as unkind as the interpreter can be
DEPTH = 12

def described(module):
    lines = ["from __future__ import annotations", "import msgspec"]
    for number in range(DEPTH):
        inner = f"Shape{number - 1} | None" if number else "int"
        lines.append(f"class Shape{number}(msgspec.Struct):")
        lines += [f"    field{field}: {inner} = None" for field in range(8)]
    sys.modules[module.__name__] = module
    exec("\\n".join(lines), module.__dict__)

def nested(depth):
    return {"field1": nested(depth - 1), "field7": nested(0)} if depth else {}

for number in range(20):
    module = types.ModuleType(f"round{number}")
    described(module)
    ready = threading.Barrier(4)

    def read(way, module=module, ready=ready):
        ready.wait()
        for depth in range(DEPTH - 1, 0, -1):
            shape, content = getattr(module, f"Shape{depth}"), nested(depth)
            way(content, shape)

    ways = [
        lambda content, shape: from_json(msgspec.json.encode(content), shape),
        lambda content, shape: from_msgpack(msgspec.msgpack.encode(content), shape),
        convert,
        lambda content, shape: from_json(msgspec.json.encode(content), list[shape] | shape),
    ]
    threads = [threading.Thread(target=read, args=(way,)) for way in ways]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print("alive")
"""


def test_threads_may_begin_at_once():
    done = subprocess.run(
        [sys.executable, "-c", ROUNDS], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


class Point(msgspec.Struct, frozen=True):
    x: int
    y: int = 0


def test_each_way_gives_the_type():
    assert from_json(b'{"x":1}', Point) == Point(1)
    assert from_json('[{"x":1,"y":2}]', list[Point]) == [Point(1, 2)]
    assert from_msgpack(msgspec.msgpack.encode({"x": 3}), Point) == Point(3)
    assert convert({"x": 4, "y": 5}, Point) == Point(4, 5)
    assert convert({"x": "6"}, Point, strict=False) == Point(6)


@pytest.mark.parametrize("read", [from_json, lambda data, shape: convert({"x": data}, shape)])
def test_what_does_not_fit_is_told_with_its_place(read: Any):
    with pytest.raises(msgspec.ValidationError, match=r"\$.x"):
        read('{"x": "one"}', Point)


def test_a_decoder_is_made_once():
    assert json_decoder(Point) is json_decoder(Point)
    assert json_decoder(Point) is not json_decoder(Point, str)
    assert msgpack_decoder(list[Point]) is msgpack_decoder(list[Point])
