"""The log's side: asks each witness to cosign the newest head, and keeps what it answers.

A witness that is down is asked again with the next head. One that has seen another history
refuses, for ever: that is a fault that somebody has to look into, and is told as one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from cloud_bridge.errors import BridgeError
from cloud_bridge.settings import WitnessSettings
from cloud_bridge.store import Store
from cloud_bridge.witness.protocol import write_request
from packtrail import logs
from packtrail.proof.checkpoint import open_checkpoint
from packtrail.proof.cosignature import WitnessKey, cosigned_at
from packtrail.proof.merkle import consistency_proof
from packtrail.signing import VerifyKey

WAIT_S: Final = 5.0
MAX_ANSWER_BYTES: Final = 65_536

log = logs.get("cloud_bridge.witness")


class Asking:
    """Asks the witnesses of the settings.

    Args:
        settings: who and where.
        store: has heads and tree.
        origin: names the log.
        key: the log's.
    """

    def __init__(
        self, settings: Sequence[WitnessSettings], store: Store, origin: str, key: VerifyKey
    ) -> None:
        self._witnesses = [(one.url, WitnessKey.from_text(one.key)) for one in settings]
        self._store, self._origin, self._key = store, origin, key
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(WAIT_S), retries=False)
        self._told: dict[str, str] = {}

    def run(self, stop: threading.Event, every_s: float) -> None:
        """Ask until `stop`."""
        while not stop.wait(every_s):
            try:
                self.ask()
            except BridgeError as error:
                log.error("witnesses_not_asked", error=error.describe("en"))  # noqa: TRY400 - one line

    def ask(self) -> dict[str, str]:
        """Ask each once about the newest head; name -> what went wrong, "" for nothing."""
        note, found = self._store.checkpoint(), {}
        for url, witness in self._witnesses if note else ():
            assert note is not None
            fault = "" if cosigned_at(note, witness) else self._ask(url, witness, note)
            if fault != self._told.get(witness.name, ""):
                log.warning("witness", name=witness.name, fault=fault)
            self._told[witness.name] = found[witness.name] = fault
        return found

    def _ask(self, url: str, witness: WitnessKey, note: str) -> str:
        size = open_checkpoint(note, self._origin, self._key).size
        try:
            status, text = self._post(url, 0, size, note)
            seen = int(text) if status == 409 and text.strip().isdecimal() else 0
            if 0 < seen <= size:
                status, text = self._post(url, seen, size, note)
        except HTTPError as error:
            return f"does not answer: {type(error).__name__}"
        if status in (409, 422):
            return f"answers {status}: it has seen another history, or more of this one"
        if status != 200:
            return f"answers {status}"
        for line in text.splitlines():
            if cosigned_at(f"{note}{line}\n", witness):
                self._store.save_cosignature(size, witness.name, line, time.time_ns())
                return ""
        return "its answer holds no cosignature of its key"

    def _post(self, url: str, old: int, size: int, note: str) -> tuple[int, str]:
        steps = consistency_proof(old, size, self._store.node) if 0 < old < size else []
        answer = self._http.request(
            "POST",
            f"{url.rstrip('/')}/add-checkpoint",
            body=write_request(old, steps, note),
            preload_content=False,
        )
        try:
            return answer.status, answer.read(MAX_ANSWER_BYTES).decode(errors="replace")
        finally:
            answer.release_conn()
