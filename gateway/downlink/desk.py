"""Carries commands of the bridge out, each at most once, and answers them.

Checked in this order: size, signature, addressee, date, nonce. A nonce is on disk before its
command is carried out, so that no restart and no replay carries it out again.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from gateway.clock import Clock
from gateway.downlink.remote_settings import RemoteSettings
from gateway.outbox import Outbox
from packtrail import logs
from packtrail.downlink import (
    Answer,
    ChangeSettings,
    Command,
    FreshReading,
    KeepSettings,
    SetLogLevel,
    VehicleResolved,
    open_message,
    seal_message,
    split_message,
)
from packtrail.errors import CodecError
from packtrail.shapes import from_json
from packtrail.signing import SigningKey, VerifyKey
from packtrail.times import NS_PER_S, ClockQuality
from packtrail.topics import answer_topic

NOTE: Final = "commands"
MOST_NONCES: Final = 1000
MOST_WAITING: Final = 64
LONGEST_LIFE_NS: Final = 86_400 * NS_PER_S
AHEAD_NS: Final = 300 * NS_PER_S
"""So much may the bridge's clock be ahead of ours."""
TICK_S: Final = 0.5
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
Say = Callable[[str, bytes], None]


class Powers(Protocol):
    """What commands may do to the gateway."""

    def fresh_reading(self, slot: str) -> dict[str, Any]:
        """A sample of a slot that was taken after the call; raises LookupError for none."""
        ...

    def restart(self) -> None:
        """Begin anew with the settings as they are now."""
        ...

    def resolved(self, answer: VehicleResolved) -> None:
        """The bridge told which pack a vehicle has."""
        ...


class Outcome(NamedTuple):
    """What becomes of a command; `silent` where an answer would come too early or serves nobody."""

    outcome: str = "done"
    detail: str = ""
    content: Mapping[str, Any] = MappingProxyType({})
    silent: bool = False


@dataclass(frozen=True, slots=True)
class DownlinkState:
    """What an operator sees of the way down."""

    commands: int = 0
    refused: int = 0
    not_believed: int = 0


class CommandDesk:
    """Works commands off in a thread of its own.

    Args:
        gateway: our name.
        key: signs answers.
        bridge: whose commands count.
        outbox: remembers nonces.
        clock: says whether a command is still fresh.
        say: sends an answer.
        powers: what commands may do.
        remote: changes of settings; None where they have no file (a replay).
    """

    def __init__(
        self,
        gateway: str,
        *,
        key: SigningKey,
        bridge: VerifyKey,
        outbox: Outbox,
        clock: Clock,
        say: Say,
        powers: Powers,
        remote: RemoteSettings | None,
    ) -> None:
        self._gateway, self._key, self._bridge = gateway, key, bridge
        self._outbox, self._clock, self._say = outbox, clock, say
        self._powers, self._remote = powers, remote
        self._nonces = _remembered(outbox.note(NOTE))
        self._arrived: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)
        self._level_until: float | None = None
        self._plain_level = logging.WARNING
        self._trial_until: float | None = None
        self._log = logs.get("gateway.downlink")
        self._thread = threading.Thread(target=self._run, name="downlink")
        self.state = DownlinkState()

    def take(self, data: bytes) -> None:
        """A message on our command topic; never blocks, a flood is dropped."""
        try:
            self._arrived.put_nowait(data)
        except queue.Full:
            self.state = replace(self.state, not_believed=self.state.not_believed + 1)

    def start(self) -> None:
        """Begin; a trial of settings is told and its time begins to run."""
        trial = self._remote.trial if self._remote else None
        if self._remote and (undone := self._remote.take_rolled_back()):
            self._answer(undone, Outcome("rolled_back", "not confirmed in time"))
        if trial:
            self._trial_until = time.monotonic() + trial.confirm_s
            self._answer(trial.nonce, Outcome("trying", f"for {trial.confirm_s:g} s"))
        self._thread.start()

    def stop(self) -> None:
        """End; what waits is forgotten, the bridge asks again."""
        if self._thread.ident is not None:
            while True:
                try:
                    self._arrived.put(None, timeout=TICK_S)
                except queue.Full:
                    continue
                break
            self._thread.join()
        self._log_plainly()

    def _run(self) -> None:
        while True:
            try:
                data = self._arrived.get(timeout=TICK_S)
            except queue.Empty:
                self._tick()
                continue
            if data is None:
                return
            self._work(data)
            self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        if self._level_until is not None and now > self._level_until:
            self._log_plainly()
        if self._trial_until is not None and now > self._trial_until and self._remote:
            self._trial_until = None
            self._remote.revert()
            self._powers.restart()

    def _work(self, data: bytes) -> None:
        try:
            command = self._believed(data)
        except CodecError as error:
            self.state = replace(self.state, not_believed=self.state.not_believed + 1)
            self._log.warning("command_not_believed", why=str(error)[:300])
            return
        if command.nonce in self._nonces:
            return  # the broker brought it twice
        objection = self._objection(command)
        outcome = Outcome("refused", objection) if objection else self._carry_out(command)
        refused = outcome.outcome == "refused"
        self.state = replace(
            self.state,
            commands=self.state.commands + 1,
            refused=self.state.refused + refused,
        )
        kind = type(command.order).__name__
        self._log.info("command", kind=kind, outcome=outcome.outcome, detail=outcome.detail)
        if not outcome.silent:
            self._answer(command.nonce, outcome)

    def _believed(self, data: bytes) -> Command:
        command = open_message(split_message(data), Command, self._bridge)
        if command.gateway != self._gateway:
            raise CodecError("command", f"it is for {command.gateway[:64]!r}")
        return command

    def _objection(self, command: Command) -> str:
        """Why a command of the bridge is not carried out now, or ""; marks its nonce as used."""
        now_ns = self._clock.now_ns()
        if self._clock.quality() is ClockQuality.UNSET:
            return "clock: ours was never set, so no date can be checked"
        if command.expires_ns - command.issued_ns > LONGEST_LIFE_NS:
            return "it would live for more than a day"
        if not command.issued_ns - AHEAD_NS <= now_ns <= command.expires_ns:
            return "clock: not between its dates"
        live = {nonce: end for nonce, end in self._nonces.items() if end >= now_ns}
        self._nonces = dict([*live.items(), (command.nonce, command.expires_ns)][-MOST_NONCES:])
        self._outbox.record((), {NOTE: msgspec.json.encode(self._nonces)}).result()
        return ""

    def _carry_out(self, command: Command) -> Outcome:
        match command.order:
            case FreshReading(slot):
                return self._read(slot)
            case ChangeSettings() as change:
                return self._change(command.nonce, change)
            case KeepSettings(nonce):
                return self._keep(nonce)
            case SetLogLevel(level, seconds):
                return self._log_from(level, seconds)
            case VehicleResolved() as answer:
                self._powers.resolved(answer)
                return Outcome(silent=True)

    def _read(self, slot: str) -> Outcome:
        try:
            return Outcome(content=self._powers.fresh_reading(slot))
        except LookupError as error:
            return Outcome("refused", str(error))

    def _change(self, nonce: str, change: ChangeSettings) -> Outcome:
        if self._remote is None:
            return Outcome("refused", "this gateway has no settings file")
        faults = self._remote.attempt(nonce, change.changes, change.confirm_s)
        if faults:
            return Outcome("refused", "; ".join(faults)[:1000])
        self._powers.restart()
        return Outcome("trying", silent=True)

    def _keep(self, nonce: str) -> Outcome:
        if self._remote is None or not self._remote.keep(nonce):
            return Outcome("refused", "no such change is on trial")
        self._trial_until = None
        return Outcome()

    def _log_from(self, level: str, seconds: float) -> Outcome:
        if level not in LEVELS:
            return Outcome("refused", f"the level is one of {', '.join(LEVELS)}")
        root = logging.getLogger()
        if self._level_until is None:
            self._plain_level = root.level
        root.setLevel(level)
        self._level_until = time.monotonic() + seconds
        return Outcome()

    def _log_plainly(self) -> None:
        if self._level_until is not None:
            self._level_until = None
            logging.getLogger().setLevel(self._plain_level)

    def _answer(self, nonce: str, outcome: Outcome) -> None:
        answer = Answer(
            gateway=self._gateway,
            nonce=nonce,
            answered_ns=self._clock.now_ns(),
            outcome=outcome.outcome,
            detail=outcome.detail,
            content=dict(outcome.content),
        )
        self._say(answer_topic(self._gateway, nonce), seal_message(answer, self._key))


def _remembered(data: bytes | None) -> dict[str, int]:
    try:
        return from_json(data, dict[str, int]) if data else {}
    except msgspec.DecodeError:
        return {}
