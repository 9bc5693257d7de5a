"""One decision per route: who may go that way, and to what. A new route needs a line here."""

from __future__ import annotations

from dataclasses import dataclass

from cloud_bridge.access import Field
from cloud_bridge.access.redact import OF_A_PACK
from cloud_bridge.exports.formats import FORMATS
from packtrail.event import UnitRef
from tests.cloud_bridge import parts

GTIN = "09506000134352"
LABEL = UnitRef("gs1", f"{GTIN}.AB12")
API = f"/api/v1/packs/{parts.CODE}"
PAGE = f"/packs/{parts.CODE}"
WHOLE_OF_A_PACK = frozenset({Field.MAKING, Field.HEALTH, Field.INCIDENTS})


@dataclass(frozen=True)
class Way:
    """A decision on one route.

    Attributes:
        paths: addresses of it that the tests ask.
        needs: fields without which it refuses; empty where it answers everybody.
        shows: whether what it shows beyond that is cut field by field.
        own: what else guards it: a signature, the reader's own login, or nothing at all.
    """

    paths: tuple[str, ...] = ()
    needs: frozenset[Field] = frozenset()
    shows: frozenset[Field] = frozenset()
    own: str = ""


def needs(*fields: Field, paths: tuple[str, ...], shows: frozenset[Field] = frozenset()) -> Way:
    return Way(paths, frozenset(fields), shows)


F = Field
OPEN_TO_ALL = "nothing: everybody may know it"
WAYS = {
    "GET /api/v1/packs": Way(
        tuple(f"/api/v1/packs?format={form}" for form in ("json", "csv", "parquet")),
        shows=OF_A_PACK,
    ),
    "GET /api/v1/packs/{code:path}": Way(
        (API, f"{API}?at=2026-04-01T09:30:00Z", f"{API}?known=2026-05-01T00:00:00Z"),
        shows=OF_A_PACK,
    ),
    "GET /api/v1/packs/{code:path}/events": needs(
        F.LEDGER,
        paths=tuple(f"{API}/events?format={form}" for form in ("json", "csv", "parquet")),
        shows=frozenset({F.VEHICLES}),
    ),
    "GET /api/v1/packs/{code:path}/proof": needs(F.LEDGER, paths=(f"{API}/proof",)),
    "GET /api/v1/packs/{code:path}/telemetry": needs(
        F.TELEMETRY,
        paths=tuple(f"{API}/telemetry?format={form}" for form in ("json", "csv", "parquet")),
    ),
    "GET /api/v1/packs/{code:path}/retention": needs(
        F.TELEMETRY, F.LEDGER, paths=(f"{API}/retention",)
    ),
    "GET /api/v1/packs/{code:path}/findings": needs(
        F.LEDGER, F.VEHICLES, paths=(f"{API}/findings",)
    ),
    "GET /api/v1/packs/{code:path}/appraisal": needs(*WHOLE_OF_A_PACK, paths=()),
    "GET /api/v1/packs/{code:path}/certificate": needs(*WHOLE_OF_A_PACK, paths=()),
    "GET /api/v1/packs/{code:path}/export/{form}": needs(
        F.MAKING, paths=tuple(f"{API}/export/{form}" for form in FORMATS), shows=OF_A_PACK
    ),
    "GET /api/v1/packs/{code:path}/live": Way((f"{API}/live",), shows=OF_A_PACK),
    "GET /api/v1/ledger/live": Way(("/api/v1/ledger/live?after=0",), shows=frozenset({F.LEDGER})),
    "GET /api/v1/stations": needs(
        F.STATIONS, paths=("/api/v1/stations",), shows=frozenset({F.PLACES, F.TELEMETRY})
    ),
    "GET /api/v1/duties": needs(F.DUTIES, paths=("/api/v1/duties",)),
    "GET /api/v1/takeback": needs(
        F.DUTIES,
        paths=(
            *(f"/api/v1/takeback?by={by}" for by in ("lot", "party", "region", "month")),
            *(f"/api/v1/takeback?format={form}" for form in ("csv", "parquet")),
        ),
    ),
    "GET /api/v1/vehicles/{vin:path}": needs(
        F.VEHICLES, paths=(f"/api/v1/vehicles/{parts.CAR.id}",)
    ),
    "GET /api/v1/vehicles/{vin:path}/openings": needs(
        F.VEHICLES, paths=(f"/api/v1/vehicles/{parts.CAR.id}/openings",)
    ),
    "GET /metrics": needs(F.STATIONS, paths=("/metrics",)),
    "GET /api/v1/checkpoint": Way(("/api/v1/checkpoint",), own=OPEN_TO_ALL),
    "GET /health": Way(("/health",), own=OPEN_TO_ALL),
    **{f"{method} /openapi.json": Way(own=OPEN_TO_ALL) for method in ("GET", "HEAD")},
    "GET /docs": Way(("/docs",), own=OPEN_TO_ALL),
    "GET /": Way(("/",), shows=frozenset(Field)),
    "GET /packs/{code:path}": Way((PAGE,), shows=frozenset(Field)),
    "GET /packs/{code:path}/vehicle": needs(F.VEHICLES, paths=(f"{PAGE}/vehicle",)),
    "GET /packs/{code:path}/certificate": needs(*WHOLE_OF_A_PACK, paths=()),
    "GET /stations": needs(F.STATIONS, paths=("/stations",), shows=frozenset({F.PLACES})),
    "GET /stations/{gateway}": needs(
        F.STATIONS, paths=("/stations/station-1",), shows=frozenset(Field)
    ),
    "GET /duties": needs(F.DUTIES, paths=("/duties",)),
    "GET /takeback": needs(F.DUTIES, paths=("/takeback", "/takeback?by=party")),
    "POST /api/v1/events": Way(own="the signature of each event"),
    "POST /api/v1/enrol": Way(own="the token and the signature of the request"),
    "GET /login": Way(own="leads into a login"),
    "POST /login": Way(own="name and password"),
    "GET /login/oidc": Way(own="leads to the provider"),
    "GET /login/oidc/return": Way(own="the provider's word"),
    "GET /account": Way(own="the reader's own login"),
    "POST /account/purpose": Way(own="the reader's own login"),
    "POST /account/password": Way(own="the reader's own login"),
    **{
        f"{method} /login/{step}": Way(own="the ticket of who told a right password")
        for step in ("code", "factor")
        for method in ("GET", "POST")
    },
    "POST /account/factor": Way(own="the reader's own login, password and code"),
    "GET /account/factor": Way(own="the ticket of who told password and code"),
    "POST /account/factor/confirm": Way(own="the ticket of who told password and code"),
    "POST /logout": Way(own="the reader's own login"),
    "GET /.well-known/gs1resolver": Way(("/.well-known/gs1resolver",), own=OPEN_TO_ALL),
    "GET /01/{gtin}/21/{serial}": Way(
        (LINK := f"/01/{GTIN}/21/AB12", f"{LINK}?linkType=linkset"), own=OPEN_TO_ALL
    ),
    "GET /8003/{grai}": Way(own=OPEN_TO_ALL),
    "GET /8004/{giai}": Way(own=OPEN_TO_ALL),
    **{f"{method} /{{segment}}": Way(own=OPEN_TO_ALL) for method in ("GET", "HEAD", "OPTIONS")},
    **{
        f"{method} /{ai}/{{rest:path}}": Way(own=OPEN_TO_ALL)
        for ai in ("01", "8003", "8004")
        for method in ("GET", "HEAD", "OPTIONS")
    },
}
"""Method and route -> its decision."""
