"""What happens when a pack comes: whom to ask who it is, and where the answers go.

Answers become readings in the station's book, and only while the same arrival stands.
"""

from __future__ import annotations

from gateway.binding import Book, Outcome
from gateway.charging import vehicle_of
from gateway.clock import Clock
from gateway.downlink import VehicleAsker
from gateway.identify import UdsAsker
from gateway.identify.uds import UDS_VIN
from gateway.pipeline import Pipeline
from packtrail import logs
from packtrail.event import Reading


class Arrivals:
    """Asks and hears; the two that it asks are connected once they exist.

    Args:
        clock: of the readings.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._log = logs.get("gateway")
        self.pipeline: Pipeline
        self.vehicles: VehicleAsker
        self.electronics: UdsAsker | None = None

    def greet(self, slot: str) -> None:
        """A pack has come: ask its electronics, and the bridge for that of its vehicle."""
        if self.electronics:
            self.electronics.arrived(slot)
        visit = self.pipeline.state.visit(slot)
        vehicle = visit.swap.vehicle if visit.swap else visit.vehicle
        if vehicle and vehicle.scheme == "vin" and not visit.unit:
            self.vehicles.ask(slot, visit.since_ns, vehicle.id)

    def hear(self, slot: str, since_ns: int, reading: Reading) -> None:
        """A reading that concerns one arrival, and nothing once another pack stands there."""
        now_ns = self._clock.now_ns()

        def act(book: Book) -> Outcome:
            same = since_ns and book.state.visit(slot).since_ns == since_ns
            return book.read(slot, reading, now_ns) if same else Outcome()

        self.pipeline.act(act)

    def hear_uds(self, slot: str, reading: Reading) -> None:
        """What the electronics said; a VIN is for the bridge to resolve."""
        since_ns = self.pipeline.state.visit(slot).since_ns
        if reading.source == UDS_VIN:
            self.vehicles.ask(slot, since_ns, reading.raw, reading.data)
        self.hear(slot, since_ns, reading)

    def hear_login(self, slot: str, vin: str, codes: list[str]) -> None:
        """A login names the vehicle's packs; of one slot only one pack can be meant."""
        now_ns = self._clock.now_ns()
        vehicle = vehicle_of(vin)
        self.pipeline.act(lambda book: book.insert(slot, now_ns, vehicle))
        if len(codes) == 1:
            self.pipeline.act(lambda book: book.scan(slot, codes[0], "gbt32960", now_ns))
        else:
            self._log.warning("login_names_no_single_pack", slot=slot, codes=len(codes))
