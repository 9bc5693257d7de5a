"""Catena-X TractionBatteryCode 2.0.0: the tree of GB/T 34014 codes of a unit and its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cloud_bridge.exports.lens import Json
from cloud_bridge.fold import PackState
from packtrail.codes import PackCode
from packtrail.errors import CodecError, CodeError
from packtrail.event import UnitRef

DEEPEST: Final = 6

StateOf = Callable[[UnitRef], PackState]


def tree_of(state: PackState, state_of: StateOf, depth: int = DEEPEST) -> Json:
    """The document of a unit; parts without a GB/T 34014 code have no place in it.

    Args:
        state: of the unit.
        state_of: of a part of it.
        depth: levels below it, at most.

    Raises:
        CodecError: the unit itself bears no such code.
    """
    code = _code(state.unit)
    if code is None:
        raise CodecError("code", f"{state.unit} is no GB/T 34014 code")
    document: Json = {"productType": code.level.value, "tractionBatteryCode": code.text}
    parts = [
        tree_of(state_of(child), state_of, depth - 1)
        for child in state.parts.children
        if depth and _code(child)
    ]
    return document | ({"subcomponents": parts} if parts else {})


def units_in(document: Json) -> tuple[UnitRef, tuple[UnitRef, ...]]:
    """The unit and the parts directly in it.

    Raises:
        CodecError: a code that is none.
    """
    parts: Any = document.get("subcomponents") or []
    if not isinstance(parts, list) or not all(isinstance(one, dict) for one in parts):
        raise CodecError("code", "subcomponents is no list of objects")
    return _unit(document), tuple(_unit(one) for one in parts)


def _unit(document: Json) -> UnitRef:
    text = document.get("tractionBatteryCode")
    try:
        return PackCode.parse(str(text)).unit
    except CodeError as error:
        raise CodecError("code", str(error)) from error


def _code(unit: UnitRef) -> PackCode | None:
    if unit.scheme != "gbt34014":
        return None
    try:
        return PackCode.parse(unit.id)
    except CodeError:
        return None
