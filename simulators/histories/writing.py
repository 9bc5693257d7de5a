"""A history as files: events, keys and truth; the same bytes for the same seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from packtrail.errors import reason_of, remedy_of
from packtrail.event import SignedEvent, encode_event
from packtrail.personal import Opening
from packtrail.times import NS_PER_S, format_time
from simulators.errors import SimulationError
from simulators.histories.cast import Party
from simulators.histories.history import History

EVENTS: Final = "events.jsonl"
ARRIVALS: Final = "arrivals.txt"
PARTIES: Final = "parties.json"
ENROL: Final = "enrol.txt"
TRUTH: Final = "truth.json"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: lines of events, and the SHA-256 of them, hex."""

    lines: int
    digest: str


def write(history: History, out: Path) -> Written:
    """Write a history into a folder.

    Args:
        history: lived.
        out: folder, made if it is not there.

    Raises:
        SimulationError: it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        parties = history.scene.cast.all()
        (out / PARTIES).write_bytes(_json([_party(one) for one in parties]))
        (out / ENROL).write_text("".join(_enrol(one) for one in parties), "utf-8")
        (out / TRUTH).write_bytes(_json(history.truth.told() | {"order": history.order}))
        return _write_events(history, out)
    except OSError as error:
        raise SimulationError(reason_of(error), where=str(out), hint=remedy_of(error)) from error


def _write_events(history: History, out: Path) -> Written:
    digest, lines = hashlib.sha256(), 0
    with (out / EVENTS).open("wb") as events, (out / ARRIVALS).open("w", encoding="utf-8") as when:
        for t_s, report in history.arrivals():
            assert report.signed
            line = _line(report.signed, report.openings)
            events.write(line)
            when.write(format_time(t_s * NS_PER_S) + "\n")
            digest.update(line)
            lines += 1
    return Written(lines, digest.hexdigest())


def _line(signed: SignedEvent, openings: tuple[Opening, ...]) -> bytes:
    """As a bridge takes it at `POST /api/v1/events`: what opens its commitments stands beside."""
    event = encode_event(signed)
    if not openings:
        return event + b"\n"
    return event[:-1] + b',"openings":' + msgspec.json.encode(openings) + b"}\n"


def _party(party: Party) -> dict[str, str]:
    return {
        "party": party.name,
        "role": str(party.role),
        "site": party.site,
        "public_key": party.key.public.text,
    }


def _enrol(party: Party) -> str:
    """One line of a shell script that lets the party speak at a bridge in the working folder."""
    return f"packtrail bridge trust {party.name} {party.key.public.text} --role {party.role}\n"


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1) + b"\n"
