"""Routes about packs: list, digital ID, events, proof."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from cloud_bridge.access.doorway import charge
from cloud_bridge.access.fields import Field
from cloud_bridge.access.gate import Sight
from cloud_bridge.access.redact import OF_A_PACK, redacted, redacted_glance, redacted_state
from cloud_bridge.api.answers import (
    EventList,
    PackDetail,
    PackList,
    answer,
    event_answer,
    pack_answer,
    reading_answer,
    verdict_answer,
)
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge, Context
from cloud_bridge.api.cursors import Cursor, Leaf, cursor_of, cut, key_of, linked
from cloud_bridge.api.describing import described
from cloud_bridge.api.downloads import (
    FILES,
    MEDIA,
    MOST_ROWS,
    Asked,
    Form,
    file_answer,
    file_name,
    form_of,
)
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, hidden_from, note, require
from cloud_bridge.api.tables import events_table, packs_table
from cloud_bridge.fold import digest
from cloud_bridge.ledger.proof import PAGE, ground_of, proof_pieces
from cloud_bridge.privacy.people import vehicles_in
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.view import parse_unit
from cloud_bridge.view.linking import links_of
from packtrail.errors import CodecError, CodeError
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.proof.pack import PackProof
from packtrail.times import format_time, parse_time

LAST_LEAF: Final = 2**62
MOST_PACKS: Final = 200
MOST_EVENTS: Final = 1000
"""Of one page of JSON; a file costs as many requests as it has pages."""

Moment = Annotated[
    str | None,
    Query(
        max_length=40,
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$",
        description="RFC 3339, UTC, ends in Z",
    ),
]
Limit = Annotated[int | None, Query(ge=1, le=MOST_ROWS)]
Code = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        description="a GB/T 34014 code (24 or 19 characters) or `scheme:id`",
    ),
]

router = APIRouter(prefix="/api/v1/packs", tags=["packs"], route_class=ReadRoute)


@router.get("", responses=described(PackList, 406, 501, media=FILES, paged=True))
def list_packs(
    request: Request,
    bridge: Bridge,
    sight: See,
    cursor: Cursor = None,
    limit: Limit = None,
    form: Asked = None,
) -> Response:
    """Packs in the order of their codes; by default 50, at most 200 in JSON.

    A CSV or Parquet file has up to 10,000 lines, as many as there are by default.
    """
    wanted = form_of(request, form)
    key = key_of("packs", cursor, tuple[str, str])
    start = UnitRef(*key) if key else None
    if wanted is not Form.JSON:
        return _file_of_packs(request, bridge, sight, start, limit or MOST_ROWS, wanted)
    limit = min(limit or 50, MOST_PACKS)
    views, more = cut(bridge.packs.page(start, limit + 1), limit)
    following = cursor_of("packs", (views[-1].unit.scheme, views[-1].unit.id)) if more else None
    seen = [sight.of(view.unit) & OF_A_PACK for view in views]
    note(request, bridge, sight, frozenset().union(*seen))
    listed = [
        pack_answer(redacted_glance(view, fields), tuple(sorted(OF_A_PACK - fields)))
        for view, fields in zip(views, seen, strict=True)
    ]
    return linked(request, answer(PackList(listed, following)), following)


@router.get(
    "/{code:path}/events", responses=described(EventList, 404, 406, 501, media=FILES, paged=True)
)
def list_events(
    request: Request,
    bridge: Bridge,
    sight: See,
    code: Code,
    cursor: Cursor = None,
    limit: Limit = None,
    form: Asked = None,
) -> Response:
    """Every fact that names the pack, as it was signed, in the order of the ledger.

    By default 200, at most 1,000 in JSON; a CSV or Parquet file has up to 10,000 lines, as many as
    there are by default.
    """
    unit = known_unit(bridge, code)
    wanted = form_of(request, form)
    (after,) = key_of("events", cursor, tuple[Leaf]) or (-1,)
    if wanted is not Form.JSON:
        require(request, bridge, sight, Field.LEDGER, unit)
        return _file_of_events(request, bridge, unit, after, limit or MOST_ROWS, wanted)
    require(request, bridge, sight, Field.LEDGER, unit, also=frozenset({Field.VEHICLES}))
    limit = min(limit or 200, MOST_EVENTS)
    entries, more = cut(bridge.store.entries_of(unit, after, limit + 1), limit)
    following = cursor_of("events", (entries[-1].leaf,)) if more else None
    joins = Field.VEHICLES in sight.of(unit)
    links = links_of(bridge.store, (entry.event for entry in entries)) if joins else {}
    listed = EventList([event_answer(entry) for entry in entries], following, links)
    return linked(request, answer(listed), following)


@router.get("/{code:path}/proof", responses=described(PackProof, 404))
def show_proof(request: Request, bridge: Bridge, sight: See, code: Code) -> Response:
    """The pack's facts with their paths to a signed checkpoint that covers them all.

    A long story comes in pieces, without its length.
    """
    unit = known_unit(bridge, code)
    require(request, bridge, sight, Field.LEDGER, unit)
    bridge.seal()
    ground = ground_of(bridge.store, unit, bridge.origin, bridge.log_key)
    pieces, headers = proof_pieces(bridge.store, ground), {"ETag": f'"{ground.tag}"'}
    if len(ground.proven) > PAGE:
        return StreamingResponse(pieces, media_type=MEDIA[Form.JSON], headers=headers)
    return Response(b"".join(pieces), media_type=MEDIA[Form.JSON], headers=headers)


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
    found = pack_detail(bridge, sight, unit, moment(at), moment(known))
    note(request, bridge, sight, sight.of(unit) & OF_A_PACK)
    return answer(found)


def _file_of_packs(
    request: Request, bridge: Context, sight: Sight, start: UnitRef | None, limit: int, form: Form
) -> Response:
    """Names are read first, and what is shown of each is taken down before the first line goes."""
    units, more = cut(bridge.store.units(start, limit + 1), limit)
    charge(request, -(-len(units) // MOST_PACKS))
    following = cursor_of("packs", (units[-1].scheme, units[-1].id)) if more else None
    note(request, bridge, sight, frozenset().union(*(sight.of(unit) & OF_A_PACK for unit in units)))
    made = file_answer(packs_table(bridge, sight, units), form, "packs")
    return linked(request, made, following)


def _file_of_events(
    request: Request, bridge: Context, unit: UnitRef, after: int, limit: int, form: Form
) -> Response:
    """Numbers are read first: they say where the file ends, whatever is added meanwhile."""
    name = {"scheme": unit.scheme, "unit": unit.id, "last": LAST_LEAF}
    with bridge.store.reading():
        leaves = [leaf for (leaf,) in bridge.store.stream("listed_of", name) if leaf > after]
    page, more = cut(leaves, limit)
    charge(request, -(-len(page) // MOST_EVENTS))
    following = cursor_of("events", (page[-1],)) if more else None
    rows = events_table(bridge.store, unit, after, page[-1] if page else after)
    return linked(request, file_answer(rows, form, file_name(unit, "events")), following)


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
        state = redacted_state(bridge.packs.state(unit, at_ns, known_ns), seen, unit)
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


def moment(text: str | None) -> int | None:
    """A parameter's time, UTC ns.

    Raises:
        Problem: 422, no such day or hour.
    """
    try:
        return parse_time(text) if text else None
    except CodecError as error:
        detail = Text("a time is like 2026-04-01T00:00:00Z", "时间格式应为 2026-04-01T00:00:00Z")
        raise Problem(422, detail, value=str(text)) from error
