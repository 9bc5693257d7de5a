"""Decides requests: a first one by its token, a renewal by the key that the trust list knows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cloud_bridge.enrolment.authority import CertificateAuthority, check_request
from cloud_bridge.enrolment.tokens import TokenBook
from cloud_bridge.errors import BridgeError
from packtrail import logs
from packtrail.enrolment import EnrolAnswer, EnrolRequest
from packtrail.errors import CodecError, PacktrailError
from packtrail.event import Role
from packtrail.language import Text
from packtrail.proof.trust import TrustList
from packtrail.signing import VerifyKey
from packtrail.times import NS_PER_S, parse_time

FRESH_NS: Final = 900 * NS_PER_S
"""A request is as old as this at most; clocks may differ by as much."""

AddTrust = Callable[[str, str, Sequence[str]], None]
"""Lets a key speak for a gateway: its id, its public key, its sites."""

log = logs.get("cloud_bridge.enrolment")


@dataclass(frozen=True, slots=True)
class EnrolmentDesk:
    """Takes requests of gateways.

    Attributes:
        authority: signs certificates.
        tokens: what was given out.
        trust: the trust list of this moment.
        add_trust: lets a new key speak.
        days: how long a certificate holds.
        now: UTC nanoseconds.
    """

    authority: CertificateAuthority
    tokens: TokenBook
    trust: Callable[[], TrustList]
    add_trust: AddTrust
    days: float = 90.0
    now: Callable[[], int] = time.time_ns

    def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        """A certificate for a gateway.

        Raises:
            BridgeError: the request is not believed; says in one line why.
        """
        try:
            key = request.check()
            fresh = abs(self.now() - parse_time(request.made_at)) <= FRESH_NS
        except (CodecError, PacktrailError) as error:
            raise _refused(str(error)) from error
        if not fresh:
            raise _refused("the request is not of this moment: check the clock")
        check_request(request.csr)  # before the token is used up
        return self._decide(request, key)

    def _decide(self, request: EnrolRequest, key: VerifyKey) -> EnrolAnswer:
        voice = self.trust().voice(key.key_id, self.now())
        trusted = voice is not None and voice.role == Role.GATEWAY
        if voice is not None and (not trusted or voice.party != request.gateway):
            raise _refused("the key speaks for somebody else")
        if request.token:
            sites = self.tokens.take(request.gateway, request.token, self.now())
            if sites is None:
                raise _refused("the token is not good, or was used, or is out of date")
            if not trusted:
                self.add_trust(request.gateway, request.public_key, sites)
        elif not trusted:
            raise _refused("the key does not speak for this gateway: a token is needed")
        pem = self.authority.sign(request.csr, request.gateway, self.days)
        log.info("enrolled", gateway=request.gateway, key_id=key.key_id, first=bool(request.token))
        return EnrolAnswer(request.gateway, pem, self.authority.pem)


def _refused(why: str) -> BridgeError:
    log.warning("enrolment_refused", why=why[:300])
    return BridgeError(
        Text(f"the request is refused: {why}", f"请求被拒绝：{why}"), where="enrolment"
    )
