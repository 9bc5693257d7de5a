"""The route of retention: what is kept of a pack's telemetry, why, until when, and what went."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from cloud_bridge.access.fields import Field
from cloud_bridge.api.answers import answer
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge
from cloud_bridge.api.describing import described
from cloud_bridge.api.packs import known_unit
from cloud_bridge.api.sight import See, require
from cloud_bridge.fold import fold
from cloud_bridge.retention.told import Keeping, keeping_of

router = APIRouter(prefix="/api/v1/packs", tags=["packs"], route_class=ReadRoute)


@router.get("/{code:path}/retention", responses=described(Keeping, 404))
def show_retention(request: Request, bridge: Bridge, sight: See, code: str) -> Response:
    """What is kept of the pack's telemetry and until when, and what was retired with its proof."""
    unit = known_unit(bridge, code)
    require(request, bridge, sight, frozenset({Field.TELEMETRY, Field.LEDGER}), unit)
    now_ns = bridge.now()
    with bridge.store.reading():
        first, facts = bridge.packs.story(unit)
    rules = bridge.policy.binding(now_ns)
    duties = bridge.duties.about(bridge.store, facts, now_ns)
    state = fold(first, facts)
    return answer(keeping_of(unit, bridge.policy.name, rules, state, facts, duties))
