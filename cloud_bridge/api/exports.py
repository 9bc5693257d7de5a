"""Routes of exports: a pack's passport in the formats of others, as the reader may see it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from cloud_bridge.access.fields import Field, Reader
from cloud_bridge.access.gate import Sight
from cloud_bridge.access.redact import OF_A_PACK
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge, Context
from cloud_bridge.api.describing import problems
from cloud_bridge.api.packs import Code, known_unit
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, require
from cloud_bridge.errors import BridgeError
from cloud_bridge.exports.formats import FORMATS
from cloud_bridge.exports.making import prepared
from cloud_bridge.exports.points import Access
from packtrail.errors import CodecError
from packtrail.event import UnitRef
from packtrail.language import Text

ANYBODY: Final = frozenset({Access.PUBLIC})

router = APIRouter(prefix="/api/v1/packs", tags=["exports"], route_class=ReadRoute)


@router.get(
    "/{code:path}/export/{form}",
    responses={
        200: {"content": {one.media: {} for one in FORMATS.values()}, "description": "Document"},
        **problems(404),
    },
)
def export_pack(request: Request, bridge: Bridge, sight: See, code: Code, form: str) -> Response:
    """The passport in one format; what the reader may not see is left out and told.

    Formats: `batterypass`, `catenax-code`, `credential` and the others that `packtrail id export
    --help` names. Without a proven interest only public data points are shown (Regulation (EU)
    2023/1542, Annex XIII), and nobody is shown by a format what the access table hides from him.
    """
    chosen = FORMATS.get(form)
    if chosen is None:
        known = ", ".join(FORMATS)
        raise Problem(404, Text(f"formats: {known}", f"可选格式：{known}"), format=form[:100])
    unit = known_unit(bridge, code)
    may, seen = allowed(bridge, sight, unit), sight.of(unit)
    shown = seen & OF_A_PACK if may > ANYBODY else frozenset()
    require(request, bridge, sight, Field.MAKING, unit, also=shown)
    try:
        ready = prepared(
            bridge.store,
            unit,
            bridge.now(),
            key=bridge.proof_key,
            allowed=may,
            seen=seen,
        )
        document = chosen.write(ready)
    except (CodecError, BridgeError) as error:
        detail = Text(error.describe("en"), error.describe("zh"))
        raise Problem(422, detail, code=str(unit), format=form) from error
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(unit))
    disposition = f'inline; filename="{name}-{chosen.name}.{chosen.suffix}"'
    return Response(document, media_type=chosen.media, headers={"Content-Disposition": disposition})


def allowed(bridge: Context, sight: Sight, unit: UnitRef) -> frozenset[Access]:
    """What the reader may see of a passport: who proved no interest with a key, public points."""
    seen = sight.of(unit)
    if bridge.access is None or not {Field.MAKING, Field.HEALTH, Field.INCIDENTS} <= seen:
        return ANYBODY
    if sight.role == Reader.AUTHORITY:
        return frozenset(Access)
    return frozenset({Access.PUBLIC, Access.LEGITIMATE})
