"""What a station is answered, call by call.

The bridge is told of swaps and keeps their record; it neither lets anybody charge nor steers a
station. So it answers what a station needs to go on reporting, takes what says nothing of packs
without keeping it, and says of the rest that it does not do that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from cloud_bridge.errors import StoreError
from cloud_bridge.feeds.desk import Told
from packtrail import logs
from packtrail.errors import CodecError
from packtrail.ocpp import ACTION, BatterySwap, Call, read_call, read_swap, refusal, result
from packtrail.times import format_time

LET_PASS: Final = frozenset(
    {
        "FirmwareStatusNotification", "LogStatusNotification", "MeterValues", "NotifyEvent",
        "NotifyMonitoringReport", "NotifyReport", "SecurityEventNotification",
        "StatusNotification", "TransactionEvent",
    }
)  # fmt: skip
"""Their answers may be empty; a station without one would send them again for ever."""

log = logs.get("cloud_bridge.feeds.ocpp")


class Dialogue:
    """One station's calls.

    Args:
        station: its id, for the log.
        take: carries out a BatterySwap.
        count: told what became of each call.
        heartbeat_s: how often the station shall show that it lives.
        now: UTC nanoseconds.
    """

    def __init__(
        self,
        station: str,
        take: Callable[[BatterySwap], Told],
        count: Callable[[str], None],
        heartbeat_s: int,
        now: Callable[[], int],
    ) -> None:
        self._station, self._take, self._count = station, take, count
        self._heartbeat_s, self._now = heartbeat_s, now

    def answer(self, frame: str | bytes) -> bytes | None:
        """The frame that goes back; None where none belongs."""
        try:
            call = read_call(frame)
        except CodecError as error:
            self._count("unreadable")
            log.warning("frame_unreadable", station=self._station, fault=str(error))
            return msgspec.json.encode(refusal("-1", "RpcFrameworkError", str(error)))
        return None if call is None else msgspec.json.encode(self._reply(call))

    def _reply(self, call: Call) -> list[object]:
        if call.action == ACTION:
            return self._swap(call)
        known = self._plain(call.action)
        self._count("not_done" if known is None else "let_pass")
        if known is None:
            log.info("call_not_done", station=self._station, action=call.action[:64])
            return refusal(call.number, "NotImplemented", f"{call.action} is not done here")
        return result(call.number, known)

    def _plain(self, action: str) -> dict[str, object] | None:
        clock = {"currentTime": format_time(self._now())}
        if action == "BootNotification":
            return clock | {"interval": self._heartbeat_s, "status": "Accepted"}
        if action == "Heartbeat":
            return dict(clock)
        return {} if action in LET_PASS else None

    def _swap(self, call: Call) -> list[object]:
        try:
            told = self._take(read_swap(call.payload))
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return self._refused(call.number, "FormatViolation", str(error))
        except StoreError as error:
            # Not answered as done: the station keeps it and sends it again.
            return self._refused(call.number, "InternalError", error.describe("en"))
        if told.refused:
            return self._refused(call.number, "PropertyConstraintViolation", told.refused[0])
        self._count("swap" if told.facts or not told.repeats else "repeat")
        return result(call.number, {})

    def _refused(self, number: str, code: str, why: str) -> list[object]:
        self._count("store" if code == "InternalError" else "refused")
        log.warning("swap_refused", station=self._station, code=code, fault=why)
        return refusal(number, code, why)
