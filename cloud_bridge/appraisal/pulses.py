"""A unit's pulses, as a workshop's tester reported them, become an estimate on record.

The newest standing `InspectionRecorded` with `pulses` is told by units that were measured
(`soh_model.pulse_reference`); with an author and a key the answer is stated as
`ConditionCommitted` of the test's own time, whose `spec` holds the readings and the reference's
digest, so that it can be made again.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any, Final

import msgspec

from cloud_bridge.errors import BridgeError
from cloud_bridge.fold import PackState
from cloud_bridge.fold.state import Inspection
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.speaking import Speaker, submit
from cloud_bridge.store.opening import open_existing
from cloud_bridge.view import Packs, parse_unit
from packtrail.errors import os_fault
from packtrail.estimate import Estimate, Interval, Verdict
from packtrail.event import ConditionCommitted, PulseTest
from packtrail.language import Text
from packtrail.settings import load
from packtrail.signing import SigningKey
from packtrail.times import parse_time
from soh_model.pulse_commands import Told, counted, described
from soh_model.pulse_file import charge_of, of_tests, plain
from soh_model.pulse_reference import PulseReference

EXIT_CANNOT_TELL: Final = 1
_NONE: Final = Text("nobody reported pulses of this unit", "没有该单元的脉冲检测报告")
_REPORT: Final = Text(
    "report InspectionRecorded with `pulses` to POST /api/v1/events",
    "请向 POST /api/v1/events 提交带 pulses 的 InspectionRecorded",
)
_TYPE: Final = Text(
    "no maker has registered this unit's chemistry", "没有生产企业登记该单元的化学体系"
)


def estimate_pulses(args: argparse.Namespace) -> tuple[str, int]:
    """`packtrail id pulses`: the newest test's estimate, stated where an author is given.

    Returns:
        What is to be said, and the exit code.

    Raises:
        PacktrailError: No such test, reference, registration or key.
    """
    unit, settings = parse_unit(args.code), load(BridgeSettings, args.settings)
    if (args.author is None) != (args.key is None):
        both = Text("--author and --key go together", "--author 与 --key 须同时给出")
        raise BridgeError(both, where="id pulses")
    store = open_existing(settings.store)
    try:
        state = Packs(store).state(unit)
        test, inspection = newest_test(state)
        estimate = estimated(state, test, args.reference)
        told = Told(str(unit), counted(charge_of(test)), estimate)
        said = msgspec.json.encode(told).decode() if args.json else described(told)
        if args.author is None:
            return said, 0 if estimate.verdict is Verdict.TOLD else EXIT_CANNOT_TELL
        body = committed(estimate, test, inspection, args.reference)
        speaker = Speaker(args.author, SigningKey.load(args.key))
        events = speaker.sign(store, [(unit, body)], parse_time(inspection.at))
        outcome = submit(store, settings, events)
        return f"{said}\n{outcome.say()}", 1 if outcome.refused else 0
    finally:
        store.close()


def newest_test(state: PackState) -> tuple[PulseTest, Inspection]:
    """The newest pulse test that stands, and the inspection that it is of.

    Raises:
        BridgeError: there is none.
    """
    for inspection in reversed(state.inspections):
        if isinstance(inspection.found.pulses, PulseTest):
            return inspection.found.pulses, inspection
    raise BridgeError(_NONE, where=str(state.unit), hint=_REPORT)


def estimated(state: PackState, test: PulseTest, reference: Path) -> Estimate:
    """What the test says, in ampere-hours of the unit's rating too.

    Raises:
        PacktrailError: the unit is not registered, or the reference cannot be used.
    """
    stated = state.registration.stated if state.registration else None
    if stated is None:
        raise BridgeError(_TYPE, where=str(state.unit))
    measured = PulseReference.load(reference, stated.chemistry.upper())
    (answer,) = measured.estimates(of_tests([str(state.unit)], [test]))
    rated = test.rated_ah or stated.rated_capacity_ah
    capacity = None
    if answer.soh:
        capacity = Interval(*(share * rated for share in msgspec.structs.astuple(answer.soh)))
    return msgspec.structs.replace(answer, rated_ah=rated, capacity_ah=capacity)


def committed(
    estimate: Estimate, test: PulseTest, inspection: Inspection, reference: Path
) -> ConditionCommitted:
    """The estimate with all that it was made of."""
    try:
        digest = hashlib.sha256(reference.read_bytes()).hexdigest()
    except OSError as error:
        raise os_fault(error, reference) from error
    spec: dict[str, Any] = {
        "pulses": plain(test),
        "inspection": inspection.event,
        "reference_sha256": digest,
    }
    inputs = hashlib.sha256(msgspec.json.encode(spec, order="sorted")).hexdigest()
    return ConditionCommitted(msgspec.structs.replace(estimate, inputs_digest=inputs), spec=spec)
