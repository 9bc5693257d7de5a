"""Platforms: where reports go. `HttpPlatform` posts JSON; another one has the same `send`."""

from __future__ import annotations

import hashlib
from typing import Protocol

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from cloud_bridge.projections.contract import TargetError
from cloud_bridge.reporting.flows import Report
from packtrail.language import Text
from packtrail.shapes import from_json


class Answer(msgspec.Struct, frozen=True):
    """What a platform says to a report.

    Attributes:
        taken: whether it has it.
        receipt: its number of it.
        code: why not, in one word.
        message: the same as a sentence.
        final: whether the same report will never do.
    """

    taken: bool
    receipt: str = ""
    code: str = ""
    message: str = ""
    final: bool = False


class Platform(Protocol):
    """One platform; safe to be asked the same twice, for reports keep their id."""

    name: str

    def send(self, report: Report) -> Answer:
        """Hand over one report.

        Raises:
            TargetError: nobody answers, or not with an answer; it will be asked again.
        """

    def close(self) -> None:
        """Give up connections."""


def payload(report: Report) -> bytes:
    """The report's bytes, the same for every repetition."""
    return msgspec.json.encode(report)


def digest(report: Report) -> str:
    """SHA-256 of them, hex."""
    return hashlib.sha256(payload(report)).hexdigest()


class HttpPlatform:
    """POSTs a report as JSON to `URL/FLOW`; 200 with an `Answer`, 422 with one that refuses.

    Args:
        name: names the platform in the ledger.
        url: without the flow.
        token: for `Authorization: Bearer`, "" for none.
        timeout_s: for one answer.
    """

    def __init__(self, name: str, url: str, token: str = "", timeout_s: float = 10.0) -> None:
        self.name = name
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(timeout_s), retries=False, maxsize=1
        )

    def send(self, report: Report) -> Answer:
        """See `Platform.send`."""
        headers = {**self._headers, "Idempotency-Key": report.id}
        address = f"{self._url}/{report.flow}"
        try:
            reply = self._http.request(
                "POST", address, body=payload(report), headers=headers, redirect=False
            )
        except HTTPError as error:
            raise self._down(" ".join(str(error).split())) from error
        if reply.status not in (200, 422):
            raise self._down(str(reply.status))
        try:
            return from_json(reply.data, Answer)
        except msgspec.DecodeError as error:
            raise self._down(f"{reply.status}, {error}") from error

    def close(self) -> None:
        """See `Platform.close`."""
        self._http.clear()

    def _down(self, why: str) -> TargetError:
        return TargetError(
            Text(f"the platform does not answer: {why}", f"平台无应答：{why}"),
            where=self._url,
            hint=Text("it is asked again", "稍后重试"),
            retryable=True,
        )
