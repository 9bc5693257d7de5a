"""What a vehicle's message means: records to store, and what to answer if they cannot be made.

One message enters, with the platform that passed it on; sealed records leave. The rules for
whose a report is:

- the login names one pack code: every report from then on is that pack's;
- it names several: each subsystem's voltages, current and temperatures are the pack's with its
  number; the vehicle's totals are nobody's;
- it names none, or a maker's own serial that no maker has bound to a code: the reports wait under
  a pseudonym of the vehicle, and an identity is contested there, once;
- a report is given to the pack that the vehicle had at the report's own moment.

Positions are counted and not kept: where a vehicle was is personal data, and no pack needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from can_decoder.gbt32960 import (
    Command,
    Login,
    Message,
    Report,
    Response,
    plausible,
    read_login,
    read_report,
    sample_of,
    samples_by_subsystem,
)
from can_decoder.gbt32960.frame import read_time
from cloud_bridge.feeds.gbt32960.alarms import alarms_of
from cloud_bridge.feeds.gbt32960.bindings import WHOLE, Bindings, Packs, Vehicle
from cloud_bridge.feeds.gbt32960.sealing import SealedRecord, Sealer, Statement
from cloud_bridge.feeds.gbt32960.voice import pseudonym
from cloud_bridge.store import Store
from packtrail.codes import PackCode
from packtrail.codes.identifiers import Vin, identify
from packtrail.errors import CodeError
from packtrail.event import (
    AliasBound,
    IdentityContested,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    Reading,
    UnitRef,
    VehicleRef,
)
from packtrail.record import Kind
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S, format_time

BOUND_SLOT = "vehicle"
"""The slot of telemetry whose pack is known: no name of the vehicle is kept with it."""
DAY_NS = 86_400 * NS_PER_S
LATEST = 20
"""Chunks of a pack among which the platform's newest is looked for: stations send some, too."""


class Outcome(NamedTuple):
    """What to store before success is answered, or why it is not success."""

    records: tuple[SealedRecord, ...] = ()
    response: Response = Response.SUCCESS
    vehicle: VehicleRef | None = None


class Reporter:
    """Reads the vehicles of one platform.

    Args:
        party: the platform, as the trust list names it.
        key: its key of the bridge.
        store: where the ledger is.
        bindings: which packs vehicles have.
        count: told what was seen.
        now: UTC nanoseconds.
        span_ns: how far a report may lie in the past and in the future.
    """

    def __init__(
        self,
        party: str,
        key: SigningKey,
        store: Store,
        bindings: Bindings,
        count: Callable[[str], None],
        now: Callable[[], int],
        span_ns: tuple[int, int],
    ) -> None:
        self.party, self._key, self._store = party, key, store
        self._bindings, self._count, self._now, self._span = bindings, count, now, span_ns
        self._sealer = Sealer(party, key)
        self._contested = {
            fact.place.slot
            for fact in store.places(party)
            if isinstance(fact.entry.event.body, IdentityContested)
        }

    def take(self, message: Message) -> Outcome:
        """One login, logout or report of a vehicle.

        Raises:
            StoreError: the ledger does not answer.
        """
        try:
            vehicle = Vin.parse(message.vin).vehicle
        except CodeError:
            return self._refused("bad_vin", Response.UNKNOWN_VIN)
        t_ns = read_time(message.data)
        if t_ns is None:
            return self._refused("bad_time", Response.STRUCTURE)
        oldest, ahead = self._span
        if not self._now() - oldest <= t_ns <= self._now() + ahead:
            return self._refused("bad_time", Response.ERROR)
        if message.command is Command.LOGOUT:
            self._count("vehicle_logout")
            return Outcome()
        known = self._bindings.of(vehicle, self.party)
        if message.command is Command.LOGIN:
            return self._login(message, vehicle, known, t_ns)
        return self._report(message, vehicle, known, t_ns)

    def connected(self) -> None:
        """Its platform has logged in: it may have reported to another bridge in between."""
        self._bindings.look_at_once()

    def forget(self, vehicle: VehicleRef) -> None:
        """What was to be stated of a vehicle was not taken."""
        self._bindings.forget(vehicle, self.party)

    def _refused(self, why: str, response: Response) -> Outcome:
        self._count(why)
        return Outcome(response=response)

    def _login(self, message: Message, vehicle: VehicleRef, known: Vehicle, t_ns: int) -> Outcome:
        login = read_login(message)
        if not login.is_whole:
            return self._refused("structure", Response.STRUCTURE)
        self._count("vehicle_login")
        wanted, slot = self._named(login), pseudonym(self._key, message.vin)
        if not wanted:
            told = self._contest(login, slot, t_ns) if not known.at(t_ns) else []
        else:
            told = self._moves(login, vehicle, known, wanted, t_ns)
        if told and wanted:
            known.change(t_ns, wanted)
            known.standing.clear()
        return Outcome(tuple(map(self._sealer.fact, told)), vehicle=vehicle)

    def _named(self, login: Login) -> dict[str, UnitRef]:
        """The packs that a login names, by their place in the vehicle."""
        units = [self._unit(text) for text in login.pack_codes]
        if len(units) == 1:
            return {WHOLE: units[0]} if units[0] else {}
        return {str(n): unit for n, unit in enumerate(units, start=1) if unit}

    def _unit(self, text: str) -> UnitRef | None:
        """A pack code, or the unit that a maker has bound its own serial to."""
        try:
            return PackCode.parse(text).unit
        except CodeError:
            self._count("other_code")
        try:
            alias = identify(text)
        except CodeError:
            return None
        bound = [
            entry.event.unit
            for entry in self._store.entries_of(alias)
            if isinstance(entry.event.body, AliasBound) and entry.event.body.alias == alias
        ]
        return bound[-1] if bound and len(set(bound)) == 1 else None

    def _moves(
        self, login: Login, vehicle: VehicleRef, known: Vehicle, wanted: Packs, t_ns: int
    ) -> list[Statement]:
        """What has changed since the ledger last heard of the vehicle; mostly nothing."""
        before = known.at(t_ns)
        readings = tuple(
            Reading("gbt32960", _shown(text), format_time(t_ns)) for text in login.pack_codes
        )
        gone = [
            Statement(
                unit, BOUND_SLOT, PackRemoved(vehicle, readings=readings, position=place),
                self._seen_ns(known, unit, t_ns), t_ns,
            )
            for place, unit in before.items()
            if unit not in wanted.values()
        ]  # fmt: skip
        come = [
            Statement(
                unit, BOUND_SLOT, PackInstalled(vehicle, readings=readings, position=place),
                t_ns, t_ns,
            )
            for place, unit in wanted.items()
            if (place, unit) not in before.items()
        ]  # fmt: skip
        return gone + come

    def _seen_ns(self, known: Vehicle, unit: UnitRef, t_ns: int) -> int:
        """When a pack was last heard of in its vehicle, here or by another bridge of the store."""
        heard = [known.newest_ns] if known.newest_ns else []
        heard += [
            one.chunk.to_ns
            for one in self._store.latest_chunks(unit, LATEST)
            if one.address.gateway == self.party
        ]
        return min(max(heard, default=t_ns), t_ns)

    def _contest(self, login: Login, slot: str, t_ns: int) -> list[Statement]:
        """Nobody can say whose the vehicle's reports are: told once for each vehicle."""
        if slot in self._contested:
            return []
        self._contested.add(slot)
        at = format_time(t_ns)
        readings = tuple(Reading("gbt32960", _shown(text), at) for text in login.pack_codes)
        problem = "the login names no pack code of GB/T 34014"
        body = IdentityContested(PlaceRef(self.party, slot), problem, readings)
        return [Statement(None, slot, body, t_ns, t_ns)]

    def _report(self, message: Message, vehicle: VehicleRef, known: Vehicle, t_ns: int) -> Outcome:
        report = read_report(message)
        if not report.is_whole and not report.units:
            return self._refused("structure", Response.STRUCTURE)
        self._count("resent" if message.command is Command.RESENT else "realtime")
        if not report.is_whole:
            self._count("partly_read")
        if report.unit("position"):
            self._count("position_not_kept")
        packs = known.at(t_ns)
        records = list(self._telemetry(report, packs, pseudonym(self._key, message.vin)))
        records += [self._sealer.fact(told) for told in self._incidents(report, packs, known, t_ns)]
        known.newest_ns = max(known.newest_ns, t_ns)
        if not records:
            self._count("nothing_of_packs")
        return Outcome(tuple(records), vehicle=vehicle)

    def _telemetry(self, report: Report, packs: Packs, slot: str) -> Iterable[SealedRecord]:
        if not packs or set(packs) == {WHOLE}:
            unit = packs.get(WHOLE)
            sample = plausible(sample_of(report))
            if sample:
                yield self._sealer.telemetry(sample, unit, BOUND_SLOT if unit else slot)
            return
        for number, own in samples_by_subsystem(report).items():
            unit, sample = packs.get(str(number)), plausible(own)
            if sample:
                name = BOUND_SLOT if unit else f"{slot}.{number}"
                yield self._sealer.telemetry(sample, unit, name)

    def _incidents(
        self, report: Report, packs: Packs, known: Vehicle, t_ns: int
    ) -> Iterable[Statement]:
        """Alarms that begin or end; a report from before the newest one ends none."""
        told = alarms_of(report)
        if told is None or not packs:
            return
        newest_ns = max(known.newest_ns, known.alarmed_ns)
        over = known.standing - told if t_ns >= newest_ns else set()
        for raised, cleared in ((told - known.standing, False), (over, True)):
            for kind, severity in sorted(raised):
                body = IncidentRecorded(
                    kind, severity, where="vehicle (GB/T 32960)", cleared=cleared
                )
                for unit in packs.values():
                    yield Statement(unit, BOUND_SLOT, body, t_ns, t_ns, Kind.ALARM)
        known.standing -= over
        known.standing |= told


def _shown(text: str) -> str:
    """A serial as it came, without what no label holds."""
    return "".join(char if char.isprintable() else "?" for char in text)[:64]
