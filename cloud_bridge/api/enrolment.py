"""`POST /api/v1/enrol`: a gateway's request for its certificate."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from cloud_bridge.api.caching import ReadRoute
from cloud_bridge.api.context import Bridge
from cloud_bridge.api.describing import body_of, described, expect_json
from cloud_bridge.api.problems import Problem
from cloud_bridge.errors import BridgeError, StoreError
from packtrail.enrolment import EnrolAnswer, EnrolRequest, read_request
from packtrail.errors import CodecError
from packtrail.language import Text

router = APIRouter(prefix="/api/v1", tags=["gateways"], route_class=ReadRoute)
OFF = Text("this bridge has no certificate authority", "本云桥未启用证书机构")


@router.post(
    "/enrol",
    summary="A certificate for a gateway",
    responses=described(EnrolAnswer, 400, 404, 413, 415),
    openapi_extra={"requestBody": body_of(EnrolRequest)},
)
async def enrol(request: Request, bridge: Bridge) -> Response:
    """A signed `EnrolRequest` enters, an `EnrolAnswer` leaves; refused ones say why."""
    expect_json(request)
    if bridge.enrolment is None:
        raise Problem(404, OFF)
    try:
        wanted = read_request(await request.body())
        answer: EnrolAnswer = await run_in_threadpool(bridge.enrolment.enrol, wanted)
    except StoreError:
        raise
    except (CodecError, BridgeError) as error:
        what = error.what if isinstance(error.what, Text) else Text(error.what, error.what)
        raise Problem(400, what) from error
    return Response(msgspec.json.encode(answer), media_type="application/json")
