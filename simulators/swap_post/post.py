"""Cars come, leave their pack in the empty slot and take another; each is told to a back office.

Equal orders give equal swaps. What is told is kept until it is answered and sent again over a new
connection otherwise, as OCPP 2.1 part 4, 5.3 wants of a station: so a back office may die at any
moment and still hears everything. Where it has several addresses, a lost line goes on at the next.
"""

from __future__ import annotations

import base64
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from packtrail.codes import PackCode
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.ocpp import ACTION, SUBPROTOCOL
from simulators.fleet import make_vin

ANSWER_S: Final = 20.0
AGAIN_S: Final = 0.2
MADE_ON: Final = date(2024, 3, 1)
_LETTERS: Final = "BE"
"""Chemistries in the code: lithium iron phosphate and nickel manganese cobalt."""


@dataclass(frozen=True, slots=True)
class PostOrder:
    """What shall be told: `swaps` swaps of `cars` cars at a station with `slots` slots."""

    slots: int = 8
    cars: int = 12
    swaps: int = 20
    seed: int = 7


@dataclass(slots=True)
class Summary:
    """What was told, and where every pack is at the end.

    Attributes:
        answered: messages that the back office took.
        repeats: messages that had to be sent again.
        refused: what it did not take, with its words.
        slots: EVSE -> pack, "" for the empty one.
        cars: VIN -> pack.
    """

    answered: int = 0
    repeats: int = 0
    refused: list[str] = field(default_factory=list)
    slots: dict[int, str] = field(default_factory=dict)
    cars: dict[str, str] = field(default_factory=dict)


def swaps(order: PostOrder, summary: Summary) -> Iterator[dict[str, Any]]:
    """BatterySwap payloads in order; `summary` shows where the packs are after each."""
    draws = np.random.default_rng(order.seed)
    codes = [_code(number) for number in range(order.slots - 1 + order.cars)]
    summary.slots = dict(enumerate([*codes[: order.slots - 1], ""], start=1))
    vins = [make_vin(number) for number in range(order.cars)]
    summary.cars = dict(zip(vins, codes[order.slots - 1 :], strict=True))
    for request in range(1, order.swaps + 1):
        vin = vins[int(draws.integers(order.cars))]
        empty = next(slot for slot, code in summary.slots.items() if not code)
        taken = int(draws.choice([slot for slot, code in summary.slots.items() if code]))
        summary.slots[empty] = summary.cars[vin]
        low = round(float(draws.uniform(8, 35)), 1)
        yield _message("BatteryIn", request, vin, (empty, summary.slots[empty], low))
        summary.cars[vin], summary.slots[taken] = summary.slots[taken], ""
        yield _message("BatteryOut", request, vin, (taken, summary.cars[vin], 95.0))


class SwapPost:
    """The station's line to a back office.

    Args:
        url: `ws://HOST:PORT/ocpp/STATION`, or several with commas; the last part is the user name.
        password: for HTTP basic authentication.
        patience_s: how long a message is tried again.
    """

    def __init__(self, url: str, password: str, patience_s: float = 60.0) -> None:
        self._urls, self._patience_s = deque(url.split(",")), patience_s
        name = urlsplit(self._urls[0]).path.rpartition("/")[2]
        proof = base64.b64encode(f"{name}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {proof}"}
        self._line: ClientConnection | None = None

    def tell(self, order: PostOrder, deaf: Callable[[int], bool] = lambda _: False) -> Summary:
        """Tell every swap, each until it is answered.

        Args:
            order: what.
            deaf: whether it hangs up before it hears the first answer to a message, by its number.

        Raises:
            PacktrailError: the back office lets nobody in, or does not answer in time.
        """
        summary = Summary()
        try:
            for number, payload in enumerate(swaps(order, summary)):
                told = f"{order.seed}-{number}"
                if deaf(number):
                    self._say_and_leave(told, payload)
                    summary.repeats += 1
                self._until_answered(told, payload, summary)
        finally:
            self.close()
        return summary

    def close(self) -> None:
        """End the connection."""
        if self._line:
            self._line.close()
            self._line = None

    def _say_and_leave(self, number: str, payload: dict[str, Any]) -> None:
        with suppress(OSError, TimeoutError, WebSocketException):
            line = self._line or self._connected()
            line.send(json.dumps([2, number, ACTION, payload]))
        self.close()
        self._urls.rotate(-1)

    def _until_answered(self, number: str, payload: dict[str, Any], summary: Summary) -> None:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                answer = self._ask(number, ACTION, payload)
            except (OSError, TimeoutError, WebSocketException) as error:
                self._lost(error, until)
                summary.repeats += 1
                continue
            if answer[0] == 3:
                summary.answered += 1
                return
            if answer[2] != "InternalError":
                summary.refused.append(f"{answer[2]}: {answer[3]}")
                return
            self._lost(PacktrailError(str(answer[3])), until)
            summary.repeats += 1

    def _ask(self, number: str, action: str, payload: dict[str, Any]) -> list[Any]:
        line = self._line or self._connected()
        line.send(json.dumps([2, number, action, payload]))
        while True:
            answer: list[Any] = json.loads(line.recv(ANSWER_S))
            if answer[1] == number:
                return answer

    def _connected(self) -> ClientConnection:
        self._line = connect(
            self._urls[0],
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            additional_headers=self._headers,
            compression=None,
        )
        booted = {"chargingStation": {"model": "post", "vendorName": "packtrail"}}
        self._ask("boot", "BootNotification", booted | {"reason": "PowerUp"})
        return self._line

    def _lost(self, error: Exception, until: float) -> None:
        """Wait and try again, unless it cannot help."""
        self.close()
        self._urls.rotate(-1)
        if isinstance(error, InvalidHandshake | InvalidURI) or time.monotonic() > until:
            raise PacktrailError(
                Text(f"the back office does not take it: {error}", f"后台系统未接受：{error}"),
                where=self._urls[-1],
                hint=Text("check address, station and password", "请检查地址、站点与口令"),
            ) from error
        time.sleep(AGAIN_S)


def _message(kind: str, request: int, vin: str, battery: tuple[int, str, float]) -> dict[str, Any]:
    slot, code, soc = battery
    return {
        "eventType": kind,
        "requestId": request,
        "idToken": {"idToken": vin, "type": "VIN"},
        "batteryData": [{"evseId": slot, "serialNumber": code, "soC": soc, "soH": 93.0}],
    }


def _code(number: int) -> str:
    made = PackCode.make(
        maker="SXA",
        chemistry=_LETTERS[number % 2],
        made_on=MADE_ON,
        serial=number + 1,
        specification="P1",
        traceability="7K20A00",
    )
    return made.text
