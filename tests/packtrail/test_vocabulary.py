"""Each type of event travels, old ones stay readable, each has somebody to say it."""

import typing

import msgspec
import pytest
from jsonschema import Draft202012Validator

from packtrail import event as e
from packtrail import schema
from packtrail.shapes import convert
from tests.packtrail import golden, vocabulary

TYPES = {body.__name__ for body in typing.get_args(e.Body)}
OLD = golden.FOLDER / "events-0.1.jsonl"


def test_there_is_an_example_of_every_type():
    assert [type(body).__name__ for body in vocabulary.BODIES] == [
        body.__name__ for body in typing.get_args(e.Body)
    ]


def test_examples_leave_no_field_at_its_default():
    for body in vocabulary.BODIES:
        defaults = {f.name: f.default for f in msgspec.structs.fields(body)}
        left = [
            name
            for name, default in defaults.items()
            if getattr(body, name) == default and (type(body).__name__, name) not in SAME
        ]
        assert not left, (type(body).__name__, left)


SAME = {
    ("UnitRegistered", "level"),
    ("UnitRegistered", "category"),
    ("VehicleRegistered", "slots"),
    ("ProductAssembled", "level"),
    ("TriageDecided", "currency"),
}


def test_events_are_written_as_they_always_were():
    assert vocabulary.FILE.read_bytes() == vocabulary.lines()


def test_events_are_read_as_they_were_meant():
    for line, event in zip(
        vocabulary.FILE.read_bytes().splitlines(), vocabulary.events(), strict=True
    ):
        signed = e.decode_event(line)
        assert signed.accepted_by(vocabulary.KEY.public)
        assert signed.read() == event


def test_an_inspection_without_pulses_is_written_as_it_was_before_there_were_any():
    bare = msgspec.structs.replace(example("InspectionRecorded").body, pulses=msgspec.UNSET)
    assert b"pulses" not in msgspec.json.encode(bare)
    with pytest.raises(msgspec.ValidationError, match="pulses"):
        convert(
            msgspec.to_builtins(bare) | {"pulses": {"voltages_v": [3.5] * 20}}, e.InspectionRecorded
        )


def test_events_of_the_first_release_are_still_read():
    read = [e.decode_event(line) for line in OLD.read_bytes().splitlines()]
    assert all(one.accepted_by(golden.KEY.public) for one in read)
    events = [one.read() for one in read]
    assert len({event.type for event in events}) == len(events) == 10
    first, installed = events[0].body, events[1].body
    assert (first.model, first.mass_kg, first.level, first.children) == (
        "Demo 52",
        362.5,
        e.Level.PACK,
        (),
    )
    assert installed.readings[0].raw == "000PB0100000ABG410000001"
    assert (installed.soh, installed.position) == (None, "")


@pytest.mark.parametrize("event", vocabulary.events(), ids=lambda event: event.type)
def test_events_keep_to_their_schema(event):
    value = msgspec.json.decode(msgspec.json.encode(event))
    Draft202012Validator(schema.schema("event-1")).validate(value)


def test_every_type_has_a_role_that_may_state_it():
    stated = set().union(*e.EVENTS_OF_ROLE.values())
    assert stated <= TYPES
    # Only the pinned authority lets keys speak, so no role may.
    assert TYPES - stated == {"KeyRegistered", "KeyRevoked"}


@pytest.mark.parametrize("role", e.Role)
def test_roles_are_named_in_both_languages(role):
    assert role.text.en != role.text.zh
    assert e.EVENTS_OF_ROLE[role] > {"CorrectionDeclared", "Disputed", "KeyRotated"}


def example(name):
    return next(event for event in vocabulary.events() if event.type == name)


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("UnitRetired", (vocabulary.PACK,)),
        ("SwapPerformed", (vocabulary.PACK, vocabulary.OTHER)),
        ("UnitRegistered", (vocabulary.PACK, vocabulary.MODULE)),
        ("ProductAssembled", (vocabulary.PACK, vocabulary.MODULE, vocabulary.OTHER)),
        ("LotFormed", (vocabulary.PACK, vocabulary.OTHER)),
        # What a scanner read is no subject.
        ("PackInstalled", (vocabulary.PACK,)),
    ],
)
def test_an_event_names_its_units(name, units):
    assert e.units_named(example(name)) == units


@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        ("CustodyOffered", {("lot", "recycler-1/L-7"), ("party", "outlet-9")}),
        ("MaterialProcessed", {("lot", "recycler-1/L-7")}),
        ("CorrectionDeclared", {("event", "ab" * 32), ("event", "cd" * 32)}),
        ("ModelSheetPublished", {("model", "maker-1/Demo 52")}),
        ("Found", {("site", "hangzhou-1"), ("vehicle", str(vocabulary.CAR))}),
        ("MissingPackExplained", {("vehicle", str(vocabulary.CAR)), ("event", "ab" * 32)}),
        ("UnitRetired", set()),
    ],
)
def test_an_event_names_its_other_subjects(name, subjects):
    assert set(e.subjects(example(name))) == subjects
