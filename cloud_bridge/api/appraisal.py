"""Routes of the appraisal: what a pack is fit for and worth, and the certificate of it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from cloud_bridge.access.fields import Field
from cloud_bridge.access.gate import Sight
from cloud_bridge.api.answers import answer
from cloud_bridge.api.context import Bridge, Context
from cloud_bridge.api.describing import described, problems
from cloud_bridge.api.packs import known_unit
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, note, refusal
from cloud_bridge.appraisal import Appraisal, Appraiser
from cloud_bridge.appraisal.appraiser import AT_ONCE
from cloud_bridge.appraisal.certificate import certificate_of
from cloud_bridge.exports.formats import encoded
from packtrail.errors import PacktrailError
from packtrail.event import UnitRef
from packtrail.language import Text

RESTS_ON: Final = frozenset({Field.MAKING, Field.HEALTH, Field.INCIDENTS})
"""Who may not see these may not see what follows from them."""
NOT_SET_UP: Final = Text(
    "this bridge does not appraise: its settings name no [appraisal]",
    "本云桥未开通鉴定：配置中没有 [appraisal]",
)

router = APIRouter(prefix="/api/v1/packs", tags=["appraisal"])


@router.get("/{code:path}/appraisal", responses=described(Appraisal, 404))
def show_appraisal(request: Request, bridge: Bridge, sight: See, code: str) -> Response:
    """Safety gates, the probability of each grade, and the residual value as an interval."""
    return answer(appraised(request, bridge, sight, known_unit(bridge, code)))


@router.get(
    "/{code:path}/certificate",
    responses={
        200: {"content": {"application/vc": {}}, "description": "W3C credential"},
        **problems(404),
    },
)
def show_certificate(request: Request, bridge: Bridge, sight: See, code: str) -> Response:
    """The appraisal as a signed credential: `packtrail id verify FILE` checks it offline."""
    unit = known_unit(bridge, code)
    appraisal = appraised(request, bridge, sight, unit)
    if bridge.appraiser is None or bridge.proof_key is None:
        raise Problem(404, NOT_SET_UP)
    document = certificate_of(appraisal, bridge.proof_key, bridge.appraiser.valid_days)
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(unit))
    headers = {"Content-Disposition": f'attachment; filename="{name}-certificate.json"'}
    return Response(encoded(document), media_type="application/vc", headers=headers)


def appraised(request: Request, bridge: Context, sight: Sight, unit: UnitRef) -> Appraisal:
    """The appraisal, for who may see what it rests on.

    Raises:
        Problem: 401 or 403 for others, 404 without policy and prices, 422 where the pack
            cannot be appraised yet.
    """
    hidden = RESTS_ON - sight.of(unit)
    if hidden:
        raise refusal(bridge, sight, min(hidden))
    if bridge.appraiser is None:
        raise Problem(404, NOT_SET_UP)
    note(request, bridge, sight, RESTS_ON)
    return appraisal_for(bridge, bridge.appraiser, unit)


def appraisal_for(
    bridge: Context, appraiser: Appraiser, unit: UnitRef, most_chunks: int = AT_ONCE
) -> Appraisal:
    """The appraisal, for a reader who has been let in and taken down.

    Args:
        bridge: where it is.
        appraiser: by policy and prices.
        unit: which pack.
        most_chunks: of telemetry to read for it; see `Appraiser.appraise`.

    Raises:
        Problem: 422 where the pack cannot be appraised yet.
    """
    try:
        return appraiser.appraise(bridge.packs, unit, bridge.now(), most_chunks)
    except PacktrailError as error:
        detail = Text(error.describe("en"), error.describe("zh"))
        raise Problem(422, detail, code=str(unit)) from error
