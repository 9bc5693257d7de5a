"""Statistics of take-back with a million packs: what page and API take, against a bare address.

`python -m benchmarks.cloud_bridge.bench_takeback --packs 1000000` puts a million shares of packs
into a store, as the projection keeps them (50,000 lots, 2,000 parties, 400 regions, 60 months, 50
models of ten makers), runs `packtrail bridge run` on it in a process of its own, and asks for every
grouping, the first page and one at random. The limit of the same run is an address that nobody
serves. What a full recomputation takes is measured on a thousand real packs, per pack.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from benchmarks.cloud_bridge.bench_pages import ASKED, NOBODY, asked, centiles, serving, together
from benchmarks.timing import table
from cloud_bridge.api.cursors import cursor_of
from cloud_bridge.store import Fact, SqliteStore
from cloud_bridge.takeback import statistics
from cloud_bridge.takeback.making import Made
from cloud_bridge.takeback.shares import ALL, Share
from cloud_bridge.takeback.tally import Tally
from cloud_bridge.takeback.waiting import UNIT, Waiting
from cloud_bridge.view.stories import Stories
from packtrail import event as e
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality, format_time

PACKS, AT_ONCE, REAL = 100_000, 20_000, 1_000
LOTS, PARTIES, REGIONS, MONTHS, MODELS = 50_000, 2_000, 400, 60, 50
KEY: Final = SigningKey.from_seed(b"authority".ljust(32, b"."))
METALS: Final = {"Li": 3_500_000, "Cu": 25_000_000, "Al": 58_000_000}


def lot(number: int) -> str:
    """A lot's name."""
    return f"party-{number % PARTIES:04}/{number // PARTIES:04}"


def month(number: int) -> str:
    """A month's name."""
    return f"{2022 + number // 12}-{1 + number % 12:02}"


def share(number: int) -> Share:
    """Of the pack with this number."""
    lots = number % LOTS
    groups = [
        (ALL, ""),
        ("lot", lot(lots)),
        ("party", lot(lots)[:10]),
        ("region", f"{330000 + lots % REGIONS}"),
        ("month", month(number % MONTHS)),
    ]
    model = number % MODELS
    return Share(tuple(groups), 1, 362_000_000, 51_840_000, f"maker-{model % 10}", f"M{model}")


def fill(store: SqliteStore, packs: int) -> None:
    """Shares and sums, as the projection writes them."""
    for first in range(0, packs, AT_ONCE):
        made = Made(store, Stories(store), {})
        for number in range(first, min(first + AT_ONCE, packs)):
            one = Waiting(UNIT, "gbt34014", f"P{number:012}")
            made.come[one] = share(number)
        made.models = {(f"maker-{m % 10}", f"M{m}"): METALS for m in range(MODELS)}
        ((_, _, step),) = store.stream("takeback_cursor")
        store.run_statements([("step_takeback", [{"step": step}]), *made.steps()])


def routes() -> Iterator[tuple[str, Any]]:
    """Name -> an address of this kind, each time another."""
    yield "an address that nobody serves", lambda _: NOBODY
    for by in ("month", "region", "party", "lot"):
        yield f"page, by {by}", lambda _, by=by: f"/takeback?by={by}"
        yield f"API, by {by}", lambda _, by=by: f"/api/v1/takeback?by={by}"
    yield (
        "page, lots further on",
        lambda dice: f"/takeback?by=lot&after={quote(lot(dice.randrange(LOTS)))}",
    )
    yield (
        "API, lots by cursor",
        lambda dice: (
            "/api/v1/takeback?by=lot&cursor="
            + cursor_of("takeback-lot", (lot(dice.randrange(LOTS)),))
        ),
    )


def real(folder: Path) -> None:
    """Shares made one by one, against the whole recomputation, per pack; then one more pack."""
    store = SqliteStore(folder / "real.sqlite")
    facts = [fact for number in range(REAL) for fact in _life(number)]
    store.append(facts, time.time_ns())
    begin = time.process_time()
    Tally(store).advance()
    kept_s = time.process_time() - begin
    begin = time.process_time()
    anew = statistics.recomputed(store, "party")
    anew_s = time.process_time() - begin
    assert statistics.recovered(store, "party") == anew
    store.append(list(_life(REAL)), time.time_ns())
    begin = time.process_time()
    Tally(store).advance()
    one_s = time.process_time() - begin
    store.close()
    print(
        f"recomputed: {1e6 * anew_s / REAL:.0f} us a pack; first kept: {1e6 * kept_s / REAL:.0f};"
    )
    print(f"one more pack among {REAL}: {1e3 * one_s:.1f} ms, {anew_s / one_s:.0f} times less")


def _life(number: int) -> Iterator[Fact]:
    unit, now = e.UnitRef("maker_serial", f"P{number:06}"), format_time(time.time_ns())
    bodies = (
        e.UnitRegistered(
            chemistry="lfp", rated_capacity_ah=150.0, nominal_voltage_v=345.6,
            cells_in_series=108, model="M", mass_kg=362.0,
        ),
        e.UnitRetired("age", 361.0),
        e.RecoveryReceived("site", lot=e.LotRef("outlet", str(number // 20))),
    )  # fmt: skip
    for at, body in enumerate(bodies):
        event = e.Event(
            unit=unit, occurred_from=now, occurred_to=now, clock=ClockQuality.SYNCED,
            author="outlet", stream="bench", counter=10 * number + at + 1, body=body,
        )  # fmt: skip
        yield Fact(e.sign_event(event, KEY), event)


def main() -> None:
    """Fill what is missing, then measure."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--packs", type=int, default=PACKS)
    args, _ = reader.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        real(folder)
        KEY.save(folder / "bridge.pem")
        text = 'key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n[mqtt]\nport = 1\n'
        (folder / "bridge.toml").write_text(f"{text}[http]\nport = 0\n")
        store = SqliteStore(folder / "bridge.sqlite")
        fill(store, args.packs)
        store.close()
        measure(folder, args.packs)


def measure(folder: Path, packs: int) -> None:
    """Print the table."""
    rows, floor = [], 0.0
    with serving(folder) as (url, _):
        for name, ask in routes():
            times, size = asked(url, ask, 1, ASKED)
            p50, p95 = centiles(times)
            floor = floor or p50
            crowd = centiles(together(url, ask))
            numbers = (f"{one:.1f}" for one in (p50, p95, p50 / floor, *crowd))
            rows.append((name, f"{size / 1000:.1f} kB", *numbers))
    print(f"{packs:,} packs")
    table(("ms", "answer", "p50", "p95", "p50 over the limit", "p50, 4 clients", "p95"), rows)


if __name__ == "__main__":
    main()
