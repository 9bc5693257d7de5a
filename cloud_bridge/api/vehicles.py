"""Routes about vehicles and duties: what a vehicle holds and accounts for, who owes what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from cloud_bridge.access.fields import Field
from cloud_bridge.api.answers import DutyAnswer, DutyList, VehicleDetail, answer, described
from cloud_bridge.api.context import Bridge
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, require
from cloud_bridge.view.vehicles import parse_vehicle, vehicle_state
from packtrail.language import Text

router = APIRouter(prefix="/api/v1", tags=["vehicles"])


@router.get("/duties", responses=described(DutyList))
def list_duties(
    request: Request,
    bridge: Bridge,
    sight: See,
    overdue: Annotated[bool, Query(description="only those that are late")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Open duties, the earliest due first; `total` counts those beyond `limit` too."""
    require(request, bridge, sight, Field.DUTIES)
    found = bridge.duties.open(bridge.store, bridge.now(), overdue=overdue)
    words = {rule.id: rule.text for rule in bridge.duties.rules}
    shown = [DutyAnswer(duty, *words[duty.rule], duty.overdue) for duty in found[:limit]]
    return answer(DutyList(shown, len(found), sum(duty.overdue for duty in found)))


@router.get("/vehicles/{vin:path}", responses=described(VehicleDetail))
def show_vehicle(request: Request, bridge: Bridge, sight: See, vin: str) -> Response:
    """What the vehicle holds, and once it is scrapped what became of each of its packs."""
    # Whether a vehicle is known is told to nobody who may not see it.
    require(request, bridge, sight, Field.VEHICLES)
    state = vehicle_state(bridge.store, parse_vehicle(vin))
    if state is None:
        raise Problem(
            404, Text("nothing was ever reported of this vehicle", "没有关于该车辆的任何记录")
        )
    return answer(VehicleDetail(str(state.vehicle), state))
