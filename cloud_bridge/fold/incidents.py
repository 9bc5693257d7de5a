"""Safety reports become incidents: opened, repeated, cleared.

A severity that we do not know counts as quarantine: careful until somebody says otherwise.
After a danger is reported over, the pack stays under watch, since only an inspection can say
that nothing is left of it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cloud_bridge.fold.axes import Safety
from cloud_bridge.fold.state import Incident
from cloud_bridge.fold.told import Told
from packtrail.event import IncidentRecorded, InspectionRecorded


def incidents_of(facts: Iterable[Told]) -> tuple[Incident, ...]:
    """Every incident that `facts` (in order) tell of, oldest first."""
    incidents: list[Incident] = []
    open_at: dict[tuple[str, str], int] = {}
    for told in facts:
        body = told.event.body
        if isinstance(body, InspectionRecorded) and body.clears_safety:
            incidents = [_inspected(one, told) for one in incidents]
            open_at.clear()
        if not isinstance(body, IncidentRecorded):
            continue
        # A reporter opens and clears each severity by itself; the hottest probe may change.
        key = (body.kind, body.severity)
        if key in open_at:
            place = open_at.pop(key) if body.cleared else open_at[key]
            incidents[place] = _continued(incidents[place], told, body)
        elif not body.cleared:
            open_at[key] = len(incidents)
            incidents.append(_opened(told, body))
    return tuple(incidents)


def worst(incidents: Iterable[Incident]) -> Safety:
    """How careful the incidents ask one to be."""
    return max((_weight(one) for one in incidents), key=lambda s: s.rank, default=Safety.OK)


def _weight(incident: Incident) -> Safety:
    if incident.inspected:
        return Safety.OK
    if not incident.cleared:
        return incident.severity
    return Safety.WATCH if incident.severity is Safety.DANGER else Safety.OK


def _opened(told: Told, body: IncidentRecorded) -> Incident:
    return Incident(
        kind=body.kind,
        severity=_severity(body.severity),
        where=body.where,
        quantity=body.quantity,
        value=body.value,
        limit=body.limit,
        since=told.event.occurred_from,
        cleared="",
        reports=1,
        events=(told.event_id,),
    )


def _inspected(incident: Incident, told: Told) -> Incident:
    """An inspection found nothing left of it."""
    if incident.inspected:
        return incident
    cleared = incident.cleared or told.event.occurred_to
    return msgspec.structs.replace(incident, cleared=cleared, inspected=told.event_id)


def _continued(incident: Incident, told: Told, body: IncidentRecorded) -> Incident:
    reports = incident.reports + 1
    if body.cleared:
        events = (*incident.events, told.event_id)
        moment = told.event.occurred_to
        return msgspec.structs.replace(incident, cleared=moment, reports=reports, events=events)
    value = incident.value if body.value is None else body.value
    return msgspec.structs.replace(incident, value=value, reports=reports)


def _severity(text: str) -> Safety:
    try:
        return Safety(text)
    except ValueError:
        return Safety.QUARANTINE
