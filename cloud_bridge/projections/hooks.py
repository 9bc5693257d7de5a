"""Web hooks: facts as they are recorded, posted to whoever asked, signed as Standard Webhooks.

    webhook-id: NAME.FIRST-LAST              the same for every repeat of the same facts
    webhook-timestamp: 1775000000
    webhook-signature: v1,BASE64             HMAC-SHA256 over `id.timestamp.body`, or
                       v1a,BASE64            Ed25519 with the bridge's key, over the same

A receiver answers 2xx when it has them durably; anything else brings the same facts again after
a growing pause, for ever and in order. Repeats carry the same id, so a receiver can tell them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from cloud_bridge.projections.contract import Portion, TargetError
from cloud_bridge.settings import HookSettings
from cloud_bridge.store import Entry
from packtrail.event import SignedEvent
from packtrail.language import Text
from packtrail.settings import secret
from packtrail.signing import SigningKey
from packtrail.times import format_time

HOOK_DOMAIN: Final = "webhook"


class HookFact(msgspec.Struct, frozen=True):
    """One fact of a delivery, as the ledger has it."""

    leaf: int
    event_id: str
    recorded_at: str
    signed: SignedEvent


class HookDelivery(msgspec.Struct, frozen=True):
    """The body of a delivery."""

    hook: str
    facts: list[HookFact]


class Hook:
    """See `Projection`.

    Args:
        settings: where to and which facts.
        key: signs where no secret is shared.
        now: UTC seconds.
    """

    settle_s = 0.0
    reads_samples = False

    def __init__(
        self, settings: HookSettings, key: SigningKey, now: Callable[[], float] = time.time
    ) -> None:
        self.name = f"hook:{settings.name}"
        self._settings = settings
        self._key = key
        self._now = now
        self._secret = secret(settings.secret_env).encode() if settings.secret_env else b""
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(settings.timeout_s), retries=False, maxsize=1
        )

    def take(self, portion: Portion) -> None:
        """See `Projection.take`."""
        wanted = [entry for entry in portion.entries if self._wants(entry)]
        for at in range(0, len(wanted), self._settings.most):
            self._post(wanted[at : at + self._settings.most])

    def tidy(self) -> None:
        """See `Projection.tidy`."""

    def forget(self) -> None:
        """See `Projection.forget`: a receiver knows repeats by their event ids."""

    def close(self) -> None:
        """See `Projection.close`."""
        self._http.clear()

    def _wants(self, entry: Entry) -> bool:
        types = self._settings.event_types
        return not types or entry.event.type in types

    def _post(self, entries: list[Entry]) -> None:
        body = msgspec.json.encode(HookDelivery(self._settings.name, [_fact(e) for e in entries]))
        name = f"{self._settings.name}.{entries[0].leaf}-{entries[-1].leaf}"
        headers = {"Content-Type": "application/json", **self._signed(name, body)}
        try:
            # Redirects are not followed: a receiver shall not send us elsewhere.
            reply = self._http.request(
                "POST", self._settings.url, body=body, headers=headers, redirect=False
            )
        except HTTPError as error:
            raise self._down(" ".join(str(error).split())) from error
        if not 200 <= reply.status < 300:
            raise self._down(f"{reply.status}")

    def _signed(self, name: str, body: bytes) -> dict[str, str]:
        moment = str(int(self._now()))
        message = f"{name}.{moment}.".encode() + body
        if self._secret:
            made = hmac.new(self._secret, message, hashlib.sha256).digest()
            signature = f"v1,{base64.b64encode(made).decode()}"
        else:
            made = self._key.sign(HOOK_DOMAIN, message)
            signature = f"v1a,{base64.b64encode(made).decode()}"
        return {
            "webhook-id": name,
            "webhook-timestamp": moment,
            "webhook-signature": signature,
        }

    def _down(self, why: str) -> TargetError:
        return TargetError(
            Text(f"the receiver does not take it: {why}", f"接收方未接受：{why}"),
            where=self._settings.url,
            hint=Text("check the receiver; it is asked again", "请检查接收方；稍后重试"),
            retryable=True,
        )


def _fact(entry: Entry) -> HookFact:
    return HookFact(entry.leaf, entry.event_id, format_time(entry.recorded_ns), entry.signed)
