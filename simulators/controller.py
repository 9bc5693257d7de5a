"""The station controller: tells the gateway what happens, as a real one does.

Acts enter a queue and leave, in order, as HTTP requests to the gateway's local interface on
loopback. A gateway that does not answer is asked again until it does or the station closes; a
request that it refuses is counted and not repeated. A slow gateway delays no physics.
"""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from packtrail import logs
from packtrail.times import format_time
from simulators.acts import Act, Inserted, Removed, Scanned, Swapped
from simulators.clock import StationClock
from simulators.errors import SimulationError

TIMEOUT_S: Final = 10.0
PAUSES_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
FIRST_SERVER_FAULT: Final = 500
UNREACHABLE: Final = (
    urllib.error.URLError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
)


class Request(NamedTuple):
    """One POST: path and JSON body."""

    path: str
    body: dict[str, Any]


@dataclass(slots=True)
class Tally:
    """What became of the acts.

    Attributes:
        told: taken by the gateway.
        refused: refused by it, with a 4xx.
        repeats: attempts beyond the first.
    """

    told: int = 0
    refused: int = 0
    repeats: int = 0


def make_request(act: Act, clock: StationClock) -> Request:
    """The request that tells of an act."""
    at = format_time(clock.at_ns(act.at_s))
    match act:
        case Scanned():
            scan = {"label": act.label, "source": act.source, "at": at}
            return Request(f"/v1/slots/{act.slot}/scan", scan)
        case Inserted():
            return Request(f"/v1/slots/{act.slot}/insert", {"at": at, "vehicle": _vin(act.vehicle)})
        case Removed():
            return Request(f"/v1/slots/{act.slot}/remove", {"at": at, "vehicle": _vin(act.vehicle)})
        case Swapped():
            swap = {"slot_in": act.slot_in, "slot_out": act.slot_out, "order": act.order}
            return Request("/v1/swaps", {"at": at, "vehicle": _vin(act.vehicle), **swap})


class Controller:
    """Tells the gateway, in a thread of its own.

    Args:
        url: of the gateway's local interface, such as `http://127.0.0.1:8470`.
        clock: gives acts their times.
    """

    def __init__(self, url: str, clock: StationClock) -> None:
        self.tally = Tally()
        self._url = url.rstrip("/")
        self._clock = clock
        self._acts: queue.SimpleQueue[Act | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._log = logs.get("simulators.controller")
        self._thread = threading.Thread(target=self._work, name="controller", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def tell(self, acts: list[Act]) -> None:
        """Queue acts; returns at once."""
        for act in acts:
            self._acts.put(act)

    def close(self) -> None:
        """Give up what the gateway has not taken, and end the thread."""
        self._stop.set()
        self._acts.put(None)
        if self._thread.is_alive():
            self._thread.join(TIMEOUT_S)

    def wait_for_gateway(self, seconds: float) -> None:
        """Until the gateway answers `/health`.

        Raises:
            SimulationError: it did not within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not self._healthy():
            if time.monotonic() > deadline or self._stop.wait(PAUSES_S[0]):
                raise SimulationError(
                    "the gateway does not answer", where=self._url, retryable=True
                )

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/health", timeout=TIMEOUT_S):  # noqa: S310 - the operator's own loopback address
                return True
        except urllib.error.HTTPError:
            return True  # it answers; what ails it is not the station's business
        except UNREACHABLE:
            return False

    def _work(self) -> None:
        while (act := self._acts.get()) is not None and not self._stop.is_set():
            self._tell_one(make_request(act, self._clock))

    def _tell_one(self, request: Request) -> None:
        attempt = 0
        while not self._sent(request):
            self.tally.repeats += 1
            pause_s = PAUSES_S[min(attempt, len(PAUSES_S) - 1)]
            attempt += 1
            if self._stop.wait(pause_s):
                return

    def _sent(self, request: Request) -> bool:
        """Whether the gateway has answered for good."""
        try:
            post_json(self._url + request.path, json.dumps(request.body).encode())
        except urllib.error.HTTPError as error:
            if error.code >= FIRST_SERVER_FAULT:
                return False
            self.tally.refused += 1
            why = error.read(500).decode(errors="replace")
            self._log.warning("act_refused", path=request.path, status=error.code, why=why)
            return True
        except UNREACHABLE as error:
            self._log.info("gateway_silent", path=request.path, why=str(error))
            return False
        self.tally.told += 1
        return True


def post_json(url: str, body: bytes) -> bytes:
    """POST JSON and return what comes back.

    Raises:
        urllib.error.URLError: nobody answers, or the answer is an error (`HTTPError`).
    """
    request = urllib.request.Request(  # noqa: S310 - the operator's own loopback address
        url, data=body, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
        content: bytes = answer.read()
    return content


def _vin(vin: str) -> dict[str, str] | None:
    return {"scheme": "vin", "id": vin} if vin else None
