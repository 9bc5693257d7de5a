"""The pages' routes: overview, pack, station, duties; and a friendly page for what is not there."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from cloud_bridge.api.context import Bridge, Language
from cloud_bridge.exports.formats import FORMATS
from cloud_bridge.pages.paper import Paper
from cloud_bridge.pages.portrait import portrait
from cloud_bridge.pages.story import line_of
from cloud_bridge.view import parse_unit
from cloud_bridge.view.vehicles import vehicle_state
from packtrail.errors import CodeError

PER_PAGE: Final = 50
DUTIES_SHOWN: Final = 100

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def overview(
    request: Request,
    bridge: Bridge,
    language: Language,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """Counts, stations, what needs attention, and the packs."""
    paper = Paper(request, language, bridge.now())
    try:
        start = parse_unit(after) if after else None
    except CodeError:
        return paper.missing(after or "")
    with bridge.packs.together():
        views = bridge.packs.page(start, PER_PAGE)
        stations = bridge.stations.all()
    return paper.render(
        "overview.html",
        here="/",
        packs=views,
        cursor=str(views[-1].unit) if len(views) == PER_PAGE else None,
        start=start,
        stations=stations,
        counts=bridge.store.counts(),
        twins=bridge.store.equivocations(limit=5),
        care=[view for view in views if view.verdict.level != "green"],
        health=bridge.health(),
    )


@router.get("/packs/{code:path}/vehicle")
def vehicle(request: Request, bridge: Bridge, language: Language, code: str) -> HTMLResponse:
    """The vehicle that a pack is in, by way of the pack: no address here names a VIN."""
    paper = Paper(request, language, bridge.now())
    try:
        binding = bridge.packs.state(unit := parse_unit(code)).binding
    except CodeError as error:
        return paper.missing(code, error.describe(language))
    found = vehicle_state(bridge.store, binding.vehicle) if binding and binding.vehicle else None
    if found is None:
        return paper.missing(code)
    return paper.render("vehicle.html", here="", unit=unit, state=found)


@router.get("/packs/{code:path}")
def pack(request: Request, bridge: Bridge, language: Language, code: str) -> HTMLResponse:
    """One pack's digital ID."""
    paper = Paper(request, language, bridge.now())
    try:
        unit = parse_unit(code)
    except CodeError as error:
        return paper.missing(code, error.describe(language))
    if not bridge.packs.known(unit):
        return paper.missing(code)
    return paper.render(
        "pack.html",
        here="",
        shown=portrait(bridge, unit, language),
        exports=list(FORMATS.values()),
    )


@router.get("/stations/{gateway}")
def station(request: Request, bridge: Bridge, language: Language, gateway: str) -> HTMLResponse:
    """One station's slots."""
    paper = Paper(request, language, bridge.now())
    if gateway not in bridge.stations.names():
        return paper.missing(gateway)
    view = bridge.stations.view(gateway)
    alarms = [line_of(told, told.event.unit, language, frozenset()) for told in view.alarms]
    alarms.sort(key=lambda line: line.t_ns, reverse=True)
    units = {told.event_id: told.event.unit for told in view.alarms}
    return paper.render("station.html", here="", station=view, alarms=alarms, units=units)


@router.get("/duties")
def duties(request: Request, bridge: Bridge, language: Language) -> HTMLResponse:
    """Who owes what by when, the most urgent first."""
    found = bridge.duties.open(bridge.store, bridge.now())
    shown = found[:DUTIES_SHOWN]
    return Paper(request, language, bridge.now()).render(
        "duties.html",
        here="/duties",
        found=shown,
        total=len(found),
        late=sum(duty.overdue for duty in found),
        words={rule.id: rule.text for rule in bridge.duties.rules},
    )


@router.get("/docs")
def api_description(request: Request, bridge: Bridge, language: Language) -> HTMLResponse:
    """The API's description to read, made of the same OpenAPI document."""
    paper = Paper(request, language, bridge.now())
    return paper.render("docs.html", here="/docs", paths=request.app.openapi()["paths"])
