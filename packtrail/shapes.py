"""Typed decoding by msgspec that any number of threads may begin at once.

msgspec describes a type when it is first needed. It puts the description where other threads find
it before the fields are filled in, and a thread that finds it so reads a null pointer: the process
is gone without a word (0.22; its lock is compiled into free-threaded Python only). So every
description is made here, once and under one lock; ruff refuses the way round.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

_Shape = TypeVar("_Shape")
_ONE_AT_A_TIME: Final = threading.RLock()
_JSON: Final[dict[object, msgspec.json.Decoder[Any]]] = {}
_MSGPACK: Final[dict[object, msgspec.msgpack.Decoder[Any]]] = {}


def json_decoder(
    shape: type[_Shape], float_hook: Callable[[str], Any] | None = None
) -> msgspec.json.Decoder[_Shape]:
    """The decoder of this type, the same one each time; the hook gets every number with a dot."""
    known = _JSON.get((shape, float_hook))
    if known is None:
        with _ONE_AT_A_TIME:
            known = msgspec.json.Decoder(shape, float_hook=float_hook)
        _JSON[shape, float_hook] = known
    return known


def msgpack_decoder(shape: type[_Shape]) -> msgspec.msgpack.Decoder[_Shape]:
    """The decoder of this type, the same one each time."""
    known = _MSGPACK.get(shape)
    if known is None:
        with _ONE_AT_A_TIME:
            known = msgspec.msgpack.Decoder(shape)
        _MSGPACK[shape] = known
    return known


def from_json(data: bytes | str, shape: type[_Shape]) -> _Shape:
    """Read JSON.

    Raises:
        msgspec.DecodeError: no JSON, or a `ValidationError` with the path of what does not fit.
        UnicodeDecodeError: a text is not UTF-8.
        RecursionError: nested too deeply.
    """
    return json_decoder(shape).decode(data)


def plain_json(data: bytes | str) -> Any:
    """Read JSON whose type nobody knows; raises as `from_json` does."""
    return msgspec.json.decode(data)


def from_msgpack(data: bytes, shape: type[_Shape]) -> _Shape:
    """Read MessagePack; raises as `from_json` does."""
    return msgpack_decoder(shape).decode(data)


def convert(content: object, shape: type[_Shape], *, strict: bool = True) -> _Shape:
    """Build a typed value from plain ones.

    Args:
        content: dictionaries, lists, texts and numbers.
        shape: what they shall become.
        strict: False takes "1" for 1, as a file of texts needs it.

    Raises:
        msgspec.ValidationError: with the path of what does not fit.
    """
    msgpack_decoder(shape)
    return msgspec.convert(content, shape, strict=strict)
