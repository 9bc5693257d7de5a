"""What one connection's messages are answered, in their order.

A platform logs in first (command 05); what comes before that, or under another name or password,
is answered with an error and ends the connection. Vehicles' messages go to the reporter of the
platform; heartbeats and the clock are answered at once.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple

from can_decoder.gbt32960 import (
    Broken,
    Command,
    Encryption,
    Message,
    Response,
    answer_to,
    read_platform_login,
    refusal_to,
)
from cloud_bridge.feeds.gbt32960.reporter import Outcome, Reporter
from cloud_bridge.feeds.gbt32960.settings import PeerSettings
from packtrail import logs
from packtrail.event import VehicleRef

COMMAND: Final = 0xFE
OF_VEHICLES: Final = frozenset({Command.LOGIN, Command.LOGOUT, Command.REALTIME, Command.RESENT})
AT_ONCE: Final = frozenset({Command.HEARTBEAT, Command.CLOCK})

log = logs.get("cloud_bridge.feeds.gbt32960")


class Peer(NamedTuple):
    """A platform that may report, with its password and its reporter."""

    settings: PeerSettings
    password: str
    reporter: Reporter


class Origin(NamedTuple):
    """Where a connection comes from: address, and SHA-256 of the client certificate or ""."""

    address: str
    fingerprint: str = ""


class Reply(NamedTuple):
    """What goes back once `outcome` is durable.

    Attributes:
        say: makes the answer of a response; empty bytes for none.
        outcome: records to store first.
        ends: the connection is closed behind the answer.
    """

    say: Callable[[Response], bytes]
    outcome: Outcome
    ends: bool = False


class Dialogue:
    """One connection.

    Args:
        peers: user -> platform.
        origin: where it comes from.
        count: told what became of each message.
        now: UTC nanoseconds.
    """

    def __init__(
        self,
        peers: Mapping[str, Peer],
        origin: Origin,
        count: Callable[[str], None],
        now: Callable[[], int],
    ) -> None:
        self._peers, self._origin, self._count, self._now = peers, origin, count, now
        self.peer: Peer | None = None

    def take(self, found: Iterable[Message | Broken]) -> list[Reply]:
        """Answer what came, up to what ends the connection.

        Raises:
            StoreError: the ledger does not answer; a repeat with the same messages is harmless.
        """
        replies: list[Reply] = []
        for one in found:
            reply = self._broken(one) if isinstance(one, Broken) else self._message(one)
            if reply is not None:
                replies.append(reply)
                if reply.ends:
                    break
        return replies

    def forget(self, vehicle: VehicleRef) -> None:
        """What was to be stored of a vehicle was not."""
        if self.peer:
            self.peer.reporter.forget(vehicle)

    def _broken(self, one: Broken) -> Reply | None:
        self._count("bad_check")
        if one.response != COMMAND:
            return None

        def say(response: Response) -> bytes:
            return refusal_to(one.edition, one.code, one.vin, one.time, response)

        return Reply(say, Outcome(response=Response.ERROR), ends=self.peer is None)

    def _message(self, message: Message) -> Reply | None:
        if message.response != COMMAND:
            self._count("answer")
            return None
        if message.command is Command.PLATFORM_LOGIN:
            return self._login(message)
        if self.peer is None:
            return self._refused(message, "not_logged_in", ends=True)
        if message.encryption is not Encryption.NONE:
            return self._refused(message, "encrypted", Response.DECRYPTION)
        return self._believed(message, self.peer)

    def _believed(self, message: Message, peer: Peer) -> Reply:
        if message.command in OF_VEHICLES:
            return self._reply(message, peer.reporter.take(message))
        leaves = message.command is Command.PLATFORM_LOGOUT
        if leaves or message.command in AT_ONCE:
            self._count(message.command.name.lower())
            return self._reply(message, Outcome(), ends=leaves)
        return self._refused(message, "not_done")

    def _login(self, message: Message) -> Reply:
        login = read_platform_login(message)
        plain = message.encryption is Encryption.NONE and login is not None
        peer = self._peers.get(login.user) if login and plain else None
        # Compared whatever the user is: how long it takes tells nothing of who exists.
        good = hmac.compare_digest(
            (login.password if login else "").encode(), (peer.password if peer else "-").encode()
        )
        if peer is None or not good or not self._may_come(peer.settings):
            log.warning("platform_refused", address=self._origin.address)
            return self._refused(message, "not_trusted", ends=True)
        self.peer = peer
        peer.reporter.connected()
        self._count("platform_login")
        log.info("platform_login", party=peer.settings.party, address=self._origin.address)
        return self._reply(message, Outcome())

    def _may_come(self, settings: PeerSettings) -> bool:
        """Whether the platform comes from where it should, with the certificate it should."""
        address = ip_address(self._origin.address)
        inside = not settings.networks or any(
            address in ip_network(one) for one in settings.networks
        )
        return inside and settings.fingerprint in ("", self._origin.fingerprint)

    def _refused(
        self, message: Message, why: str, response: Response = Response.ERROR, *, ends: bool = False
    ) -> Reply:
        self._count(why)
        return self._reply(message, Outcome(response=response), ends=ends)

    def _reply(self, message: Message, outcome: Outcome, *, ends: bool = False) -> Reply:
        return Reply(lambda response: answer_to(message, response, self._now()), outcome, ends)
