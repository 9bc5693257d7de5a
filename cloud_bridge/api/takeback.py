"""Statistics of take-back: packs, energy and recoverable metals per lot, party, region or month."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from cloud_bridge.access.fields import Field
from cloud_bridge.api.answers import TakebackGroup, TakebackList, answer
from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge
from cloud_bridge.api.cursors import Cursor, cursor_of, key_of, linked
from cloud_bridge.api.describing import described
from cloud_bridge.api.downloads import FILES, Asked, Form, file_answer, form_of
from cloud_bridge.api.sight import See, require
from cloud_bridge.files import Column, Kind, Rows
from cloud_bridge.takeback import statistics
from cloud_bridge.takeback.shares import NOTHING
from cloud_bridge.takeback.statistics import ALL, RECOVERY, Row

router = APIRouter(prefix="/api/v1", tags=["takeback"], route_class=ReadRoute)

By = Annotated[
    Literal["lot", "party", "region", "month"],
    Query(description="a pack counts once in each group in which it was received"),
]
COLUMNS = (
    Column("group"),
    Column("packs", Kind.INTEGER),
    Column("kg", Kind.NUMBER, "kg"),
    Column("kwh", Kind.NUMBER, "kWh"),
    *(Column(f"recoverable_{name.lower()}_kg", Kind.NUMBER, "kg") for name in RECOVERY),
    Column("packs_with_composition", Kind.INTEGER),
)


@router.get("/takeback", responses=described(TakebackList, 406, 501, media=FILES, paged=True))
def takeback(
    request: Request,
    bridge: Bridge,
    sight: See,
    cursor: Cursor = None,
    by: By = "month",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    form: Asked = None,
) -> Response:
    """What was taken back, group by group; the total counts every pack once."""
    require(request, bridge, sight, Field.DUTIES)
    behind = statistics.freshen(bridge.store)
    start = key_of(f"takeback-{by}", cursor, tuple[str])
    wanted = form_of(request, form)
    rows, more = statistics.page(bridge.store, by, start[0] if start else "", limit)
    following = cursor_of(f"takeback-{by}", (rows[-1].group,)) if more else None
    if wanted is not Form.JSON:
        table = [_values(row) for row in rows]
        pages = iter([list(zip(*table, strict=True))] if table else [])
        return linked(
            request, file_answer(Rows(COLUMNS, pages), wanted, f"takeback-{by}"), following
        )
    whole, _ = statistics.page(bridge.store, ALL)
    total = _group(whole[0] if whole else Row(""))
    listed = TakebackList(by, [_group(row) for row in rows], total, following, behind)
    return linked(request, answer(listed), following)


def _group(row: Row) -> TakebackGroup:
    return TakebackGroup(row.group, row.packs, row.kg, row.kwh, row.metals, row.known)


def _values(row: Row) -> tuple[object, ...]:
    # A dash alone would be taken for a formula.
    name = "" if row.group == NOTHING else row.group
    return (name, row.packs, row.kg, row.kwh, *row.metals.values(), row.known)
