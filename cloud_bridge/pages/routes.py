"""The pages' routes: overview, pack, station, duties; and a friendly page for what is not there."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from cloud_bridge.access.fields import Field
from cloud_bridge.access.gate import Sight
from cloud_bridge.access.redact import OF_A_PACK, OF_A_STATION, redacted_glance, redacted_station
from cloud_bridge.api.answers import HiddenAnswer
from cloud_bridge.api.context import Bridge, Context, Language
from cloud_bridge.api.cursors import DueAt, cursor_of, key_of
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, hidden_answer, hidden_from, note
from cloud_bridge.appraisal.words import conclusion
from cloud_bridge.exports.formats import FORMATS
from cloud_bridge.fold import VehicleState
from cloud_bridge.pages.appraisals import WORDS as APPRAISAL
from cloud_bridge.pages.appraisals import appraisal_of
from cloud_bridge.pages.paper import Paper
from cloud_bridge.pages.portrait import portrait
from cloud_bridge.pages.story import line_of
from cloud_bridge.privacy.people import vehicle_shown
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.rules.book import place_of
from cloud_bridge.view import parse_unit
from cloud_bridge.view.findings import findings_about
from cloud_bridge.view.vehicles import vehicle_state
from packtrail.errors import CodeError
from packtrail.times import parse_time

INQUIRY: Final = frozenset({Field.LEDGER, Field.VEHICLES})
"""Who sees both sees what reports of packs and vehicles show together."""
PER_PAGE: Final = 25
STATIONS_SHOWN: Final = 12
DUTIES_SHOWN: Final = 100

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def overview(
    request: Request,
    bridge: Bridge,
    language: Language,
    sight: See,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """Counts, stations, what needs attention, and the packs."""
    paper = Paper(request, language, bridge.now())
    try:
        start = parse_unit(after) if after else None
    except CodeError:
        return paper.missing(after or "")
    with bridge.store.reading():
        whole = bridge.packs.page(start, PER_PAGE)
        told = Field.STATIONS in sight.of()
        names = bridge.stations.names() if told else []
        shown = [] if start else names[:STATIONS_SHOWN]
        stations = [redacted_station(view, sight) for view in bridge.stations.views(shown)]
    seen = [sight.of(view.unit) & OF_A_PACK for view in whole]
    note(request, bridge, sight, frozenset().union(*seen, sight.of() & OF_A_STATION))
    views = [redacted_glance(view, fields) for view, fields in zip(whole, seen, strict=True)]
    return paper.render(
        "overview.html",
        here="/",
        packs=views,
        cursor=str(views[-1].unit) if len(views) == PER_PAGE else None,
        start=start,
        stations=stations,
        stations_all=len(names),
        stations_online=bridge.stations.online(names),
        stations_after=names[STATIONS_SHOWN - 1] if len(names) > STATIONS_SHOWN else "",
        counts=bridge.store.counts(),
        seen=sight.of(),
        twins=bridge.store.equivocations(limit=5) if told else [],
        hidden=_hidden_of_all(bridge, sight),
        care=[view for view in views if view.verdict.level != "green"],
        health=bridge.health(),
    )


@router.get("/stations")
def stations(
    request: Request,
    bridge: Bridge,
    language: Language,
    sight: See,
    after: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """All stations by name, a page at a time."""
    paper = Paper(request, language, bridge.now())
    if Field.STATIONS not in sight.of():
        return paper.hidden(hidden_answer(bridge.access, Field.STATIONS))
    note(request, bridge, sight, sight.of() & OF_A_STATION)
    with bridge.store.reading():
        names = bridge.stations.names()
        later = [name for name in names if name > after]
        views = bridge.stations.views(later[:STATIONS_SHOWN])
    shown = [redacted_station(view, sight) for view in views]
    more = later[STATIONS_SHOWN - 1] if len(later) > STATIONS_SHOWN else ""
    return paper.render(
        "stations.html",
        here="",
        stations=shown,
        stations_all=len(names),
        stations_after=more,
        start=after,
        hidden=_hidden_of_a_station(bridge, sight),
    )


@router.get("/packs/{code:path}/vehicle")
def vehicle(
    request: Request, bridge: Bridge, language: Language, sight: See, code: str
) -> HTMLResponse:
    """The vehicle that a pack is in, by way of the pack: no address here names a VIN."""
    paper = Paper(request, language, bridge.now())
    try:
        unit = parse_unit(code)
    except CodeError as error:
        return paper.missing(code, error.describe(language))
    if Field.VEHICLES not in sight.of(unit):
        return paper.hidden(hidden_answer(bridge.access, Field.VEHICLES))
    note(request, bridge, sight, frozenset({Field.VEHICLES}))
    binding = bridge.packs.state(unit).binding
    found = vehicle_state(bridge.store, binding.vehicle) if binding and binding.vehicle else None
    if found is None:
        return paper.missing(code)
    found = _within(found, sight)
    names = Subjects(bridge.store).shown([str(found.vehicle)])
    shown = vehicle_shown(found.vehicle, names)
    return paper.render("vehicle.html", here="", unit=unit, state=found, shown=shown)


@router.get("/packs/{code:path}")
def pack(
    request: Request, bridge: Bridge, language: Language, sight: See, code: str
) -> HTMLResponse:
    """One pack's digital ID."""
    paper = Paper(request, language, bridge.now())
    try:
        unit = parse_unit(code)
    except CodeError as error:
        return paper.missing(code, error.describe(language))
    if not bridge.packs.known(unit):
        return paper.missing(code)
    seen = sight.of(unit) & OF_A_PACK
    note(request, bridge, sight, seen)
    worth = appraisal_of(bridge, sight, unit)
    known = bridge.store.size()
    findings = findings_about(bridge.store, bridge.packs, unit)[0] if seen >= INQUIRY else ()
    return paper.render(
        "pack.html",
        known=known,
        worth=worth,
        findings=findings,
        conclusion=conclusion(worth) if worth else None,
        appraisal=APPRAISAL,
        here="",
        shown=portrait(bridge, unit, language, seen, findings),
        seen=seen,
        hidden=hidden_from(bridge, seen),
        exports=list(FORMATS.values()),
    )


@router.get("/stations/{gateway}")
def station(
    request: Request, bridge: Bridge, language: Language, sight: See, gateway: str
) -> HTMLResponse:
    """One station's slots."""
    paper = Paper(request, language, bridge.now())
    if Field.STATIONS not in sight.of():
        return paper.hidden(hidden_answer(bridge.access, Field.STATIONS))
    note(request, bridge, sight, sight.of() & OF_A_STATION)
    if gateway not in bridge.stations.names():
        return paper.missing(gateway)
    view = redacted_station(bridge.stations.view(gateway), sight)
    alarms = [line_of(told, told.event.unit, language, frozenset()) for told in view.alarms]
    alarms.sort(key=lambda line: line.t_ns, reverse=True)
    units = {told.event_id: told.event.unit for told in view.alarms}
    hidden = _hidden_of_a_station(bridge, sight)
    return paper.render(
        "station.html", here="", station=view, alarms=alarms, units=units, hidden=hidden
    )


@router.get("/duties")
def duties(
    request: Request,
    bridge: Bridge,
    language: Language,
    sight: See,
    after: Annotated[str | None, Query(max_length=600)] = None,
    *,
    overdue: bool = False,
) -> HTMLResponse:
    """Who owes what by when, the most urgent first."""
    paper = Paper(request, language, bridge.now())
    if Field.DUTIES not in sight.of():
        return paper.hidden(hidden_answer(bridge.access, Field.DUTIES))
    note(request, bridge, sight, frozenset({Field.DUTIES}))
    now_ns, store = bridge.now(), bridge.store
    try:
        start = key_of("duties", after, tuple[DueAt, str, str])
    except Problem:
        return paper.missing(after or "")
    found, rules = bridge.duties.listed(
        store, now_ns, start or (-1, "", ""), DUTIES_SHOWN + 1, overdue=overdue
    )
    shown = [(one, rules[one.rule]) for one in found[:DUTIES_SHOWN]]
    more = cursor_of("duties", place_of(shown[-1][0])) if len(found) > DUTIES_SHOWN else ""
    total, late, behind = bridge.duties.counts(store, now_ns)
    return paper.render(
        "duties.html",
        here="/duties",
        found=[(one, rule, rule.day_of(parse_time(one.due))) for one, rule in shown],
        total=total,
        late=late,
        behind=behind,
        lines=store.size(),
        overdue=overdue,
        start=start,
        more=more,
        binding=bridge.duties.in_force(store),
        differs=bridge.duties.differs(store),
        own=bridge.duties.own.name,
    )


@router.get("/docs")
def api_description(request: Request, bridge: Bridge, language: Language) -> HTMLResponse:
    """The API's description to read, made of the same OpenAPI document."""
    paper = Paper(request, language, bridge.now())
    return paper.render("docs.html", here="/docs", paths=request.app.openapi()["paths"])


def _within(vehicle: VehicleState, sight: Sight) -> VehicleState:
    """Without packs of which the reader may not see vehicles: those beyond his codes."""
    return msgspec.structs.replace(
        vehicle,
        packs=tuple(one for one in vehicle.packs if Field.VEHICLES in sight.of(one[0])),
        accounts=tuple(one for one in vehicle.accounts if Field.VEHICLES in sight.of(one.unit)),
    )


def _hidden_of_all(bridge: Context, sight: Sight) -> list[HiddenAnswer]:
    """What the overview leaves out for this reader: parts of packs, and the stations."""
    hidden = hidden_from(bridge, sight.of())
    if bridge.access and Field.STATIONS not in sight.of():
        hidden.append(hidden_answer(bridge.access, Field.STATIONS))
    return hidden


def _hidden_of_a_station(bridge: Context, sight: Sight) -> list[HiddenAnswer]:
    """What of slots and alarms is left out for this reader."""
    hidden = OF_A_STATION - sight.of()
    return [hidden_answer(bridge.access, field) for field in Field if field in hidden]
