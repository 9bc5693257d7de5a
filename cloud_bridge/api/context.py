"""What every request needs of the bridge, made once and handed to the routes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from cloud_bridge.access.gate import Gate
from cloud_bridge.appraisal import Appraiser
from cloud_bridge.enrolment import EnrolmentDesk
from cloud_bridge.ledger.authority import TrustReader
from cloud_bridge.login.desk import LoginDesk
from cloud_bridge.metrics import Metrics
from cloud_bridge.retention.policy import Policy, read_policy
from cloud_bridge.rules.book import DutyBook
from cloud_bridge.service import Health
from cloud_bridge.store import Store
from cloud_bridge.view import Packs, Stations
from packtrail.language import LANGUAGES, accepted_language
from packtrail.signing import SigningKey, VerifyKey


@dataclass(frozen=True, slots=True)
class Context:
    """The bridge as the web sees it.

    Attributes:
        store: where everything lies.
        packs: reads packs.
        stations: reads stations.
        trust: the trust list of this moment.
        metrics: what Prometheus sees.
        health: what works.
        origin: names the log.
        log_key: checks checkpoints and key events.
        seal: signs a checkpoint if the ledger has grown.
        now: UTC nanoseconds.
        enrolment: takes requests of gateways; None without a certificate authority.
        duties: what is owed, kept between requests.
        proof_key: signs credentials; None for none.
        appraiser: says what packs are fit for and worth; None without policy and prices.
        policy: how long telemetry is kept.
        access: judges readers; None where only this machine can ask, and may see everything.
        login: logs people in; None where nobody can.
        refuse_clear: see `judge_event`.
    """

    store: Store
    packs: Packs
    stations: Stations
    trust: TrustReader
    metrics: Metrics
    health: Callable[[], Health]
    origin: str
    log_key: VerifyKey
    seal: Callable[[], bool]
    now: Callable[[], int] = time.time_ns
    enrolment: EnrolmentDesk | None = None
    duties: DutyBook = field(default_factory=DutyBook)
    proof_key: SigningKey | None = None
    appraiser: Appraiser | None = None
    policy: Policy = field(default_factory=read_policy)
    access: Gate | None = None
    login: LoginDesk | None = None
    refuse_clear: bool = False


def context_of(request: Request) -> Context:
    """The context that the application was made with."""
    return cast("Context", request.app.state.context)


def language_of(request: Request) -> str:
    """`?lang=` first, then what the reader's browser asks for."""
    asked = request.query_params.get("lang", "")
    return (
        asked
        if asked in LANGUAGES
        else accepted_language(request.headers.get("accept-language", ""))
    )


Bridge = Annotated[Context, Depends(context_of)]
Language = Annotated[str, Depends(language_of)]
