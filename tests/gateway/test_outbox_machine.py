"""The outbox against a model: any order of puts, receipts, restarts and kills."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.gateway.drafts import alarm, telemetry
from tests.gateway.outbox_process import OutboxProcess


class OutboxMachine(RuleBasedStateMachine):
    """`known` is what is surely on disk and waiting: number -> time of its content."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "outbox.db")
        self.known: dict[int, int] = {}
        self.unsure: list[int] = []
        self.last = 0
        self.number = 0

    @initialize()
    def open(self) -> None:
        self.process = OutboxProcess(self.path)

    @rule(count=st.integers(1, 30), urgent=st.booleans())
    def put(self, count: int, urgent: bool) -> None:
        for _ in range(count):
            self.number += 1
            draft = alarm(self.number) if urgent else telemetry(self.number)
            self.process.tell("alarm" if urgent else "telemetry", self.number)
            self.unsure.append(draft.from_ns if urgent else draft.t_ns)

    @rule()
    def confirm(self) -> None:
        numbers = self.process.ask("confirm")
        assert numbers == list(range(self.last + 1, self.last + 1 + len(self.unsure)))
        self._learn(len(self.unsure))

    @precondition(lambda self: self.last)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        through = data.draw(st.integers(0, self.last))
        ahead = data.draw(st.lists(st.integers(1, self.last), max_size=3))
        gone = {seq for seq in self.known if seq <= through or seq in ahead}
        self.confirm()
        assert self.process.ask("settle", through, *ahead) == len(gone)
        for seq in gone:
            del self.known[seq]

    @rule(gently=st.booleans())
    def restart(self, gently: bool) -> None:
        if gently:
            self.process.close()
        else:
            self.process.kill()
        self.process = OutboxProcess(self.path)
        self._compare(surely_all=gently)

    def _compare(self, *, surely_all: bool) -> None:
        """What is there is all that is known, then a leading part of what was unsure."""
        rows = self.process.ask("waiting")
        assert len({epoch for epoch, *_ in rows}) <= 1
        found = {seq: t_ns for _, seq, t_ns, _ in rows}
        extra = len(found) - len(self.known)
        assert 0 <= extra <= len(self.unsure)
        assert not surely_all or extra == len(self.unsure)
        self._learn(extra)
        assert found == self.known
        self.unsure.clear()

    def _learn(self, count: int) -> None:
        for t_ns in self.unsure[:count]:
            self.last += 1
            self.known[self.last] = t_ns
        del self.unsure[:count]

    def teardown(self) -> None:
        self.process.kill()
        self.folder.cleanup()


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(
    max_examples=5,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
