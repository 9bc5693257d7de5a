"""The route of the inquiry: what the reports around a pack show together, and who is to blame."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from cloud_bridge.access.fields import Field
from cloud_bridge.api.answers import FindingList, answer, finding_answer
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge
from cloud_bridge.api.describing import described
from cloud_bridge.api.packs import known_unit
from cloud_bridge.api.sight import See, require
from cloud_bridge.view.findings import findings_about

router = APIRouter(prefix="/api/v1/packs", tags=["packs"], route_class=ReadRoute)


@router.get("/{code:path}/findings", responses=described(FindingList, 404))
def list_findings(request: Request, bridge: Bridge, sight: See, code: str) -> Response:
    """Lost reports, misread vehicles, copied codes, wrong clocks: with proof and culprit."""
    unit = known_unit(bridge, code)
    require(request, bridge, sight, frozenset({Field.LEDGER, Field.VEHICLES}), unit)
    with bridge.store.reading():
        found, facts = findings_about(bridge.store, bridge.packs, unit)
    return answer(FindingList([finding_answer(one) for one in found], facts))
