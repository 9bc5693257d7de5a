"""Settings that the bridge may change from afar, on trial until it says that they may stay.

Beside `gateway.toml`, which only people write, lies `gateway.remote.json`: what is kept and
what is on trial. A trial that is not confirmed in time, or in which the gateway died, is gone
with the next start: a change that cuts the link undoes itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.settings import GatewaySettings
from packtrail import logs
from packtrail.downlink import Scalar
from packtrail.errors import SettingsError
from packtrail.settings import parse
from packtrail.shapes import from_json
from packtrail.toml_file import read_toml

ALLOWED: Final = frozenset(
    {
        "sampling.active_s",
        "sampling.rest_s",
        "sampling.flowing_a",
        "sampling.chunk_s",
        "broker.daily_mb",
        "broker.resend_after_s",
        "binding.unread_s",
        "health.enabled",
        "health.rest_s",
    }
)
"""Nothing here opens a way in, moves a file, names another bridge or silences an alarm."""


class Trial(msgspec.Struct, frozen=True):
    """A change that nobody has confirmed yet."""

    nonce: str
    changes: dict[str, Scalar]
    confirm_s: float
    begun: bool = False


class _State(msgspec.Struct, frozen=True):
    kept: dict[str, Scalar] = {}
    trial: Trial | None = None
    rolled_back: str = ""


class RemoteSettings:
    """The changes that lie beside one settings file.

    Args:
        path: the settings file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.with_suffix(".remote.json")
        self._log = logs.get("gateway.remote_settings")
        self._state = self._read()

    @property
    def trial(self) -> Trial | None:
        """What is being tried in this run."""
        return self._state.trial

    def take_rolled_back(self) -> str:
        """The nonce of a change that was undone, once; "" for none."""
        nonce = self._state.rolled_back
        if nonce:
            self._write(msgspec.structs.replace(self._state, rolled_back=""))
        return nonce

    def begin(self) -> GatewaySettings:
        """The settings of this run; a trial that was begun before is over.

        Raises:
            SettingsError: the settings file itself cannot be used.
        """
        trial = self._state.trial
        if trial and trial.begun:
            self.revert()
        elif trial:
            begun = msgspec.structs.replace(trial, begun=True)
            self._write(msgspec.structs.replace(self._state, trial=begun))
        plain = self._with({})
        try:
            return self._with(self._wanted)
        except SettingsError as error:
            self._log.error("remote_settings_ignored", faults=error.faults)
            return plain

    def attempt(self, nonce: str, changes: dict[str, Scalar], confirm_s: float) -> list[str]:
        """Put a change on trial for the next start; or why it cannot be."""
        foreign = sorted(set(changes) - ALLOWED)
        if foreign or not changes:
            return [f"{name}: may not be changed from afar" for name in foreign] or ["no change"]
        if self._state.trial:
            return ["another change is on trial"]
        try:
            self._with({**self._state.kept, **changes})
        except SettingsError as error:
            return error.faults
        trial = Trial(nonce, changes, confirm_s)
        self._write(msgspec.structs.replace(self._state, trial=trial))
        return []

    def keep(self, nonce: str) -> bool:
        """The trial with this nonce stays; False where there is none."""
        trial = self._state.trial
        if trial is None or trial.nonce != nonce:
            return False
        self._write(_State({**self._state.kept, **trial.changes}))
        return True

    def revert(self) -> None:
        """The trial is over and leaves nothing."""
        trial = self._state.trial
        if trial:
            self._log.warning("settings_rolled_back", changes=trial.changes)
            self._write(_State(self._state.kept, rolled_back=trial.nonce))

    @property
    def _wanted(self) -> dict[str, Scalar]:
        trial = self._state.trial
        return {**self._state.kept, **(trial.changes if trial else {})}

    def _with(self, changes: dict[str, Scalar]) -> GatewaySettings:
        content: dict[str, Any] = read_toml(self._path)
        for name, value in changes.items():
            table, _, key = name.partition(".")
            content[table] = {**content.get(table, {}), key: value}
        return parse(GatewaySettings, content, self._path)

    def _read(self) -> _State:
        try:
            return from_json(self._file.read_bytes(), _State)
        except FileNotFoundError:
            return _State()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            self._log.error("remote_settings_unreadable", file=str(self._file), why=str(error))
            return _State()

    def _write(self, state: _State) -> None:
        """Exchange the file whole, on the disk before it counts."""
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)
        self._state = state
