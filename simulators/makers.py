"""The makers of the simulated packs: they put their packs on record, signed with their keys.

Packs enter, signed `UnitRegistered` events leave, for the bridge's interface or for a file of
JSON lines. A pack whose maker keeps no key here stays unregistered, which is one of the cases
that the digital ID has to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from packtrail.codes import PackCode
from packtrail.event import Event, SignedEvent, UnitRegistered, sign_event
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S, ClockQuality, format_time
from simulators.pack import Pack

DAY_NS: Final = 86_400 * NS_PER_S


def register_packs(
    packs: list[Pack], keys: Mapping[str, SigningKey], stream: str
) -> Iterator[SignedEvent]:
    """One signed event for each pack of a maker that has a key.

    Args:
        packs: in the order in which they are numbered.
        keys: by manufacturer code, such as `SXA`.
        stream: the makers' counter space; the same packs in the same stream are the same events.
    """
    for number, pack in enumerate(packs, start=1):
        key = keys.get(pack.code[:3])
        if key is not None:
            yield sign_event(registration(pack, stream, number), key)


def registration(pack: Pack, stream: str, counter: int) -> Event:
    """What a maker says of a pack; the day of production is known, the hour is not."""
    code = PackCode.parse(pack.code)
    day = datetime(code.made_on.year, code.made_on.month, code.made_on.day, tzinfo=UTC)
    midnight_ns = int(day.timestamp()) * NS_PER_S
    model = pack.model
    return Event(
        unit=code.unit,
        occurred_from=format_time(midnight_ns),
        occurred_to=format_time(midnight_ns + DAY_NS - NS_PER_S),
        clock=ClockQuality.RECORDED,
        author=author_of(code.maker),
        stream=stream,
        counter=counter,
        body=UnitRegistered(
            chemistry=model.chemistry.name.upper(),
            rated_capacity_ah=model.rated_ah,
            nominal_voltage_v=round(model.nominal_v, 1),
            cells_in_series=model.cells,
            model=model.name,
            mass_kg=model.mass_kg,
            made_on=code.made_on.isoformat(),
        ),
    )


def author_of(maker: str) -> str:
    """The party that a maker's events name as their author."""
    return f"maker-{maker.lower()}"
