"""The description against the real server: schemathesis asks what it allows and what not."""

from __future__ import annotations

from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from cloud_bridge.settings import HttpSettings
from cloud_bridge.web import WebServer, application, guarded, listen
from packtrail.event import AliasBound, ConditionCommitted, PackInstalled, UnitRef
from tests.cloud_bridge import parts
from tests.cloud_bridge.test_fold import estimate

KNOWN = {
    "code": parts.CODE,
    "form": "batterypass",
    "vin": parts.CAR.id,
    "gtin": "04012345678901",
    "serial": "AB12",
    "grai": "04012345678901B7",
    "giai": "4012345B7",
}
"""Path parameters that name something in the store; invented ones mostly lead to 404."""
EXAMPLES = 12
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture
def server(desk):
    """The bridge with a registered pack in a car, telemetry and a health report, over loopback."""
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered().signed)
    desk.receive(
        gateway.tell(PackInstalled(vehicle=parts.CAR), t_ns=parts.T0),
        gateway.telemetry(parts.samples(60)),
        gateway.tell(ConditionCommitted(estimate(0.91)), t_ns=parts.T0 + parts.HOUR),
    )
    names = ("04012345678901.AB12", "8003.04012345678901B7", "8004.4012345B7")
    about = {"key": parts.MAKER, "author": "maker-1", "stream": "erp"}
    aliases = [parts.fact(AliasBound(UnitRef("gs1", name)), **about) for name in names]
    desk.store.append(aliases, parts.T0)
    rooms = application(desk.context)
    rooms.state.live.life_s = 0.02  # who asks reads a stream to its end
    app = guarded(rooms, ("127.0.0.1",))
    web = WebServer(app, listen(HttpSettings(port=0)))
    web.start()
    yield web
    web.stop()


def cases(operation, mode):
    """Requests of one operation, half of them about what is there."""
    known = {name: KNOWN[name] for name in KNOWN if f"{{{name}}}" in operation.path}
    invented = operation.as_strategy(mode)
    if not known or mode is GenerationMode.NEGATIVE:
        return invented
    return st.one_of(invented, operation.as_strategy(mode, path_parameters=known))


@pytest.mark.slow
def test_the_server_does_what_its_description_says(server):
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    answered: Counter[str] = Counter()
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 10
    for operation in operations:
        for mode, asked in ((GenerationMode.POSITIVE, CHECKS), (GenerationMode.NEGATIVE, NO)):
            ask(operation, mode, asked, answered)
    silent = {operation.label for operation in operations} - set(answered) - NEVER
    assert not silent, "never answered with 2xx"


NO = [*CHECKS, checks.negative_data_rejection, checks.unsupported_method]
NEVER = {
    "POST /api/v1/enrol",  # no certificate authority here
    "POST /api/v1/events",  # nobody can invent a signature
}


def ask(operation, mode, asked, answered):
    """Ask one operation with invented requests, and judge every answer."""

    @seed(7)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(operation, mode))
    def one(case):
        response = case.call(allow_redirects=False)
        answered[operation.label] += response.status_code in (200, 307)
        case.validate_response(response, checks=asked)

    one()
