"""The bridge as a running whole: store, broker link, intake, ledger and web, started in order.

The broker may be down at the start or go later: the rest goes on and health says so. The
store and the web port have to be there at the start, else nothing starts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from cloud_bridge.downlink import QuestionDesk
from cloud_bridge.enrol import enrol
from cloud_bridge.enrolment import CertificateAuthority, EnrolmentDesk, TokenBook
from cloud_bridge.enrolment.authority import CA_FILE
from cloud_bridge.enrolment.folder import locked
from cloud_bridge.errors import BridgeError
from cloud_bridge.feeds import voices
from cloud_bridge.feeds.desk import SwapDesk
from cloud_bridge.feeds.gbt32960.feed import Gbt32960Feed
from cloud_bridge.feeds.ocpp import OcppFeed
from cloud_bridge.feeds.stations import Station, StationBook
from cloud_bridge.ingest.inbox import Inbox
from cloud_bridge.ingest.intake import Intake
from cloud_bridge.ingest.mqtt import MqttLink
from cloud_bridge.ingest.presence import Presence
from cloud_bridge.ledger.authority import Authority, TrustReader
from cloud_bridge.metrics import Metrics
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.projections import Follower
from cloud_bridge.projections.chosen import chosen
from cloud_bridge.retention.job import Rounds
from cloud_bridge.retention.policy import read_policy
from cloud_bridge.retention.retiring import Retention
from cloud_bridge.right_of_way import RightOfWay
from cloud_bridge.rules.book import DutyBook
from cloud_bridge.rules.keeping import DutyKeeper
from cloud_bridge.rules.reading import read_table
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import Store
from cloud_bridge.store.opening import open_store
from cloud_bridge.takeback.tally import Tally
from cloud_bridge.trusted import registrations
from cloud_bridge.upkeep import Upkeep
from cloud_bridge.view.glancing import advance
from cloud_bridge.witness.asking import Asking
from packtrail import logs
from packtrail.event import KeyRegistered, Role
from packtrail.language import Text
from packtrail.settings import load
from packtrail.signing import SigningKey

STALLED_S: Final = 60.0
LISTS_S: Final = 1.0
TAKEBACK_S: Final = 5.0
STALLED: Final = Text("does not move any more", "已停滞")

log = logs.get("cloud_bridge")


@dataclass(frozen=True, slots=True)
class Health:
    """One look at the bridge: every fault in one line each."""

    faults: tuple[Text, ...]

    @property
    def ok(self) -> bool:
        """Whether everything works."""
        return not self.faults


class Bridge:
    """Everything of one bridge but the web server.

    Args:
        settings: the whole file.

    Raises:
        PacktrailError: the key or the store cannot be used.
    """

    def __init__(self, settings: BridgeSettings) -> None:
        self.settings = settings
        self.key = SigningKey.load(settings.key_file)
        self.policy = read_policy(settings.retention.rules)
        self.duties = DutyBook(read_table(settings.rules.table), settings.name)
        self.metrics = Metrics()
        self.inbox = Inbox(settings.ingest.queue)
        self.presence = Presence()
        self.store: Store = open_store(settings.store, vault=KeyVault(self.key))
        self.trust = TrustReader(self.store, self.key.public)
        self.questions = QuestionDesk(self.store, self.trust, self.key, self._publish)
        self.link = MqttLink(settings.mqtt, self.inbox, self.presence.tell, self.questions.take)
        self.authority = Authority(self.store, self.key, settings.name, settings.ledger.origin)
        self.intake = Intake(
            self.inbox,
            self.link,
            self.store,
            self.trust,
            self.key,
            self.metrics,
            batch=settings.ingest.batch_records,
            batch_s=settings.ingest.batch_ms / 1000,
            refuse_clear=settings.privacy.refuse_clear,
        )
        self.way = RightOfWay()
        self.followers = [
            Follower(projection, self.store, self.metrics, give_way=self.way.give)
            for projection in chosen(settings, self.key, self.store, self.way.give)
        ]
        self.stations = StationBook(self.store)
        if settings.ocpp and settings.ocpp.folder:
            self.stations.take_over(settings.ocpp.folder)
        self.ocpp = (
            OcppFeed(settings.ocpp, self.stations, self._open_desk, self._count_call, self.presence)
            if settings.ocpp
            else None
        )
        self.rounds = self._rounds() if settings.retention.enabled else None
        self.duty_keeper = DutyKeeper(self.duties, self.store, settings.store, self.metrics)
        self.gbt32960 = (
            Gbt32960Feed(settings.gbt32960, self.key, self.store, self.trust, self.metrics)
            if settings.gbt32960
            else None
        )
        self.metrics.connected.set_function(lambda: self.link.connected)
        self.metrics.queue.set_function(lambda: len(self.inbox))
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Publish the trust list, then let records in."""
        changed = self.authority.publish_trust(self._trusted(self.settings))
        self.authority.seal()
        log.info("bridge_started", name=self.settings.name, trust_changes=changed)
        self._threads = [
            threading.Thread(target=run, args=(self._stop,), name=name)
            for name, run in self._work().items()
        ]
        for thread in self._threads:
            thread.start()
        self.link.start()
        if self.ocpp:
            self.ocpp.start()
        if self.gbt32960:
            self.gbt32960.start()

    def _work(self) -> dict[str, Callable[[threading.Event], None]]:
        """What goes on beside each other until the bridge stops, by the names of the threads."""
        work: dict[str, Callable[[threading.Event], None]] = {
            "intake": self.intake.run,
            "checkpoints": self._seal_regularly,
            "questions": self.questions.run,
            "duties": self.duty_keeper.run,
            **{one.name: one.run for one in self._kept()},
            **{follower.name: follower.run for follower in self.followers},
        }
        if self.rounds:
            work["retention"] = self.rounds.run
        if self.settings.witness:
            ledger = self.settings.ledger
            asking = Asking(self.settings.witness, self.store, ledger.origin, self.key.public)
            work["witnesses"] = partial(asking.run, every_s=ledger.checkpoint_s)
        return work

    def _kept(self) -> list[Upkeep]:
        """Rows that lists read, and statistics of take-back."""
        tally = Tally(self.store)
        behind = self.metrics.takeback_behind
        return [
            Upkeep("lists", LISTS_S, partial(advance, self.store), self.store),
            Upkeep(
                "takeback",
                TAKEBACK_S,
                partial(tally.advance, 1),
                self.store,
                lambda: behind.set(tally.behind()),
            ),
        ]

    def stop(self) -> None:
        """Take nothing more, finish the batch under way, close."""
        self.inbox.close()
        self._stop.set()
        if self.ocpp:
            self.ocpp.stop()
        if self.gbt32960:
            self.gbt32960.stop()
        for thread in self._threads:
            thread.join()
        # Last, so that the receipts of the last batch still go out.
        self.link.stop()
        self.store.close()
        log.info("bridge_stopped", name=self.settings.name)

    def _rounds(self) -> Rounds:
        chosen_by = self.settings.retention
        retention = Retention(
            self.store,
            self.key,
            self.settings.ledger.origin,
            self.policy,
            duties=self.duties,
            batch=chosen_by.batch_chunks,
            gather_days=chosen_by.gather_days,
        )
        return Rounds(retention, self.store, self.metrics, chosen_by.every_hours * 3600)

    def enrolment(self, settings_file: Path | None) -> EnrolmentDesk | None:
        """Takes requests of gateways; None where no authority was made.

        Args:
            settings_file: where a newly trusted key is written down; None for nowhere.
        """
        folder = self.settings.enrolment.folder
        if settings_file is None or not (folder / CA_FILE).exists():
            return None

        def add_trust(party: str, public_key: str, sites: Sequence[str]) -> None:
            # One at a time: a list that was read before another gateway came would revoke it.
            with locked(folder):
                enrol(settings_file, party, public_key, Role.GATEWAY, tuple(sites))
                fresh = load(BridgeSettings, settings_file)
                self.authority.publish_trust(self._trusted(fresh))

        return EnrolmentDesk(
            CertificateAuthority.load(folder),
            TokenBook(folder),
            self.trust,
            add_trust,
            self.settings.enrolment.days,
        )

    def _trusted(self, settings: BridgeSettings) -> list[KeyRegistered]:
        return registrations(settings, self.key, self.stations)

    def _open_desk(self, station: Station) -> SwapDesk:
        """Of a station that has proven who it is; one that is new gets its voice now."""
        key = voices.voice_of(self.key, station.party)
        if self.trust().voice(key.key_id, time.time_ns()) is None:
            self.authority.publish_trust(self._trusted(self.settings))
        return SwapDesk(station, self.key, self.store, self.trust, time.time_ns)

    def _count_call(self, outcome: str) -> None:
        self.metrics.ocpp.labels(outcome).inc()

    def _publish(self, topic: str, payload: bytes) -> None:
        self.link.publish(topic, payload)

    def health(self) -> Health:
        """What works and what does not, now."""
        parts = (
            (Text("broker", "消息代理"), STALLED if self.link.dead else self.link.fault),
            (Text("store", "数据库"), self.intake.fault),
            (
                Text("GB/T 32960", "GB/T 32960"),
                self.gbt32960.intake.fault if self.gbt32960 else None,
            ),
            (Text("intake", "接收"), STALLED if self.stalled else None),
        )
        return Health(
            tuple(
                Text(f"{part.en}: {fault.en}", f"{part.zh}：{fault.zh}")
                for part, fault in parts
                if fault
            )
        )

    @property
    def stalled(self) -> bool:
        """Whether a thread hangs or has died: then only a restart helps."""
        if self._stop.is_set():
            return False
        feeds = [feed for feed in (self.ocpp, self.gbt32960) if feed]
        dead = self.link.dead or any(not feed.alive for feed in feeds)
        dead = dead or any(not thread.is_alive() for thread in self._threads)
        return dead or self.intake.silent_s > STALLED_S

    def _seal_regularly(self, stop: threading.Event) -> None:
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            due = time.monotonic() + self.settings.ledger.checkpoint_s
            try:
                self.authority.seal()
                self.metrics.ledger.set(self.store.size())
            except BridgeError as error:
                log.error("checkpoint_failed", error=error.describe("en"))  # noqa: TRY400 - one line
