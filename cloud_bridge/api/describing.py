"""The OpenAPI description: what every route takes, what it answers, and each way it can say no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request

from cloud_bridge.access.fields import Purpose
from cloud_bridge.api import answers
from cloud_bridge.api.problems import MEDIA_TYPE, TITLES, Problem, ProblemAnswer
from cloud_bridge.appraisal import Appraisal
from cloud_bridge.retention.told import Keeping
from packtrail.enrolment import EnrolAnswer, EnrolRequest
from packtrail.event import SignedEvent
from packtrail.language import LANGUAGES, Text
from packtrail.proof.pack import PackProof

ANSWERS: Final = (
    answers.PackList,
    answers.PackDetail,
    answers.EventList,
    answers.OpeningList,
    answers.TelemetryAnswer,
    answers.ReadingAnswer,
    answers.LedgerGrowth,
    answers.Newer,
    answers.StationList,
    answers.Outcomes,
    answers.CheckpointAnswer,
    answers.DutyList,
    answers.TakebackList,
    answers.FindingList,
    answers.VehicleDetail,
    Keeping,
    answers.HealthAnswer,
    EnrolAnswer,
    EnrolRequest,
    Appraisal,
    PackProof,
    ProblemAnswer,
    SignedEvent,
)
ALWAYS: Final = (400, 422, 429, 500, 503)
"""What any route may answer instead: a bad cursor or parameter, too many, our fault, no store."""
TO_READERS: Final = (401, 403)
"""What a route that asks who reads may answer as well."""
TO_ANYBODY: Final = frozenset(
    {
        "/api/v1/events",
        "/api/v1/enrol",
        "/api/v1/checkpoint",
        "/health",
        "/.well-known/gs1resolver",
        "/01/{gtin}/21/{serial}",
        "/8003/{grai}",
        "/8004/{giai}",
    }
)
"""Paths that do not ask: a signature speaks for itself, and some things everybody may know."""
JSON: Final = "application/json"

_REF = "#/components/schemas/{name}"
_HEADERS: Final = {
    "ETag": "digest of the answer, for If-None-Match",
    "Cache-Control": "`no-store` for what not everybody may see",
    "Vary": "what the answer depends on",
}


def described(
    shape: type[msgspec.Struct], *also: int, media: Iterable[str] = (), paged: bool = False
) -> dict[int | str, dict[str, Any]]:
    """The `responses` argument of a route.

    Args:
        shape: what it answers with.
        also: statuses beyond `ALWAYS` that it may answer with as problems.
        media: types beyond JSON that it can answer in.
        paged: whether a Link header leads on.
    """
    schema = {"$ref": _REF.format(name=shape.__name__)}
    content = {JSON: {"schema": schema}} | {one: _file() for one in media}
    fine: dict[str, Any] = {"description": "OK", "content": content}
    if paged:
        link = {"description": 'next page (RFC 8288, rel="next")', "schema": {"type": "string"}}
        fine["headers"] = {"Link": link}
    return {200: fine, **problems(*also)}


def streamed(
    events: dict[str, type[msgspec.Struct]], *also: int
) -> dict[int | str, dict[str, Any]]:
    """The `responses` argument of a route that answers with server-sent events.

    Args:
        events: name -> shape of the JSON in its data.
        also: statuses beyond `ALWAYS` that it may answer with as problems.
    """
    told: dict[str, type[msgspec.Struct]] = {**events, "problem": ProblemAnswer}
    # As OpenAPI 3.2 (4.14.4) describes them, and FastAPI already does: one schema for each event.
    schema = {"oneOf": [_event(name, shape) for name, shape in told.items()]}
    said = "Events, until the reader leaves; after a `problem` the stream ends"
    content = {"text/event-stream": {"itemSchema": schema}}
    return {200: {"description": said, "content": content}, **problems(*also)}


def _event(name: str, shape: type[msgspec.Struct]) -> dict[str, Any]:
    data = {
        "type": "string",
        "contentMediaType": JSON,
        "contentSchema": {"$ref": _REF.format(name=shape.__name__)},
    }
    fields = {"event": {"const": name}, "data": data, "id": {"type": "string"}}
    return {"type": "object", "required": ["event", "data"], "properties": fields}


def body_of(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """The `requestBody` of a route that reads `shape` itself."""
    schema = {"$ref": _REF.format(name=shape.__name__)}
    return {"required": True, "content": {JSON: {"schema": schema}}}


def or_problem(status: int, shape: type[msgspec.Struct]) -> dict[int | str, dict[str, Any]]:
    """A status that comes with `shape` where the request could be answered, or is a problem."""
    schema = {"$ref": _REF.format(name=shape.__name__)}
    problem = problems(status)[status]
    return {status: problem | {"content": {JSON: {"schema": schema}} | problem["content"]}}


def expect_json(request: Request) -> None:
    """Refuse a body that says to be something else than JSON; one that says nothing is read.

    Raises:
        Problem: 415.
    """
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind != JSON:
        detail = Text(f"send {JSON}, not {kind[:80]}", f"请以 {JSON} 发送，而非 {kind[:80]}")
        raise Problem(415, detail)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Statuses as problems, in the form of a route's `responses`."""
    schema = {"$ref": _REF.format(name=ProblemAnswer.__name__)}
    return {
        status: {
            "description": TITLES[status].en,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def describe(app: FastAPI) -> None:
    """Complete the description of `app` with what all routes share."""
    _, components = msgspec.json.schema_components(ANSWERS, ref_template=_REF)
    plain = app.openapi

    def described_openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            description = plain()
            description.setdefault("components", {})["schemas"] = components
            description["components"]["securitySchemes"] = _keys()
            for path, methods in description["paths"].items():
                for method, operation in methods.items():
                    _complete(method, operation, asks=path not in TO_ANYBODY)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = described_openapi  # type: ignore[method-assign]  # FastAPI documents this way


def _complete(method: str, operation: dict[str, Any], *, asks: bool) -> None:
    responses = operation["responses"]
    for status, problem in problems(*ALWAYS, *(TO_READERS if asks else ())).items():
        # FastAPI describes 422 in its own form, which nothing here answers in.
        told = responses.get(str(status), {}).get("content", {})
        if MEDIA_TYPE not in told:
            responses[str(status)] = problem
    for parameter in operation.setdefault("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])
    operation["parameters"] += _everywhere(asks=asks)
    operation["security"] = [{}, {"key": []}] if asks else [{}]
    if method != "get" or "text/event-stream" in responses["200"].get("content", {}):
        return
    headers = responses["200"].setdefault("headers", {})
    for name, said in _HEADERS.items():
        headers[name] = {"description": said, "schema": {"type": "string"}}
    responses["304"] = {"description": "Nothing has changed since the answer with this ETag"}
    known = {"type": "string"}
    operation["parameters"].append(_parameter("If-None-Match", "header", known, "an ETag"))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out; FastAPI says that it may be null, which no query can."""
    kinds: list[dict[str, Any]] = [
        kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}
    ]
    if len(kinds) != 1:
        return schema
    return kinds[0] | {name: said for name, said in schema.items() if name != "anyOf"}


def _everywhere(*, asks: bool) -> list[dict[str, Any]]:
    """The language, and of routes that ask who reads, what the data is wanted for."""
    language = {"type": "string"}
    languages = " or ".join(LANGUAGES)
    purpose = {"type": "string", "enum": [one.value for one in Purpose]}
    said = f"{languages}, instead of Accept-Language"
    wanted = "what a restricted read is for"
    found = [_parameter("lang", "query", language, said)]
    return [*found, _parameter("purpose", "query", purpose, wanted)] if asks else found


def _parameter(name: str, place: str, schema: dict[str, Any], said: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": False, "schema": schema, "description": said}


def _keys() -> dict[str, Any]:
    said = "API key of a machine (`packtrail bridge access add`)"
    return {"key": {"type": "http", "scheme": "bearer", "description": said}}


def _file() -> dict[str, Any]:
    return {"schema": {"type": "string", "format": "binary"}}
