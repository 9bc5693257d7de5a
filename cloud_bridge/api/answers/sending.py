"""An answer on its way, and what every kind of them may hold."""

from __future__ import annotations

import msgspec
from fastapi import Response


def answer(value: msgspec.Struct, status: int = 200) -> Response:
    """`value` as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


class HiddenAnswer(msgspec.Struct, frozen=True):
    """A part of the answer that the access rules hide, and who may ask for it."""

    field: str
    en: str
    zh: str
    who_en: str
    who_zh: str


class HealthAnswer(msgspec.Struct, frozen=True):
    """Whether everything works, and each fault."""

    ok: bool
    faults: tuple[str, ...]
