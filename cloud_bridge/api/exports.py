"""Routes of exports: a pack's passport in the formats of others, as the reader may see it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from cloud_bridge.api.context import Bridge, Context
from cloud_bridge.api.packs import known_unit
from cloud_bridge.api.problems import Problem
from cloud_bridge.errors import BridgeError
from cloud_bridge.exports.formats import FORMATS
from cloud_bridge.exports.making import prepared
from cloud_bridge.exports.points import Access
from packtrail.errors import CodecError
from packtrail.language import Text

ANYBODY: Final = frozenset({Access.PUBLIC})

router = APIRouter(prefix="/api/v1/packs", tags=["exports"])


@router.get(
    "/{code:path}/export/{form}",
    responses={
        200: {"content": {one.media: {} for one in FORMATS.values()}, "description": "Document"}
    },
)
def export_pack(bridge: Bridge, code: str, form: str) -> Response:
    """The passport in one format; what the reader may not see is left out and told.

    Formats: `batterypass`, `catenax-code`, `credential` and the others that `packtrail id export
    --help` names. Without a proven interest only public data points are shown (Regulation (EU)
    2023/1542, Annex XIII).
    """
    chosen = FORMATS.get(form)
    if chosen is None:
        known = ", ".join(FORMATS)
        raise Problem(404, Text(f"formats: {known}", f"可选格式：{known}"), format=form[:100])
    unit = known_unit(bridge, code)
    try:
        ready = prepared(
            bridge.store, unit, bridge.now(), key=bridge.proof_key, allowed=allowed(bridge)
        )
        document = chosen.write(ready)
    except (CodecError, BridgeError) as error:
        detail = Text(error.describe("en"), error.describe("zh"))
        raise Problem(422, detail, code=str(unit), format=form) from error
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(unit))
    disposition = f'inline; filename="{name}-{chosen.name}.{chosen.suffix}"'
    return Response(document, media_type=chosen.media, headers={"Content-Disposition": disposition})


def allowed(_: Context) -> frozenset[Access]:
    """What the reader of this request may see: nobody has proven an interest here yet."""
    return ANYBODY
