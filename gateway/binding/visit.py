"""What the gateway remembers of the packs in its slots, also across a restart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from packtrail.estimate import Interval
from packtrail.event import Reading, UnitRef, VehicleRef
from packtrail.shapes import from_json

MOST_READINGS: Final = 20
MOST_REQUESTS: Final = 500
MOST_HEALTHS: Final = 1000
MOST_CASES: Final = 100


class SwapTold(msgspec.Struct, frozen=True):
    """A swap whose arriving pack is not announced yet.

    Attributes:
        order: the controller's number.
        vehicle: which vehicle.
        taken: the pack that it took, if known.
        soc_taken_pct: that pack's state of charge when it left.
        soh_taken: its last state of health, fraction.
    """

    order: str
    vehicle: VehicleRef
    taken: UnitRef | None
    soc_taken_pct: float | None
    soh_taken: float | None


class Visit(msgspec.Struct, frozen=True):
    """One pack's stay in a slot, or the wait for one.

    Attributes:
        readings: how its identity was read, some perhaps before it arrived.
        since_ns: UTC of the arrival; 0 while nobody told of one.
        vehicle: where it came from, if from a vehicle.
        swap: the swap that brought it, until that is announced.
        unit: the pack, once it is settled which.
        problem: what was contested, "" for nothing.
        announced: the pack whose arrival is in the outbox.
        unbound_ns: since when data flow without a known pack; 0 while one is known.
        sealed_as: the pack that data were last sealed for during this visit.
    """

    readings: tuple[Reading, ...] = ()
    since_ns: int = 0
    vehicle: VehicleRef | None = None
    swap: SwapTold | None = None
    unit: UnitRef | None = None
    problem: str = ""
    announced: UnitRef | None = None
    unbound_ns: int = 0
    sealed_as: UnitRef | None = None

    @property
    def present(self) -> bool:
        """Whether a pack stands in the slot, as far as anybody told."""
        return self.since_ns > 0

    def settled(self, unit: UnitRef | None, t_ns: int) -> Visit:
        """With that pack, or with none from `t_ns` on because it came into doubt."""
        if unit is None:
            return msgspec.structs.replace(self, unit=None, unbound_ns=t_ns)
        return msgspec.structs.replace(self, unit=unit, problem="", unbound_ns=0, sealed_as=unit)

    def read(self, reading: Reading) -> Visit:
        """With one reading more; the oldest make room."""
        return msgspec.structs.replace(self, readings=(*self.readings, reading)[-MOST_READINGS:])


class Case(msgspec.Struct, frozen=True):
    """A visit that ended before it was known whose it was; a person can still settle it.

    Attributes:
        name: of the case, unique at this station.
        slot: where.
        since_ns: arrival, UTC.
        until_ns: departure, UTC.
        readings: what was read.
        problem: why no pack was known.
        announced: a pack whose arrival had been told before it came into doubt.
    """

    name: str
    slot: str
    since_ns: int
    until_ns: int
    readings: tuple[Reading, ...] = ()
    problem: str = ""
    announced: UnitRef | None = None


class StationState(msgspec.Struct, frozen=True):
    """Everything remembered: visits by slot, requests carried out, last healths, open cases."""

    visits: dict[str, Visit] = {}
    requests: tuple[str, ...] = ()
    healths: dict[str, Interval] = {}
    cases: tuple[Case, ...] = ()

    def visit(self, slot: str) -> Visit:
        """The visit in a slot."""
        return self.visits.get(slot, Visit())

    def with_visit(self, slot: str, visit: Visit) -> StationState:
        """With another visit in a slot."""
        return msgspec.structs.replace(self, visits=self.visits | {slot: visit})

    def with_request(self, digest: str) -> StationState:
        """With one request more carried out."""
        return msgspec.structs.replace(self, requests=(*self.requests, digest)[-MOST_REQUESTS:])

    def with_health(self, unit: UnitRef, soh: Interval) -> StationState:
        """With a pack's last state of health."""
        rest = {key: value for key, value in self.healths.items() if key != str(unit)}
        newest = dict([*rest.items(), (str(unit), soh)][-MOST_HEALTHS:])
        return msgspec.structs.replace(self, healths=newest)

    def with_case(self, case: Case) -> StationState:
        """With one case more; the oldest make room."""
        return msgspec.structs.replace(self, cases=(*self.cases, case)[-MOST_CASES:])

    def without_case(self, name: str) -> StationState:
        """With that case closed."""
        left = tuple(case for case in self.cases if case.name != name)
        return msgspec.structs.replace(self, cases=left)

    def only(self, slots: Collection[str]) -> StationState:
        """Without slots that the settings do not name any more."""
        visits = {slot: visit for slot, visit in self.visits.items() if slot in slots}
        return msgspec.structs.replace(self, visits=visits)

    def encode(self) -> bytes:
        """JSON, as the outbox remembers it."""
        return msgspec.json.encode(self)


def decode_state(data: bytes | None) -> StationState:
    """What the last run remembered; nothing, where there is nothing or it cannot be read."""
    if data is None:
        return StationState()
    try:
        return from_json(data, StationState)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return StationState()
