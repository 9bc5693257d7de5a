"""Lives of as many packs as are asked for, as signed ledger lines: what `big_store` fills in.

Packs live in pairs: two packs and one vehicle at one swap station, with five condition reports
and four moves each on the average, told honestly and in order of time. One pack in a hundred is
retired, every second of those reaches an outlet; most swaps and births are reported to the
platform, the last swap of each pair is still owed. One pack has a story of many thousand lines.

An event is made once of each kind by the vocabulary itself; its canonical form is then a pattern
into which names, times and numbers are put, so that signing is what a line costs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple

import msgspec

from packtrail.codes import PackCode
from packtrail.estimate import Advice, Estimate, Interval, Verdict
from packtrail.event import (
    Body,
    ConditionCommitted,
    Event,
    IncidentRecorded,
    KeyRegistered,
    LotRef,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    RecoveryReceived,
    ReportAcknowledged,
    ReportSent,
    Role,
    SwapPerformed,
    UnitRef,
    UnitRegistered,
    UnitRetired,
    VehicleRef,
    sign_event,
    subjects,
    units_named,
)
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S, ClockQuality, format_time

AUTHORITY: Final = SigningKey.from_seed(b"authority".ljust(32, b"."))
ORIGIN: Final = "bench.example/ledger"
STREAM: Final = "00112233aabbccdd"
DAY_NS: Final = 86_400 * NS_PER_S
STEPS: Final = 20
STEP_NS: Final = 6 * DAY_NS
SLOTS: Final = 14
PACKS_PER_STATION: Final = 1_000
COVERED: Final = 500
REPORTED_STEPS: Final = (0, 1, 6, 10)
PORTION: Final = 4_000

_PREFIX: Final = PackCode.make(
    maker="0B1", chemistry="LFP", made_on=date(2025, 3, 9), serial=1
).text[:-7]
_A, _B = UnitRef("gbt34014", "@a@"), UnitRef("gbt34014", "@b@")
_CAR, _SLOT = VehicleRef("vin", "@car@"), PlaceRef("@site@", "@slot@")
_TIME, _NUMBER = "2001-01-01T00:00:00.000000000Z", 987_654_321
_BIRTH = UnitRegistered(
    chemistry="lfp",
    rated_capacity_ah=150.0,
    nominal_voltage_v=345.6,
    cells_in_series=108,
    model="Demo 52",
    mass_kg=362.0,
)
_SOH = Interval(0.912, 0.897, 0.927)
_HEALTH = ConditionCommitted(
    Estimate(
        verdict=Verdict.TOLD,
        soh=_SOH,
        capacity_ah=Interval(136.8, 134.5, 139.1),
        rated_ah=150.0,
        advice=Advice.NONE,
        method="counting/1",
        reference="25 degC",
        from_ns=0,
        to_ns=0,
        samples=43_200,
        inputs_digest="@digest@",
    ),
    claimed_soh_pct=93.0,
)


class Row(NamedTuple):
    """One line of the ledger and what it names."""

    event_id: str
    type: str
    author: str
    counter: int
    signed: bytes


class Story(NamedTuple):
    """What kind of line one step is: whom it is about, who says it, and what."""

    unit: str
    author: str
    body: Body


def key_of(name: str) -> SigningKey:
    """The key of a party of this world."""
    return AUTHORITY if name == ORIGIN else SigningKey.from_seed(name.encode().ljust(32, b"."))


@dataclass(frozen=True)
class World:
    """How many packs there are, from when on they live, and how long the longest story is.

    Attributes:
        packs: even.
        start_ns: when the first is born, UTC.
        heavy: lines of the one long story.
    """

    packs: int
    start_ns: int
    heavy: int = 10_000

    @property
    def pairs(self) -> int:
        """Two packs, one vehicle."""
        return self.packs // 2

    @cached_property
    def stations(self) -> list[str]:
        """Gateways, a thousand packs each."""
        return [f"station-{n:05d}" for n in range(max(1, self.packs // PACKS_PER_STATION))]

    @cached_property
    def parties(self) -> list[tuple[str, str]]:
        """Everybody with a key, and the role."""
        others = [("maker-1", Role.MAKER), ("outlet-1", Role.OUTLET), (ORIGIN, Role.SYSTEM)]
        return [*((name, Role.GATEWAY) for name in self.stations), *others]

    def code(self, number: int) -> str:
        """Of the pack with this number."""
        return f"{_PREFIX}{1 + number:07d}"

    @property
    def long_story(self) -> UnitRef:
        """The pack with the long story."""
        return UnitRef("gbt34014", self.code(self.packs))

    def station_of(self, pair: int) -> str:
        """Where a pair is at home."""
        return self.stations[pair % len(self.stations)]

    def slot_of(self, pair: int) -> str:
        """Its slot there."""
        return str(1 + pair // len(self.stations) % SLOTS)

    def remains(self, pair: int) -> bool:
        """Whether the pack that came last is still in the slot."""
        return pair // len(self.stations) >= self.pairs // len(self.stations) - SLOTS

    def car(self, pair: int) -> str:
        """Of both packs, in turn."""
        return f"LB1{pair:014d}"

    def story(self, step: int, pair: int) -> Story:
        """What is told of a pair in this step."""
        home = self.station_of(pair)
        if step == 9 and pair % 50 == 0:
            return Story("b", home, _WARNING)
        if step == 18 and pair % 50 == 0:
            return Story("a", "maker-1", UnitRetired("age", 362.0))
        if step == 19 and pair % 100 == 0:
            return Story("a", "outlet-1", _RECEIVED)
        if step == 19:
            return Story("a", home, _HEALTH if self.remains(pair) else _OUT)
        unit, body = _STEPS[step]
        return Story(unit, "maker-1" if step < 2 else home, body)

    def kind_of(self, pair: int) -> tuple[bool, bool, bool]:
        """Pairs of one kind are told of in the same steps and words."""
        return pair % 50 == 0, pair % 100 == 0, self.remains(pair)

    def leaf(self, step: int, pair: int) -> int:
        """The line of a step."""
        return self.first_line + step * self.pairs + pair

    def moment(self, step: int, pair: int) -> int:
        """When it happens, UTC ns."""
        return self.start_ns + step * STEP_NS + pair * 7 % 400_000 * NS_PER_S

    @property
    def first_line(self) -> int:
        """After the keys."""
        return len(self.parties)

    @property
    def told(self) -> int:
        """Lines of the pairs."""
        return STEPS * self.pairs

    @property
    def reports(self) -> int:
        """Reports that cover what has been reported; each with its acknowledgement."""
        return len(REPORTED_STEPS) * -(-self.pairs // COVERED)

    @property
    def size(self) -> int:
        """Lines altogether."""
        return self.first_line + self.told + self.heavy + 2 * self.reports


_WARNING = IncidentRecorded("temperature_high", "watch", "temperature_c", 58.0, 55.0)
_OUT = PackRemoved(place=_SLOT, reason="storage")
_RECEIVED = RecoveryReceived(
    "outlet-1", from_party="maker-1", kg=362.0, count=1, lot=LotRef("outlet-1", "2026-1")
)
_SWAP_B = ("b", SwapPerformed(_CAR, "@site@", _A))
_SWAP_A = ("a", SwapPerformed(_CAR, "@site@", _B))
_TO_SLOT = PackInstalled(place=_SLOT, reason="swap")
_STEPS: Final[tuple[tuple[str, Body], ...]] = (
    ("a", _BIRTH),
    ("b", _BIRTH),
    ("a", PackInstalled(vehicle=_CAR, reason="production")),
    ("b", PackInstalled(place=_SLOT, reason="storage")),
    ("a", _HEALTH),
    ("b", _HEALTH),
    _SWAP_B,
    ("a", _TO_SLOT),
    ("a", _HEALTH),
    ("b", _HEALTH),
    _SWAP_A,
    ("b", _TO_SLOT),
    ("a", _HEALTH),
    ("b", _HEALTH),
    _SWAP_B,
    ("a", _TO_SLOT),
    ("a", _HEALTH),
    ("b", _HEALTH),
    ("b", _HEALTH),
    ("a", _OUT),
)
"""Whose, and what. The last swap is owed; the other two are reported."""


class Pattern:
    """One kind of line, made by the vocabulary once; then only names and numbers change."""

    def __init__(self, unit: str, body: Body) -> None:
        self.event = Event(
            unit={"a": _A, "b": _B}.get(unit),
            occurred_from=_TIME,
            occurred_to=_TIME,
            clock=ClockQuality.SYNCED,
            author="@author@",
            stream=STREAM,
            counter=_NUMBER,
            body=body,
        )
        text = sign_event(self.event, AUTHORITY).canonical
        for name in (b"a", b"b", b"car", b"site", b"slot", b"author", b"digest"):
            text = text.replace(b"@%b@" % name, b"%%(%b)b" % name)
        text = text.replace(_TIME.encode(), b"%(time)b").replace(b"%d" % _NUMBER, b"%(number)b")
        self.text = text
        self.type = self.event.type
        self.units = [one.id.strip("@") for one in units_named(self.event)]
        self.subjects = [(kind, name) for kind, name in subjects(self.event)]


class Speaker:
    """Signs lines with the keys of a world."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[SigningKey, bytes]] = {}
        self._patterns: dict[tuple[str, int], Pattern] = {}

    def pattern(self, unit: str, body: Body) -> Pattern:
        """Of this kind of line."""
        kind = (unit, id(body))
        if kind not in self._patterns:
            self._patterns[kind] = Pattern(unit, body)
        return self._patterns[kind]

    def sign(self, pattern: Pattern, author: str, number: int, names: dict[bytes, bytes]) -> Row:
        """One line."""
        if author not in self._keys:
            key = key_of(author)
            self._keys[author] = key, key.key_id.encode()
        key, key_id = self._keys[author]
        names[b"author"], names[b"number"] = author.encode(), b"%d" % number
        text = pattern.text % names
        signature = base64.b64encode(key.private.sign(b"packtrail/event/1\n" + text))
        line = b'{"event":%b,"key_id":"%b","signature":"%b"}' % (text, key_id, signature)
        return Row(hashlib.sha256(text).hexdigest(), pattern.type, author, number, line)


_speaker = Speaker()


class Plan:
    """What the lines of one kind of pair name: steps of each of its packs, of its vehicle, ..."""

    def __init__(self, world: World, pair: int) -> None:
        stories = [world.story(step, pair) for step in range(STEPS)]
        patterns = [_speaker.pattern(story.unit, story.body) for story in stories]
        self.units = {me: [n for n, one in enumerate(patterns) if me in one.units] for me in "ab"}
        self.subjects = [(n, *one) for n, found in enumerate(patterns) for one in found.subjects]
        self.places = [n for n, one in enumerate(stories) if getattr(one.body, "place", None)]
        self.vehicles = [n for n, one in enumerate(stories) if getattr(one.body, "vehicle", None)]

    def steps_of(self, kind: str, name: str) -> list[int]:
        """Steps that name a subject."""
        return [step for step, *one in self.subjects if one == [kind, name]]


def portion(world: World, step: int, first: int) -> list[Row]:
    """Lines of one step, of the pairs from `first` on."""
    rows = []
    for pair in range(first, min(first + PORTION, world.pairs)):
        unit, author, body = world.story(step, pair)
        names = {
            b"a": world.code(2 * pair).encode(),
            b"b": world.code(2 * pair + 1).encode(),
            b"car": world.car(pair).encode(),
            b"site": world.station_of(pair).encode(),
            b"slot": world.slot_of(pair).encode(),
            b"time": format_time(world.moment(step, pair)).encode(),
        }
        number = world.leaf(step, pair)
        names[b"digest"] = b"%064x" % number
        rows.append(_speaker.sign(_speaker.pattern(unit, body), author, number, names))
    return rows


def keys(world: World) -> list[Row]:
    """The trust list, signed by the authority."""
    rows = []
    for number, (name, role) in enumerate(world.parties):
        body = KeyRegistered(key_of(name).public.text, name, role)
        rows.append(_plain(body, None, "bridge-1", number, world.start_ns - DAY_NS))
    return rows


def long_story(world: World) -> list[Row]:
    """One pack in and out of fifty vehicles and a slot, with a condition report now and then."""
    rows, first = [], world.first_line + world.told
    home, moment = world.stations[0], world.start_ns
    bodies: list[Body] = [_BIRTH]
    for turn in range(world.heavy // 4 + 1):
        car = VehicleRef("vin", f"LB9{turn % 50:014d}")
        place = PlaceRef(home, "99")
        bodies += [PackInstalled(vehicle=car), PackRemoved(vehicle=car)]
        bodies += [PackInstalled(place=place), PackRemoved(place=place)]
        if turn % 25 == 24:
            estimate = msgspec.structs.replace(_HEALTH.estimate, inputs_digest=f"{turn:064x}")
            bodies.append(msgspec.structs.replace(_HEALTH, estimate=estimate))
    for number, body in enumerate(bodies[: world.heavy]):
        author = "maker-1" if number == 0 else home
        moment += 15 * 60 * NS_PER_S
        rows.append(_plain(body, world.long_story, author, first + number, moment))
    return rows


def subject_of_long(world: World, number: int) -> tuple[str, str]:
    """What a line of the long story names: a vehicle, a site, or nothing."""
    turn, part = divmod(number - 1, 101)
    if number == 0 or part == 100:
        return "", ""
    turn = 25 * turn + part // 4
    return ("vehicle", f"LB9{turn % 50:014d}") if part % 4 < 2 else ("site", world.stations[0])


def reports(world: World, told: dict[int, list[str]]) -> Iterator[Row]:
    """What covers the event ids of some steps: a report and its acknowledgement each."""
    number, moment = world.first_line + world.told + world.heavy, world.moment(15, 0)
    for step, ids in told.items():
        for at in range(0, len(ids), COVERED):
            name = f"r-{step}-{at}"
            covers = tuple(ids[at : at + COVERED])
            bodies = (
                ReportSent(name, "platform", "", covers),
                ReportAcknowledged(name, "platform"),
            )
            for body in bodies:
                yield _plain(body, None, ORIGIN, number, moment)
                number += 1


def told(world: World) -> Iterator[tuple[int, list[Row]]]:
    """Lines of all pairs, in order, with their step; two processes sign them."""
    tasks = [(step, at) for step in range(STEPS) for at in range(0, world.pairs, PORTION)]
    with ProcessPoolExecutor(2) as pool:
        ahead = [pool.submit(portion, world, *task) for task in tasks[:6]]
        for number, (step, _) in enumerate(tasks):
            rows = ahead.pop(0).result()
            if number + 6 < len(tasks):
                ahead.append(pool.submit(portion, world, *tasks[number + 6]))
            yield step, rows


def _plain(body: Body, unit: UnitRef | None, author: str, number: int, t_ns: int) -> Row:
    moment = format_time(t_ns)
    event = Event(
        unit=unit,
        occurred_from=moment,
        occurred_to=moment,
        clock=ClockQuality.SYNCED,
        author=author,
        stream=STREAM if author != "bridge-1" else "trust",
        counter=number + 1,
        body=body,
    )
    signed = sign_event(event, key_of(author if author != "bridge-1" else ORIGIN))
    canonical = signed.canonical
    line = b'{"event":%b,"key_id":"%b","signature":"%b"}' % (
        canonical,
        signed.key_id.encode(),
        signed.signature.encode(),
    )
    return Row(signed.event_id, event.type, author, number + 1, line)
