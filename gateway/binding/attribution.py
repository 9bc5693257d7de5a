"""What a late settlement says of the time before it: whose the sealed telemetry is.

A chunk that was sealed while nobody knew the pack names no pack, and no sealed record is ever
changed. So a signed fact says afterwards that a span of the slot belongs to a unit; the bridge
reads both together. Pure: spans and bodies leave, the book makes facts of them.
"""

from __future__ import annotations

from gateway.binding.visit import Case, Visit
from packtrail.event import (
    Body,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    Reading,
    TelemetryAttributed,
    UnitRef,
)
from packtrail.times import format_time

Span = tuple[int, int]
"""UTC of the first and of the last moment."""


def attributions(
    visit: Visit, unit: UnitRef, sealed_until_ns: int, place: PlaceRef
) -> list[tuple[Span, Body]]:
    """The facts that give a present visit's sealed data to `unit`; none when all came in time.

    Args:
        visit: as it was before it was settled.
        unit: whose it is.
        sealed_until_ns: UTC of the newest sample sealed during the visit, 0 for none.
        place: the slot.
    """
    spans: list[tuple[Span, UnitRef | None]] = []
    if 0 < visit.unbound_ns <= sealed_until_ns:
        spans.append(((visit.unbound_ns, sealed_until_ns), None))
    mistaken = visit.sealed_as
    if mistaken not in (None, unit) and visit.since_ns <= sealed_until_ns:
        until_ns = min(visit.unbound_ns or sealed_until_ns, sealed_until_ns)
        spans.append(((visit.since_ns, until_ns), mistaken))
    return [(span, _body(place, span, wrong, visit.readings)) for span, wrong in spans]


def history_of(
    case: Case, unit: UnitRef, reading: Reading, place: PlaceRef
) -> list[tuple[UnitRef, Span, Body]]:
    """The facts of a visit that is over, now that a person has said whose it was."""
    stay: Span = (case.since_ns, case.until_ns)
    arrived, left = (case.since_ns, case.since_ns), (case.until_ns, case.until_ns)
    readings = (*case.readings, reading)
    told: list[tuple[UnitRef, Span, Body]] = []
    if case.announced not in (None, unit):
        assert case.announced is not None
        told.append((case.announced, arrived, PackRemoved(place=place, reason="misread")))
        told.append((unit, stay, _body(place, stay, case.announced, readings)))
    if case.announced != unit:
        told.append((unit, arrived, PackInstalled(place=place, readings=readings)))
    told.append((unit, stay, _body(place, stay, None, readings)))
    told.append((unit, left, PackRemoved(place=place, readings=readings)))
    return told


def _body(
    place: PlaceRef, span: Span, mistaken: UnitRef | None, readings: tuple[Reading, ...]
) -> TelemetryAttributed:
    first, last = span
    return TelemetryAttributed(place, format_time(first), format_time(last), mistaken, readings)
