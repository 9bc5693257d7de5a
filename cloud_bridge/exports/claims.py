"""What a BMS says of itself: in samples, or as a swap station or a gateway states it with a move.

The newest statement counts, whoever passed it on; it has no interval, for nobody knows its error.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from cloud_bridge.exports.datum import Datum, Origin, Source
from cloud_bridge.exports.gathering import Gathered
from cloud_bridge.fold import Told
from packtrail.event import PackInstalled, PackRemoved
from packtrail.times import format_time

METHODS: Final = MappingProxyType(
    {
        Origin.GATEWAY: "BMS, read by a gateway",
        Origin.VEHICLE_PLATFORM: "BMS, passed on by a vehicle platform (GB/T 32960)",
        Origin.SWAP_STATION: "BMS, stated by a swap station (OCPP BatterySwap)",
    }
)
OTHER: Final = "BMS"


def newest_claim(gathered: Gathered, quantity: str) -> Datum | None:
    """The newest `soc_pct` or `soh_pct`, %; None where nobody said any."""
    sampled, moved = _sampled(gathered, quantity), _moved(gathered, quantity)
    found = [one for one in (sampled, moved) if one is not None]
    return max(found, key=lambda one: one.as_of, default=None)


def _sampled(gathered: Gathered, quantity: str) -> Datum | None:
    if quantity not in gathered.use.newest:
        return None
    value, t_ns = gathered.use.newest[quantity]
    origin = gathered.heard.newest.get(quantity, (0, Origin.GATEWAY))[1]
    return _datum(value, t_ns, origin)


def _moved(gathered: Gathered, quantity: str) -> Datum | None:
    told = list(_statements(gathered, quantity))
    if not told:
        return None
    fact, value = max(told, key=lambda pair: pair[0].event.to_ns)
    origin = gathered.heard.of_party(fact.event.author)
    return _datum(value, fact.event.to_ns, origin, (fact.event_id,))


def _statements(gathered: Gathered, quantity: str) -> Iterable[tuple[Told, float]]:
    """What moves say; a gateway's state of health is an estimate of its own and no claim."""
    for fact in gathered.facts:
        body = fact.event.body
        if not isinstance(body, PackInstalled | PackRemoved):
            continue
        if quantity == "soc_pct" and body.soc_pct is not None:
            yield fact, body.soc_pct
        station = fact.event.author in gathered.heard.stations
        if quantity == "soh_pct" and station and body.soh is not None:
            yield fact, 100 * body.soh


def _datum(value: float, t_ns: int, origin: Origin, events: tuple[str, ...] = ()) -> Datum:
    return Datum(
        value=round(value, 3),
        unit="%",
        as_of=format_time(t_ns),
        method=METHODS.get(origin, OTHER),
        source=Source.CLAIMED,
        origins=(origin,),
        events=events,
    )
