"""A bridge, asked from Python: packs, their facts with proofs, samples, appraisals, live state.

    from packtrail.client import Client

    bridge = Client("https://id.example", key=token, authority="BASE64 of the bridge's public key")
    state = bridge.pack(code, at="2026-04-01T00:00:00Z").state
    facts = bridge.proof(code).facts        # checked here, or NotProvenError
    for news in bridge.live(code): ...

It needs nothing that a gateway does not have. What a bridge says is its word; what `proof` and
`head` return has been checked against the key.
"""

from packtrail.client.answers import (
    Appraisal,
    Event,
    EventPage,
    Hidden,
    Outcome,
    Pack,
    PackLine,
    Reading,
    State,
    Verdict,
)
from packtrail.client.client import Client
from packtrail.client.errors import (
    ClientError,
    ForbiddenError,
    NotFoundError,
    NotProvenError,
    ProblemError,
    RefusedError,
    TooManyError,
    UnavailableError,
    UnreachableError,
)
from packtrail.client.stream import Growth

__all__ = [
    "Appraisal",
    "Client",
    "ClientError",
    "Event",
    "EventPage",
    "ForbiddenError",
    "Growth",
    "Hidden",
    "NotFoundError",
    "NotProvenError",
    "Outcome",
    "Pack",
    "PackLine",
    "ProblemError",
    "Reading",
    "RefusedError",
    "State",
    "TooManyError",
    "UnavailableError",
    "UnreachableError",
    "Verdict",
]
