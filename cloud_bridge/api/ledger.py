"""Routes about the whole bridge: submitting events, checkpoint, stations, health, metrics."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from cloud_bridge.access.fields import Field
from cloud_bridge.access.redact import OF_A_STATION, redacted_station
from cloud_bridge.api.answers import (
    CheckpointAnswer,
    HealthAnswer,
    Outcome,
    Outcomes,
    StationList,
    answer,
    station_answer,
)
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge, Context, Language
from cloud_bridge.api.cursors import Cursor, cursor_of, cut, key_of, linked
from cloud_bridge.api.describing import described, expect_json, or_problem
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, require
from cloud_bridge.ingest.judge import judge_event
from cloud_bridge.privacy import guard
from cloud_bridge.store import Fact, Refused
from packtrail.errors import CodecError
from packtrail.event import SignedEvent, decode_event
from packtrail.language import Text
from packtrail.personal import Opening
from packtrail.proof.checkpoint import verifier_line
from packtrail.proof.trust import TrustList
from packtrail.shapes import from_json

EVENTS_PER_REQUEST: Final = 500


class _Beside(msgspec.Struct, frozen=True):
    """What stands beside a signed event and is no part of it."""

    openings: tuple[Opening, ...] = ()


router = APIRouter(tags=["ledger"], route_class=ReadRoute)


@router.post(
    "/api/v1/events",
    responses=described(Outcomes, 413, 415) | or_problem(422, Outcomes),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "One signed event, or a list of at most 500.",
            "content": {
                "application/json": {
                    "schema": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/SignedEvent"},
                            {
                                "type": "array",
                                "maxItems": EVENTS_PER_REQUEST,
                                "items": {"$ref": "#/components/schemas/SignedEvent"},
                            },
                        ]
                    }
                }
            },
        }
    },
)
async def submit_events(request: Request, bridge: Bridge) -> Response:
    """Record signed events of makers and other parties.

    The signature is the credential: whoever the trust list lets speak may submit from
    anywhere. `openings` beside `signature` open the event's commitments to vehicles and owners;
    they are kept sealed and are no part of the ledger. Events that were recorded before are
    `known`; the good ones of a list are recorded even when others are refused (then the status
    is 422).
    """
    expect_json(request)
    parts = _split(await request.body())
    outcomes = await run_in_threadpool(_record, bridge, parts)
    refused = any(outcome.outcome == "refused" for outcome in outcomes)
    return answer(Outcomes(outcomes), 422 if refused else 200)


@router.get("/api/v1/stations", responses=described(StationList, paged=True))
def list_stations(
    request: Request,
    bridge: Bridge,
    sight: See,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Gateways, their newest receipt and lag, their slots and the packs in them.

    Slots are left out for who may not see places, readings for who may not see telemetry.
    """
    require(request, bridge, sight, Field.STATIONS, also=OF_A_STATION)
    (after,) = key_of("stations", cursor, tuple[str]) or ("",)
    names, more = cut([name for name in bridge.stations.names() if name > after], limit)
    following = cursor_of("stations", (names[-1],)) if more else None
    views = [redacted_station(view, sight) for view in bridge.stations.views(names)]
    hidden = tuple(sorted(OF_A_STATION - sight.of()))
    listed = [station_answer(view) for view in views]
    return linked(request, answer(StationList(listed, following, hidden)), following)


@router.get("/api/v1/checkpoint", responses=described(CheckpointAnswer, 404))
def show_checkpoint(bridge: Bridge) -> Response:
    """The newest signed tree head (C2SP note)."""
    note = bridge.store.checkpoint()
    if note is None:
        raise Problem(404, Text("no checkpoint yet", "尚无检查点"))
    key = bridge.log_key
    return answer(
        CheckpointAnswer(bridge.origin, verifier_line(bridge.origin, key), key.text, note)
    )


@router.get("/health", responses=described(HealthAnswer) | or_problem(503, HealthAnswer))
def show_health(bridge: Bridge, language: Language) -> Response:
    """200 when everything works, 503 with the faults otherwise."""
    health = bridge.health()
    faults = tuple(fault.say(language) for fault in health.faults)
    return answer(HealthAnswer(health.ok, faults), 200 if health.ok else 503)


@router.get("/metrics", include_in_schema=False)
def show_metrics(request: Request, bridge: Bridge, sight: See) -> Response:
    """The exposition format of Prometheus."""
    require(request, bridge, sight, Field.STATIONS)
    return Response(bridge.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _split(body: bytes) -> list[bytes]:
    """The events of a request, each still as its own bytes."""
    if not body.lstrip().startswith(b"["):
        return [body]
    try:
        parts = [bytes(one) for one in from_json(body, list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, Text(f"not JSON: {error}", f"不是 JSON：{error}")) from error
    if not 0 < len(parts) <= EVENTS_PER_REQUEST:
        limit = EVENTS_PER_REQUEST
        raise Problem(422, Text(f"1 to {limit} events", f"每次 1 至 {limit} 个事件"))
    return parts


def _record(bridge: Context, parts: list[bytes]) -> list[Outcome]:
    trust, now_ns = bridge.trust(), bridge.now()
    judged: list[tuple[str, Fact | Refused]] = []
    for part in parts:
        try:
            signed: SignedEvent = decode_event(part)
            judged.append((signed.event_id, _judged(bridge, signed, part, trust, now_ns)))
        except CodecError as error:
            judged.append(("", Refused(error.reason, str(error)[:200])))
    facts = [one for _, one in judged if isinstance(one, Fact)]
    leaves = iter(bridge.store.append(facts, now_ns))
    outcomes = [
        _refusal(event_id, one) if isinstance(one, Refused) else _taken(event_id, next(leaves))
        for event_id, one in judged
    ]
    for outcome in outcomes:
        bridge.metrics.events.labels(outcome.outcome).inc()
    return outcomes


def _judged(
    bridge: Context, signed: SignedEvent, part: bytes, trust: TrustList, now_ns: int
) -> Fact | Refused:
    """An event with what opens it; a commitment that nobody here can open is of no use."""
    try:
        openings = from_json(part, _Beside).openings
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refused("json", str(error)[:200])
    found = judge_event(signed, trust, now_ns, openings, refuse_clear=bridge.refuse_clear)
    if isinstance(found, Fact) and (shut := guard.unopened(found.event, found.openings)):
        known = bridge.store.links(shut)
        missing = [name for name in shut if name not in known]
        if missing:
            detail = f"{missing[0][:40]}… cannot be opened: send it in `openings`"
            return Refused(guard.UNOPENED, detail)
    return found


def _taken(event_id: str, leaf: int | None) -> Outcome:
    return Outcome(event_id, "known" if leaf is None else "recorded", leaf)


def _refusal(event_id: str, refused: Refused) -> Outcome:
    return Outcome(event_id, "refused", reason=refused.reason, detail=refused.detail)
