"""Routes about vehicles and duties: what a vehicle holds and accounts for, who owes what."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from cloud_bridge.access.fields import Field
from cloud_bridge.access.gate import Sight
from cloud_bridge.api.answers import (
    DutyAnswer,
    DutyList,
    OpeningAnswer,
    OpeningList,
    VehicleDetail,
    answer,
)
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge, Context
from cloud_bridge.api.cursors import Cursor, DueAt, cursor_of, cut, key_of, linked
from cloud_bridge.api.describing import described
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, refusal, require
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.rules import Duty, DutyRule
from cloud_bridge.rules.book import place_of
from cloud_bridge.view.vehicles import parse_vehicle, vehicle_state
from packtrail.event import VehicleRef
from packtrail.language import Text
from packtrail.personal import SUBJECT
from packtrail.times import parse_time

router = APIRouter(prefix="/api/v1", tags=["vehicles"], route_class=ReadRoute)

Vin = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        description="`subject:ID`, a VIN, or `scheme:id` of another kind",
    ),
]
UNKNOWN: Final = Text("nothing was ever reported of this vehicle", "没有关于该车辆的任何记录")
SHUT: Final = Text("nothing of it can be opened", "没有可开启的内容")


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
    start = key_of("duties", cursor, tuple[DueAt, str, str]) or (-1, "", "")
    store, now_ns = bridge.store, bridge.now()
    found, rules = bridge.duties.listed(store, now_ns, start, limit + 1, overdue=overdue)
    page, more = cut(found, limit)
    following = cursor_of("duties", place_of(page[-1])) if more else None
    shown = [_shown(duty, rules[duty.rule]) for duty in page]
    total, late, behind = bridge.duties.counts(store, now_ns)
    table = bridge.duties.in_force(store)
    listed = DutyList(
        shown,
        late if overdue else total,
        late,
        following,
        behind,
        table.table.name,
        table.adopted.digest,
    )
    return linked(request, answer(listed), following)


def _shown(duty: Duty, rule: DutyRule) -> DutyAnswer:
    day = rule.day_of(parse_time(duty.due))
    return DutyAnswer(duty, *rule.text, duty.overdue, day, rule.utc_offset)


@router.get("/vehicles/{vin:path}/openings", responses=described(OpeningList, 404))
def show_openings(request: Request, bridge: Bridge, sight: See, vin: Vin) -> Response:
    """Salts and number that open the vehicle's commitments, to be checked without this bridge."""
    vehicle = _asked(request, bridge, sight, vin, "openings of ")
    found = Subjects(bridge.store).openings(vehicle.id) if vehicle.scheme == SUBJECT else []
    if not found:
        raise Problem(404, SHUT)
    openings = [OpeningAnswer(one.reference, one.kind, one.salt, one.value) for one in found]
    return answer(OpeningList(str(vehicle), openings))


@router.get("/vehicles/{vin:path}", responses=described(VehicleDetail, 404))
def show_vehicle(
    request: Request,
    bridge: Bridge,
    sight: See,
    vin: Vin,
    number: Annotated[bool, Query(description="also its number in the clear")] = False,
) -> Response:
    """What the vehicle holds, and once it is scrapped what became of each of its packs."""
    vehicle = _asked(request, bridge, sight, vin, "number of " if number else "")
    state = vehicle_state(bridge.store, vehicle)
    if state is None:
        raise Problem(404, UNKNOWN)
    name, subjects = str(vehicle), Subjects(bridge.store)
    clear = subjects.shown([name]).get(name, "") if number else ""
    gone = subjects.forgotten([name]).get(name, "")
    return answer(VehicleDetail(name, state, "" if gone else clear, gone))


def _asked(request: Request, bridge: Context, sight: Sight, text: str, what: str) -> VehicleRef:
    """The vehicle, for whoever may see it; the log names it by its subject, never by its VIN."""
    # Whether a vehicle is known is told to nobody who may not see it, not by how long it takes.
    if Field.VEHICLES not in sight.of():
        raise refusal(bridge, sight, Field.VEHICLES)
    vehicle = Subjects(bridge.store).vehicle(parse_vehicle(text))
    shown = f"…{vehicle.id[-4:]}" if vehicle.scheme == "vin" else str(vehicle)
    require(request, bridge, sight, Field.VEHICLES, what=f"{what}/api/v1/vehicles/{shown}")
    return vehicle
