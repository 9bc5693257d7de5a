"""Where a pack goes: into and out of vehicles and slots, and whose the vehicle is."""

from __future__ import annotations

from packtrail.event.refs import EventBody, PlaceRef, Reading, UnitRef, VehicleRef


class PackInstalled(EventBody, frozen=True):
    """A pack was put into a vehicle or a slot.

    Attributes:
        vehicle: into which, or None.
        place: into which, or None.
        reason: `production`, `repair`, `swap`, `storage` ...
        soc_pct: state of charge, %.
        readings: how the codes were read.
        soh: state of health as told at the spot, fraction.
        odometer_km: of the vehicle.
        position: which of the vehicle's slots, "" where it has one.
    """

    vehicle: VehicleRef | None = None
    place: PlaceRef | None = None
    reason: str = ""
    soc_pct: float | None = None
    readings: tuple[Reading, ...] = ()
    soh: float | None = None
    odometer_km: float | None = None
    position: str = ""


class PackRemoved(EventBody, frozen=True):
    """A pack was taken out of a vehicle or a slot; fields as in `PackInstalled`."""

    vehicle: VehicleRef | None = None
    place: PlaceRef | None = None
    reason: str = ""
    soc_pct: float | None = None
    readings: tuple[Reading, ...] = ()
    soh: float | None = None
    odometer_km: float | None = None
    position: str = ""


class SwapPerformed(EventBody, frozen=True):
    """One vehicle left with another pack than it came with; `unit` is the one it took.

    Removal of `unit_out` and installation of the event's unit happen at one instant.
    """

    vehicle: VehicleRef
    site: str
    unit_out: UnitRef | None = None
    order: str = ""
    soc_in_pct: float | None = None
    soc_out_pct: float | None = None
    soh_in: float | None = None
    soh_out: float | None = None


class VehicleSold(EventBody, frozen=True):
    """A vehicle was sold for the first time; `owner` is a commitment, never a name."""

    vehicle: VehicleRef
    region: str = ""
    owner: str = ""
    sold_on: str = ""


class OwnerChanged(EventBody, frozen=True):
    """A vehicle, or a pack by itself (the event's unit), belongs to somebody else.

    `owner` is a commitment, never a name.
    """

    owner: str
    vehicle: VehicleRef | None = None
    region: str = ""


class LostOrStolen(EventBody, frozen=True):
    """A unit or vehicle is missing; `kind` is `lost` or `stolen`."""

    kind: str
    case: str = ""
    vehicle: VehicleRef | None = None


class Found(EventBody, frozen=True):
    """A missing unit or vehicle was found."""

    case: str = ""
    place: PlaceRef | None = None
    vehicle: VehicleRef | None = None


class Exported(EventBody, frozen=True):
    """A unit or vehicle left the country: duties here end, its record goes on."""

    country: str
    declaration: str = ""
    vehicle: VehicleRef | None = None
