"""What commitments cost: facts that commit to a vehicle, against the same ones in the clear.

Processor time of judging and committing batches of 200, of gathering one pack's story of 2,000
such facts with their joins, and of forgetting a vehicle of 40 of them; SQLite in memory.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cloud_bridge.ingest.judge import judge
from cloud_bridge.privacy.forgetting import Forgetting
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.store import Arrival, SqliteStore
from cloud_bridge.view.stories import gathered
from packtrail.event import PackInstalled, PackRemoved, VehicleRef
from tests.cloud_bridge import parts

FACTS, CARS, BATCH, TIMES = 2_000, 50, 200, 5
NOW = parts.T0 + 30 * 24 * parts.HOUR
MEMORY = Path("/dev/shm")


def car(number: int) -> VehicleRef:
    """One of fifty vehicles."""
    return VehicleRef("vin", f"LSVAA418{number % CARS:09d}")


def messages(kind: str) -> list[tuple[str, bytes]]:
    """Records of one pack that goes from vehicle to vehicle, in the clear or committed to."""
    say = getattr(parts.PlayedGateway(), kind)
    bodies = (PackInstalled, PackRemoved)
    return [
        say(bodies[n % 2](vehicle=car(n // 2)), unit=parts.PACK, t_ns=parts.T0 + n * parts.SECOND)
        for n in range(FACTS)
    ]


def timed(action: Callable[[], object]) -> float:
    """Processor seconds."""
    begin = time.process_time()
    action()
    return time.process_time() - begin


def once(sent: list[tuple[str, bytes]]) -> tuple[float, float, float]:
    """Seconds to take everything, to gather the pack's story, and to forget a vehicle."""
    trust = parts.trust()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = SqliteStore(Path(folder) / "store.db", vault=KeyVault(parts.AUTHORITY))

        def take() -> None:
            for at in range(0, FACTS, BATCH):
                judged = [judge(*one, trust, NOW) for one in sent[at : at + BATCH]]
                store.commit([one for one in judged if isinstance(one, Arrival)], [], NOW)

        spent = [timed(take), timed(lambda: gathered(store, parts.PACK)), 0.0]
        subject = Subjects(store).vehicle(car(7))
        if subject.scheme == "subject":
            forgetting = Forgetting(store, parts.AUTHORITY, "log")
            spent[2] = timed(lambda: forgetting.forget(subject.id, "", "", NOW))
        store.close()
    return spent[0], spent[1], spent[2]


def main() -> None:
    """Medians, one after the other in turn, so that a busy machine troubles both alike."""
    sent = {kind: messages(kind) for kind in ("tell", "conceal")}
    rounds = [{kind: once(sent[kind]) for kind in sent} for _ in range(TIMES)]
    clear, hidden = (
        [statistics.median(one[kind][part] for one in rounds) for part in range(3)] for kind in sent
    )
    ratios = [
        statistics.median(one["conceal"][part] / one["tell"][part] for one in rounds)
        for part in range(2)
    ]
    print(f"take a fact:          clear {clear[0] / FACTS * 1e6:6.0f} us, committed "
          f"{hidden[0] / FACTS * 1e6:6.0f} us, {ratios[0]:.2f} x")  # fmt: skip
    print(f"gather {FACTS} facts:  clear {clear[1] * 1e3:6.0f} ms, committed "
          f"{hidden[1] * 1e3:6.0f} ms, {ratios[1]:.2f} x")  # fmt: skip
    print(f"forget a vehicle:     {hidden[2] * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
