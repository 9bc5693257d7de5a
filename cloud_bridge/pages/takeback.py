"""The page of take-back: what came back, by month, region, party or lot, and what it comes to."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from cloud_bridge.access.fields import Field
from cloud_bridge.api.context import Bridge, Language
from cloud_bridge.api.sight import See, hidden_answer, note
from cloud_bridge.pages.paper import Paper
from cloud_bridge.takeback import statistics
from cloud_bridge.takeback.statistics import ALL, GROUPS, RECOVERY, Row

GROUPS_SHOWN: Final = 100

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/takeback")
def takeback(
    request: Request,
    bridge: Bridge,
    language: Language,
    sight: See,
    by: Literal["lot", "party", "region", "month"] = "month",
    after: Annotated[str, Query(max_length=400)] = "",
) -> HTMLResponse:
    """What was taken back, one table at a time."""
    paper = Paper(request, language, bridge.now())
    if Field.DUTIES not in sight.of():
        return paper.hidden(hidden_answer(bridge.access, Field.DUTIES))
    note(request, bridge, sight, frozenset({Field.DUTIES}))
    behind = statistics.freshen(bridge.store)
    rows, more = statistics.page(bridge.store, by, after, GROUPS_SHOWN)
    whole, _ = statistics.page(bridge.store, ALL)
    return paper.render(
        "takeback.html",
        here="/takeback",
        by=by,
        kinds=GROUPS,
        rows=rows,
        total=whole[0] if whole else Row(""),
        more=rows[-1].group if more else "",
        start=after,
        behind=behind,
        elements=list(RECOVERY),
    )
