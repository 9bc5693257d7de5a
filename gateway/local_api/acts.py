"""What a station may tell: JSON bodies turned into acts of the station's book.

The same over HTTP and over MQTT, for the path and the body are the same:

    v1/slots/<slot>/scan | insert | remove | settle     v1/swaps     v1/ocpp
    v1/cases/<case>/settle | dismiss

Everything that enters is hostile until it fits; what does not fit leaves as a `RefusedError` with
an HTTP status and a reason, never as an exception of another kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Final, NamedTuple, TypeVar

import msgspec

from gateway.binding import Book, Outcome
from gateway.binding.judgement import ELECTRONIC, HINTS, OPERATOR
from gateway.local_api import ocpp
from packtrail.codes import read_label
from packtrail.errors import CodecError
from packtrail.event import VehicleRef
from packtrail.language import Text
from packtrail.shapes import from_json
from packtrail.times import NS_PER_S, parse_time

MAX_BODY_BYTES: Final = 16_384
LATEST_NS: Final = 4_102_444_800 * NS_PER_S
"""2100-01-01."""
_Text = Annotated[str, msgspec.Meta(max_length=512)]
_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Body = TypeVar("_Body", bound=msgspec.Struct)


class RefusedError(Exception):
    """A request that is not carried out; `status` is HTTP's.

    `text` is what a person at the station page reads, `reason` the same in English.
    """

    def __init__(self, status: int, reason: Text | str) -> None:
        self.status = status
        self.text = reason if isinstance(reason, Text) else Text(reason, reason)
        self.reason = self.text.en
        super().__init__(self.reason)


class _Vehicle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scheme: _Word
    id: _Word


class _Scan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    label: _Text
    source: _Word = "scanner"
    at: str = ""

    def __post_init__(self) -> None:
        """What electronics or a person said comes another way than by a scan."""
        if self.source in ELECTRONIC or self.source in HINTS or self.source == OPERATOR:
            raise ValueError(f"source {self.source!r} is not a scanner's")


class _Visit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: str = ""
    vehicle: _Vehicle | None = None


class _Swap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vehicle: _Vehicle
    slot_in: _Word
    slot_out: _Word
    order: Annotated[str, msgspec.Meta(max_length=64)] = ""
    at: str = ""


class _Settle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    label: _Text


class _Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Places(NamedTuple):
    """What a request may speak of.

    Attributes:
        slots: names of the slots that exist.
        evses: OCPP's EVSE numbers -> slots.
        cases: names of the open cases.
    """

    slots: Collection[str]
    evses: Mapping[int, str] = {}
    cases: Collection[str] = ()


class Told(NamedTuple):
    """An act to be entered in the book.

    Attributes:
        act: what to do.
        slots: whose state the answer shows.
        digest: names the request, "" where a repeat is a new one for want of a time.
        answer: what goes back instead of the slots' state, None for that.
    """

    act: Callable[[Book], Outcome]
    slots: tuple[str, ...]
    digest: str
    answer: object = None


def read_act(path: str, body: bytes, places: Places, now_ns: int) -> Told:
    """The act that a POST asks for.

    Args:
        path: of the request, without a query.
        body: JSON.
        places: what exists.
        now_ns: the gateway's UTC, for requests without a time.

    Raises:
        RefusedError: no such path, slot or case (404), or a body that does not fit (400).
    """
    match path.strip("/").split("/"):
        case ["v1", "slots", slot, verb] if verb in _VERBS:
            if slot not in places.slots:
                raise RefusedError(404, f"there is no slot {slot[:64]!r}")
            told, at = _VERBS[verb](slot, body, now_ns)
        case ["v1", "swaps"]:
            told, at = _read_swap(body, places.slots, now_ns)
        case ["v1", "ocpp"]:
            told, at = _read_ocpp(body, places.evses, now_ns)
        case ["v1", "cases", name, "settle" | "dismiss" as verb]:
            if name not in places.cases:
                raise RefusedError(404, f"there is no case {name[:80]!r}")
            told, at = _read_case(name, verb, body, now_ns)
        case _:
            raise RefusedError(404, "there is no such path")
    digest = hashlib.sha256(path.encode() + b"\n" + body).hexdigest()[:24] if at else ""
    return told._replace(digest=digest)


def _read_settle(slot: str, body: bytes, now_ns: int) -> tuple[Told, str]:
    label = _pack_label(body)
    return Told(lambda book: book.scan(slot, label, OPERATOR, now_ns), (slot,), ""), ""


def _read_case(name: str, verb: str, body: bytes, now_ns: int) -> tuple[Told, str]:
    if verb == "dismiss":
        _decode(body, _Nothing)
        return Told(lambda book: book.dismiss_case(name), (), "", {}), ""
    label = _pack_label(body)
    return Told(lambda book: book.settle_case(name, label, now_ns), (), "", {}), ""


def _pack_label(body: bytes) -> str:
    """What a person typed or scanned to settle a case has to be one whole code."""
    reading = read_label(_decode(body, _Settle).label)
    if reading.code is None:
        why = reading.detail or (reading.problem.text if reading.problem else None)
        raise RefusedError(400, why or Text("no pack code in it", "其中没有电池编码"))
    return reading.code.text


def _read_ocpp(body: bytes, evses: Mapping[int, str], now_ns: int) -> tuple[Told, str]:
    try:
        swap, number = ocpp.read_message(body)
        slots = ocpp.slots_of(swap, evses)
    except KeyError as error:
        raise RefusedError(404, f"there is no slot for evseId {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(400, str(error)[:300]) from error

    def act(book: Book) -> Outcome:
        return ocpp.enter(book, swap, slots, now_ns)

    return Told(act, slots, "", ocpp.answer_to(number)), number or ""


def _read_scan(slot: str, body: bytes, now_ns: int) -> tuple[Told, str]:
    scan = _decode(body, _Scan)
    t_ns = _time(scan.at, now_ns)
    return Told(lambda book: book.scan(slot, scan.label, scan.source, t_ns), (slot,), ""), scan.at


def _read_insert(slot: str, body: bytes, now_ns: int) -> tuple[Told, str]:
    visit = _decode(body, _Visit)
    t_ns, vehicle = _time(visit.at, now_ns), _vehicle(visit.vehicle)
    return Told(lambda book: book.insert(slot, t_ns, vehicle), (slot,), ""), visit.at


def _read_remove(slot: str, body: bytes, now_ns: int) -> tuple[Told, str]:
    visit = _decode(body, _Visit)
    t_ns, vehicle = _time(visit.at, now_ns), _vehicle(visit.vehicle)
    return Told(lambda book: book.remove(slot, t_ns, vehicle), (slot,), ""), visit.at


def _read_swap(body: bytes, slots: Collection[str], now_ns: int) -> tuple[Told, str]:
    swap = _decode(body, _Swap)
    for slot in (swap.slot_in, swap.slot_out):
        if slot not in slots:
            raise RefusedError(404, f"there is no slot {slot!r}")
    if swap.slot_in == swap.slot_out:
        raise RefusedError(400, "slot_in and slot_out are the same")
    t_ns = _time(swap.at, now_ns)
    vehicle = VehicleRef(swap.vehicle.scheme, swap.vehicle.id)
    names = (swap.slot_in, swap.slot_out)
    return Told(lambda book: book.swap(t_ns, vehicle, *names, swap.order), names, ""), swap.at


_VERBS: Final = {
    "scan": _read_scan,
    "insert": _read_insert,
    "remove": _read_remove,
    "settle": _read_settle,
}


def _decode(body: bytes, kind: type[_Body]) -> _Body:
    try:
        return from_json(body or b"{}", kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(400, str(error)[:300]) from error


def _time(text: str, now_ns: int) -> int:
    if not text:
        return now_ns
    try:
        t_ns = parse_time(text)
    except CodecError as error:
        raise RefusedError(400, str(error)[:300]) from error
    if not 0 < t_ns < LATEST_NS:
        raise RefusedError(400, "time: not between 1970 and 2100")
    return t_ns


def _vehicle(vehicle: _Vehicle | None) -> VehicleRef | None:
    return None if vehicle is None else VehicleRef(vehicle.scheme, vehicle.id)
