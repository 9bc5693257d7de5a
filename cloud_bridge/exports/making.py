"""Making a document of one unit: from the store to bytes, for the command and for the API alike."""

from __future__ import annotations

from cloud_bridge.access.fields import Field
from cloud_bridge.errors import BridgeError
from cloud_bridge.exports.exchange import Export, Forgotten
from cloud_bridge.exports.formats import EVERYTHING, FORMATS, Format
from cloud_bridge.exports.gathering import gather
from cloud_bridge.exports.passport import passport_of
from cloud_bridge.exports.points import Access
from cloud_bridge.exports.sieve import WHOLE, sieved
from cloud_bridge.privacy.people import vehicles_in
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.store import Store
from cloud_bridge.view import Packs
from packtrail.event import SignedEvent, UnitRef
from packtrail.language import Text
from packtrail.signing import SigningKey
from packtrail.times import format_time


def format_named(name: str) -> Format:
    """A format by its name.

    Raises:
        BridgeError: there is none, with the names that there are.
    """
    if name in FORMATS:
        return FORMATS[name]
    known = ", ".join(FORMATS)
    raise BridgeError(
        Text("no such format", "没有这种格式"),
        where=name,
        hint=Text(f"one of: {known}", f"可选：{known}"),
    )


def prepared(
    store: Store,
    unit: UnitRef,
    now_ns: int,
    *,
    key: SigningKey | None = None,
    allowed: frozenset[Access] = EVERYTHING,
    at_ns: int | None = None,
    seen: frozenset[Field] = WHOLE,
) -> Export:
    """Everything that a format writes from.

    Args:
        store: where from.
        unit: known to the store.
        now_ns: when it is written, UTC ns.
        key: signs credentials.
        allowed: what its reader may see of the passport by Annex XIII.
        at_ns: as it was then; None for now.
        seen: what he may see by the access table.
    """
    gathered = gather(store, unit, at_ns)
    moment = format_time(now_ns)
    passport = sieved(passport_of(gathered), allowed, seen, moment)

    def signed_of(event_id: str) -> SignedEvent | None:
        entry = store.entry(event_id)
        return entry.signed if entry else None

    known = Field.VEHICLES in seen
    gone = Subjects(store).forgotten(vehicles_in(gathered.state)) if known else {}
    return Export(
        passport,
        gathered,
        allowed,
        Packs(store).state,
        signed_of,
        key,
        moment,
        seen,
        tuple(Forgotten.of(*one) for one in sorted(gone.items())),
    )
