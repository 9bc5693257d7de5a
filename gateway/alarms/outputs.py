"""Local outputs: who beside the pack is told of an alarm, cloud or no cloud.

Each output has a thread of its own, so a web server that hangs does not keep the relay from
closing. An output that fails is told in the log, counted and tried again with the newest state;
the alarm itself is safe in the outbox long before.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from paho.mqtt import publish

from gateway.alarms.alarm import Alarm
from packtrail import logs
from packtrail.times import format_time

SEVERITIES: Final = ("watch", "quarantine", "danger")
MOST_WAITING: Final = 100
PATIENCE_S: Final = 3.0
RETRY_S: Final = 1.0
RETRIES: Final = 5


class Output(Protocol):
    """One way to tell an alarm; failures are exceptions of any kind."""

    def tell(self, alarm: Alarm, *, any_active: bool) -> None:
        """Tell it.

        Args:
            alarm: what has begun or ended.
            any_active: whether this output now has anything to warn of, in any slot.
        """
        ...


@dataclass(frozen=True, slots=True)
class HttpOutput:
    """POSTs the alarm as JSON; any answer below 400 is good."""

    url: str

    def tell(self, alarm: Alarm, *, any_active: bool) -> None:
        """See `Output.tell`."""
        parts = urlsplit(self.url)
        is_safe = parts.scheme == "https"
        make = http.client.HTTPSConnection if is_safe else http.client.HTTPConnection
        connection = make(parts.hostname or "", parts.port, timeout=PATIENCE_S)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            body = json.dumps(as_json(alarm, any_active=any_active), ensure_ascii=False).encode()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            status = connection.getresponse().status
        finally:
            connection.close()
        if status >= http.client.BAD_REQUEST:
            raise ConnectionError(f"{self.url} answered {status}")


@dataclass(frozen=True, slots=True)
class MqttOutput:
    """Publishes the alarm to a broker of the site; retained, one topic per slot and kind."""

    host: str
    port: int
    topic: str
    username: str = ""
    password: str = ""

    def tell(self, alarm: Alarm, *, any_active: bool) -> None:
        """See `Output.tell`."""
        incident = alarm.incident
        auth: Any = {"username": self.username, "password": self.password}
        publish.single(
            f"{self.topic}/{alarm.slot}/{incident.kind}",
            json.dumps(as_json(alarm, any_active=any_active), ensure_ascii=False),
            qos=1,
            retain=True,
            hostname=self.host,
            port=self.port,
            keepalive=5,
            auth=auth if self.username else None,
        )


@dataclass(frozen=True, slots=True)
class FileOutput:
    """Writes a word to a file: a GPIO line or LED of sysfs, or a file that others watch."""

    path: Path
    on: str = "1"
    off: str = "0"

    def tell(self, alarm: Alarm, *, any_active: bool) -> None:
        """See `Output.tell`."""
        del alarm
        self.path.write_text(self.on if any_active else self.off, "utf-8")


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """Runs a program of the site with the alarm as JSON on its standard input."""

    command: tuple[str, ...]

    def tell(self, alarm: Alarm, *, any_active: bool) -> None:
        """See `Output.tell`."""
        subprocess.run(  # noqa: S603 - the site's own program, named in its settings, no shell
            [*self.command, "on" if any_active else "off"],
            input=json.dumps(as_json(alarm, any_active=any_active)).encode(),
            check=True,
            timeout=PATIENCE_S,
            stdout=subprocess.DEVNULL,
        )


@dataclass(frozen=True, slots=True)
class OutputState:
    """What became of the alarms of one output."""

    told: int = 0
    failed: int = 0
    problem: str = ""


class Siren:
    """One output with its thread.

    Args:
        name: for the log.
        output: how alarms are told.
        least: alarms below this severity are left out.
    """

    def __init__(self, name: str, output: Output, least: str = "watch") -> None:
        self.name = name
        self.state = OutputState()
        self._output, self._least = output, SEVERITIES.index(least)
        self._active: set[tuple[str, str, str]] = set()
        self._waiting: deque[tuple[Alarm, bool]] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._ending = False
        self._log = logs.get("gateway.alarms").bind(output=name)
        self._thread = threading.Thread(target=self._run, name=f"siren-{name}", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """Tell what waits, once more at most, and end."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(2 * PATIENCE_S)

    def warn(self, alarm: Alarm) -> None:
        """Take an alarm; never blocks."""
        incident = alarm.incident
        if SEVERITIES.index(incident.severity) < self._least:
            return
        key = (alarm.slot, incident.kind, incident.severity)
        with self._changed:
            (self._active.discard if incident.cleared else self._active.add)(key)
            self._waiting.append((alarm, bool(self._active)))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ending)
                if not self._waiting:
                    return
                alarm, any_active = self._waiting.popleft()
            self._tell(alarm, any_active=any_active)

    def _tell(self, alarm: Alarm, *, any_active: bool) -> None:
        for _ in range(RETRIES):
            try:
                self._output.tell(alarm, any_active=any_active)
            except Exception as error:  # noqa: BLE001 - whatever the site's own parts raise
                state = self.state
                problem = f"{type(error).__name__}: {error}"
                self.state = OutputState(state.told, state.failed + 1, problem)
                self._log.warning("alarm_output_failed", why=problem)
                if self._ending:
                    return
                time.sleep(RETRY_S)
            else:
                self.state = OutputState(self.state.told + 1, self.state.failed)
                return


class Sirens:
    """All local outputs of a gateway."""

    def __init__(self, sirens: Sequence[Siren] = ()) -> None:
        self.all = tuple(sirens)

    def start(self) -> None:
        """Begin to tell."""
        self._each(Siren.start)

    def stop(self) -> None:
        """Tell what waits and end."""
        self._each(Siren.stop)

    def warn(self, alarm: Alarm) -> None:
        """Tell every output; never blocks."""
        for siren in self.all:
            siren.warn(alarm)

    def _each(self, act: Callable[[Siren], None]) -> None:
        for siren in self.all:
            act(siren)


def as_json(alarm: Alarm, *, any_active: bool) -> dict[str, Any]:
    """An alarm as the outputs send it."""
    incident = alarm.incident
    return {
        "slot": alarm.slot,
        "pack": str(alarm.unit) if alarm.unit else "",
        "at": format_time(alarm.t_ns),
        "kind": incident.kind,
        "severity": incident.severity,
        "state": "cleared" if incident.cleared else "active",
        "quantity": incident.quantity,
        "value": incident.value,
        "limit": incident.limit,
        "where": incident.where,
        "any_active": any_active,
    }
