"""The route of telemetry: samples of a span in pages of JSON, or a whole span as a file."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from cloud_bridge.access.doorway import charge
from cloud_bridge.access.fields import Field
from cloud_bridge.api.answers import TelemetryAnswer, answer, telemetry_answer
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge, Context
from cloud_bridge.api.cursors import Cursor, cursor_of, key_of, linked
from cloud_bridge.api.describing import described
from cloud_bridge.api.downloads import FILES, Asked, Form, file_answer, file_name, form_of
from cloud_bridge.api.packs import Code, Moment, known_unit, moment
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, require
from cloud_bridge.api.tables import samples_table
from cloud_bridge.view.telemetry import Mark, Span, chunk_page, kept_span, samples_within
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.times import format_time

CHUNKS_PER_ANSWER: Final = 120
DAY_NS: Final = 86_400 * 10**9
MOST_DAYS: Final = 31
LAST_NS: Final = 2**63 - 1

Number = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Name = Annotated[str, msgspec.Meta(max_length=200)]

router = APIRouter(prefix="/api/v1/packs", tags=["packs"], route_class=ReadRoute)


@router.get(
    "/{code:path}/telemetry",
    responses=described(TelemetryAnswer, 404, 406, 501, media=FILES, paged=True),
)
def show_telemetry(
    request: Request,
    bridge: Bridge,
    sight: See,
    code: Code,
    start: Annotated[Moment, Query(alias="from")] = None,
    to: Moment = None,
    cursor: Cursor = None,
    form: Asked = None,
) -> Response:
    """Samples of a span, both ends included: JSON columns in pages, or one CSV or Parquet file.

    A file holds at most 31 days; without `from` and `to`, all that is kept if it is no more.
    Columns are named with their units, as in `pack_voltage_v`; cells and probes are numbered from
    1 in CSV, lists in Parquet. What is not known is empty. Pages follow each other by the ends of
    the chunks that they are made of: each sample comes once.
    """
    unit = known_unit(bridge, code)
    wanted = form_of(request, form)
    key = key_of("telemetry", cursor, tuple[Number, Name, Name, Number])
    require(request, bridge, sight, Field.TELEMETRY, unit)
    span = Span(_bound(moment(start), 0), _bound(moment(to), LAST_NS))
    if wanted is not Form.JSON:
        kept = _days(bridge, unit, span)
        charge(request, -(-(kept.to_ns - kept.from_ns) // DAY_NS))
        rows = samples_table(bridge.store, unit, kept)
        return file_answer(rows, wanted, file_name(unit))
    mark = Mark(*key) if key else None
    with bridge.store.reading():
        chunks, more = chunk_page(bridge.store, unit, span, mark, CHUNKS_PER_ANSWER)
    following = cursor_of("telemetry", more) if more else None
    found = telemetry_answer(str(unit), samples_within(chunks, span), following)
    return linked(request, answer(found), following)


def _days(bridge: Context, unit: UnitRef, span: Span) -> Span:
    """What is kept of a span, if one file may hold it.

    Raises:
        Problem: 422, it is too long.
    """
    kept = kept_span(bridge.store, unit, span)
    if kept is None:
        return Span(span.from_ns, span.from_ns)
    if kept.to_ns - kept.from_ns > MOST_DAYS * DAY_NS:
        detail = Text(f"a file holds at most {MOST_DAYS} days", f"单个文件最多 {MOST_DAYS} 天")
        remedy = Text("narrow it by `from` and `to`", "请用 from 与 to 缩小范围")
        about: dict[str, Any] = {"kept_from": format_time(kept.from_ns)}
        raise Problem(422, detail, remedy=remedy, **about, kept_to=format_time(kept.to_ns))
    return kept


def _bound(t_ns: int | None, otherwise: int) -> int:
    """A moment that every database can compare with."""
    return otherwise if t_ns is None else min(max(t_ns, 0), LAST_NS)
