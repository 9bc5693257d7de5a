"""Routes of live state: server-sent events of one pack, and of the ledger as it grows."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from cloud_bridge.access.doorway import counted_as, too_many, visitor_of
from cloud_bridge.api.answers import EventAnswer, LedgerGrowth, Newer, PackDetail, ReadingAnswer
from cloud_bridge.api.context import Bridge
from cloud_bridge.api.describing import streamed
from cloud_bridge.api.packs import Code, known_unit
from cloud_bridge.api.sight import See
from cloud_bridge.api.streams import LIFE_S, Stream, Told
from cloud_bridge.api.telling import OfAPack, OfTheLedger
from cloud_bridge.live import Pulse, Seat, Seats
from cloud_bridge.store import Store

WAIT_S: Final = 10.0

router = APIRouter(tags=["live"])


class Live:
    """What streams share within one application.

    Args:
        store: what they tell of.
        seats: how many there may be.
        life_s: how long one goes on, seconds.
    """

    def __init__(self, store: Store, seats: Seats | None = None, life_s: float = LIFE_S) -> None:
        self.pulse = Pulse(store)
        self.seats = Seats() if seats is None else seats  # an empty one is false
        self.life_s = life_s

    def close(self) -> None:
        """End every stream, from any thread."""
        self.pulse.close()

    def stream(self, told: Told, seat: Seat) -> Response:
        """The answer that goes on."""
        return Stream(told, self.pulse, seat, life_s=self.life_s)


After = Annotated[
    int | None,
    Query(ge=0, le=2**53, description="how many lines of the ledger you have; see Last-Event-ID"),
]
LastId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=100, description="the last `id` of the stream before"),
]


@router.get(
    "/api/v1/packs/{code:path}/live",
    response_class=StreamingResponse,
    responses=streamed({"state": PackDetail, "reading": ReadingAnswer, "newer": Newer}, 404),
)
async def watch_pack(
    request: Request,
    bridge: Bridge,
    sight: See,  # noqa: ARG001 - who is not let in hears it before the stream begins
    code: Code,
    brief: Annotated[bool, Query(description="say only that there is something new")] = False,
    after: After = None,
    last_id: LastId = None,
) -> Response:
    """The pack's digital ID now, and again whenever it changes; its newest reading likewise.

    The `id` of a `state` is the position in the ledger that it was read at. Who comes back with it
    (a browser does) is told nothing that it has. With `brief` an event `newer` says what has
    changed, and no more. Each piece is judged and taken down as a plain read is.
    """
    unit = await run_in_threadpool(known_unit, bridge, code)
    told = OfAPack(request, bridge, _position(after, last_id), unit, brief=brief)
    return _seated(request, told)


@router.get(
    "/api/v1/ledger/live",
    response_class=StreamingResponse,
    responses=streamed({"ledger": LedgerGrowth, "fact": EventAnswer}),
)
async def watch_ledger(
    request: Request,
    bridge: Bridge,
    sight: See,  # noqa: ARG001 - see above
    after: After = None,
    last_id: LastId = None,
) -> Response:
    """How many lines the ledger has, whenever it grows; each new line to who may see it.

    Without a position it begins now; with one, by the lines after it. The `id` of an event is how
    many lines one has with it.
    """
    return _seated(request, OfTheLedger(request, bridge, _position(after, last_id)))


def _position(after: int | None, last_id: str | None) -> int | None:
    """What a reader has; what is no position of ours is none, and the stream begins anew."""
    if last_id is not None and last_id.isascii() and last_id.isdecimal():
        return int(last_id)
    return after


def _seated(request: Request, told: Told) -> Response:
    """The stream.

    Raises:
        Problem: 429, there is no seat left, for this reader or in all.
    """
    live: Live = request.app.state.live
    visitor = visitor_of(request)
    who = counted_as(visitor) if visitor else ""
    seat = live.seats.take(who, known=bool(visitor and visitor.bearer))
    if seat is None:
        raise too_many(WAIT_S)
    return live.stream(told, seat)
