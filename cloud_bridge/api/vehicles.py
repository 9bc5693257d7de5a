"""Routes about vehicles and duties: what a vehicle holds and accounts for, who owes what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from cloud_bridge.access.fields import Field
from cloud_bridge.api.answers import DutyAnswer, DutyList, VehicleDetail, answer
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge
from cloud_bridge.api.cursors import Cursor, cursor_of, cut, key_of, linked
from cloud_bridge.api.describing import described
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, require
from cloud_bridge.rules.duties import Duty
from cloud_bridge.view.vehicles import parse_vehicle, vehicle_state
from packtrail.language import Text

router = APIRouter(prefix="/api/v1", tags=["vehicles"], route_class=ReadRoute)

Vin = Annotated[
    str,
    Path(min_length=1, max_length=200, description="a VIN, or `scheme:id` of another kind"),
]


@router.get("/duties", responses=described(DutyList, paged=True))
def list_duties(
    request: Request,
    bridge: Bridge,
    sight: See,
    cursor: Cursor = None,
    overdue: Annotated[bool, Query(description="only those that are late")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Open duties, the earliest due first; `total` counts those on other pages too."""
    require(request, bridge, sight, Field.DUTIES)
    found = bridge.duties.open(bridge.store, bridge.now(), overdue=overdue)
    words = {rule.id: rule.text for rule in bridge.duties.rules}
    start = key_of("duties", cursor, tuple[str, str, str])
    rest = [duty for duty in found if start is None or _key(duty) > start]
    page, more = cut(rest, limit)
    following = cursor_of("duties", _key(page[-1])) if more else None
    shown = [DutyAnswer(duty, *words[duty.rule], duty.overdue) for duty in page]
    late = sum(duty.overdue for duty in found)
    return linked(request, answer(DutyList(shown, len(found), late, following)), following)


@router.get("/vehicles/{vin:path}", responses=described(VehicleDetail, 404))
def show_vehicle(request: Request, bridge: Bridge, sight: See, vin: Vin) -> Response:
    """What the vehicle holds, and once it is scrapped what became of each of its packs."""
    # Whether a vehicle is known is told to nobody who may not see it.
    require(request, bridge, sight, Field.VEHICLES)
    state = vehicle_state(bridge.store, parse_vehicle(vin))
    if state is None:
        raise Problem(
            404, Text("nothing was ever reported of this vehicle", "没有关于该车辆的任何记录")
        )
    return answer(VehicleDetail(str(state.vehicle), state))


def _key(duty: Duty) -> tuple[str, str, str]:
    """What the list is in the order of."""
    return duty.due, duty.rule, duty.event
