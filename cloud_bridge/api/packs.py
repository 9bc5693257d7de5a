"""Routes about packs: list, digital ID, events, telemetry, proof."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Final

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response

from cloud_bridge.access.fields import Field
from cloud_bridge.access.gate import Sight
from cloud_bridge.access.redact import OF_A_PACK, redacted, redacted_state
from cloud_bridge.api.answers import (
    EventList,
    PackDetail,
    PackList,
    TelemetryAnswer,
    answer,
    event_answer,
    pack_answer,
    reading_answer,
    telemetry_answer,
    verdict_answer,
)
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge, Context
from cloud_bridge.api.cursors import Cursor, Leaf, cursor_of, cut, key_of, linked
from cloud_bridge.api.describing import described
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, hidden_from, note, require
from cloud_bridge.fold import digest
from cloud_bridge.ledger.proof import PackProof, prove
from cloud_bridge.privacy.people import vehicles_in
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.view import parse_unit
from cloud_bridge.view.linking import links_of
from packtrail.errors import CodecError, CodeError
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.sample import SampleBatch
from packtrail.times import format_time, parse_time

CHUNKS_PER_ANSWER: Final = 120
LAST_NS: Final = 2**63 - 1

Moment = Annotated[
    str | None,
    Query(
        max_length=40,
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$",
        description="RFC 3339, UTC, ends in Z",
    ),
]
Code = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        description="a GB/T 34014 code (24 or 19 characters) or `scheme:id`",
    ),
]

router = APIRouter(prefix="/api/v1/packs", tags=["packs"], route_class=ReadRoute)


@router.get("", responses=described(PackList, paged=True))
def list_packs(
    request: Request,
    bridge: Bridge,
    sight: See,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Packs in the order of their codes."""
    key = key_of("packs", cursor, tuple[str, str])
    views, more = cut(bridge.packs.page(UnitRef(*key) if key else None, limit + 1), limit)
    following = cursor_of("packs", (views[-1].unit.scheme, views[-1].unit.id)) if more else None
    seen = [sight.of(view.unit) & OF_A_PACK for view in views]
    note(request, bridge, sight, frozenset().union(*seen))
    listed = [
        pack_answer(redacted(view, fields), tuple(sorted(OF_A_PACK - fields)))
        for view, fields in zip(views, seen, strict=True)
    ]
    return linked(request, answer(PackList(listed, following)), following)


@router.get("/{code:path}/events", responses=described(EventList, 404, paged=True))
def list_events(
    request: Request,
    bridge: Bridge,
    sight: See,
    code: Code,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Every fact that names the pack, as it was signed, in the order of the ledger."""
    unit = known_unit(bridge, code)
    require(request, bridge, sight, Field.LEDGER, unit)
    (after,) = key_of("events", cursor, tuple[Leaf]) or (-1,)
    entries, more = cut(bridge.store.entries_of(unit, after, limit + 1), limit)
    following = cursor_of("events", (entries[-1].leaf,)) if more else None
    joins = Field.VEHICLES in sight.of(unit)
    links = links_of(bridge.store, (entry.event for entry in entries)) if joins else {}
    listed = EventList([event_answer(entry) for entry in entries], following, links)
    return linked(request, answer(listed), following)


@router.get("/{code:path}/proof", responses=described(PackProof, 404))
def show_proof(request: Request, bridge: Bridge, sight: See, code: Code) -> Response:
    """The pack's facts with their paths to a signed checkpoint that covers them all."""
    unit = known_unit(bridge, code)
    require(request, bridge, sight, Field.LEDGER, unit)
    bridge.seal()
    return answer(prove(bridge.store, unit, bridge.origin, bridge.log_key))


@router.get(
    "/{code:path}/telemetry",
    responses=described(TelemetryAnswer, 404, media=("text/csv",), paged=True),
)
def show_telemetry(
    request: Request,
    bridge: Bridge,
    sight: See,
    code: Code,
    start: Annotated[Moment, Query(alias="from")] = None,
    to: Moment = None,
    form: Annotated[str | None, Query(alias="format", pattern="^(json|csv)$")] = None,
) -> Response:
    """Samples of a span as JSON columns, or as CSV (`format=csv` or `Accept: text/csv`)."""
    unit = known_unit(bridge, code)
    require(request, bridge, sight, Field.TELEMETRY, unit)
    from_ns, to_ns = _bound(_moment(start), 0), _bound(_moment(to), LAST_NS)
    batch, more = bridge.packs.telemetry(unit, from_ns, to_ns, CHUNKS_PER_ANSWER)
    cursor = format_time(int(batch.t_ns[-1]) + 1) if more and len(batch) else None
    if form == "csv" or (form is None and "text/csv" in request.headers.get("accept", "")):
        return linked(request, _csv(unit, batch, cursor), cursor, "from")
    return linked(request, answer(telemetry_answer(str(unit), batch, cursor)), cursor, "from")


# Last of all: identifiers may hold a slash, so this path takes whatever is left.
@router.get("/{code:path}", responses=described(PackDetail, 404))
def show_pack(
    request: Request,
    bridge: Bridge,
    sight: See,
    code: Code,
    at: Moment = None,
    known: Moment = None,
) -> Response:
    """The digital ID now, as it was `at` a time, or as it was `known` at a time."""
    unit = known_unit(bridge, code)
    found = pack_detail(bridge, sight, unit, _moment(at), _moment(known))
    note(request, bridge, sight, sight.of(unit) & OF_A_PACK)
    return answer(found)


def pack_detail(
    bridge: Context,
    sight: Sight,
    unit: UnitRef,
    at_ns: int | None = None,
    known_ns: int | None = None,
) -> PackDetail:
    """The digital ID as far as a reader may see it; whoever shows it takes that down."""
    seen = sight.of(unit) & OF_A_PACK
    view = redacted(bridge.packs.view(unit), seen)
    state = view.state
    if at_ns is not None or known_ns is not None:
        state = redacted_state(bridge.packs.state(unit, at_ns, known_ns), seen)
    return PackDetail(
        code=str(unit),
        verdict=verdict_answer(view),
        state=state,
        digest=digest(state) if seen >= OF_A_PACK else "",
        reading=reading_answer(view),
        seen_at=format_time(view.seen_ns) if view.seen_ns else "",
        hidden=hidden_from(bridge, seen),
        forgotten=Subjects(bridge.store).forgotten(vehicles_in(state)),
    )


def _unit(code: str) -> UnitRef:
    try:
        return parse_unit(code)
    except CodeError as error:
        what = error.what if isinstance(error.what, Text) else Text(error.what, error.what)
        raise Problem(422, what, code=code[:200]) from error


def known_unit(bridge: Context, code: str) -> UnitRef:
    """The unit of a path.

    Raises:
        Problem: 422 for no code, 404 for one that nobody ever spoke of.
    """
    unit = _unit(code)
    if not bridge.packs.known(unit):
        detail = Text("nothing was ever reported of this pack", "没有关于该电池包的任何记录")
        raise Problem(404, detail, code=str(unit))
    return unit


def _moment(text: str | None) -> int | None:
    try:
        return parse_time(text) if text else None
    except CodecError as error:
        detail = Text("a time is like 2026-04-01T00:00:00Z", "时间格式应为 2026-04-01T00:00:00Z")
        raise Problem(422, detail, value=str(text)) from error


def _bound(t_ns: int | None, otherwise: int) -> int:
    """A moment that every database can compare with."""
    return otherwise if t_ns is None else min(max(t_ns, 0), LAST_NS)


def _csv(unit: UnitRef, batch: SampleBatch, cursor: str | None) -> Response:
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(unit))
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    if cursor:
        headers["X-Next-From"] = cursor
    text = "".join(_lines(batch))
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _lines(batch: SampleBatch) -> Iterator[str]:
    """A header and a line per sample; cells and probes as columns numbered from 1."""
    heads: list[str] = []
    for name, column in batch.values.items():
        width = column.shape[1] if column.ndim == 2 else 0
        heads += [f"{name}_{i + 1}" for i in range(width)] or [name]
    table = [column.reshape(len(batch), -1) for column in batch.values.values()]
    rows = np.hstack(table) if table else np.empty((len(batch), 0))
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["time", "t_ns", *heads])
    for t_ns, row in zip(batch.t_ns.tolist(), rows.tolist(), strict=True):
        cells = ["" if value != value else f"{value:.12g}" for value in row]  # noqa: PLR0124 - NaN
        writer.writerow([format_time(t_ns), t_ns, *cells])
        if buffer.tell() > 65_536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
