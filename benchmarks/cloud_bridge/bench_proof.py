"""A proof of 10,000 facts and two hours of telemetry against what they cannot do without.

`python -m benchmarks.cloud_bridge.bench_proof`: processor time of what the routes do below the web
server, on SQLite, beside its parts: the lines and nodes that have to be read, the bytes that have
to be made. The facts lie together in the ledger, as the busiest pack of `big_store` has them, or
anywhere in it, where no two paths meet before the upper third. The peer of a proof is the way that
it was made before: one path after the other, from the root, each node read when it is met.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import random
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.cloud_bridge.big_store import build
from benchmarks.cloud_bridge.big_world import AUTHORITY, ORIGIN, World
from benchmarks.timing import compared, table
from cloud_bridge.api.answers import telemetry_answer
from cloud_bridge.ledger.proof import PAGE, Ground, ground_of, proof_pieces
from cloud_bridge.store import SqliteStore, Store
from cloud_bridge.view.batches import samples_of
from cloud_bridge.view.telemetry import Span, chunk_page, samples_within
from packtrail.proof.merkle import inclusion_proof
from packtrail.proof.paths import inclusion_paths

PACKS, CHUNKS = 10_000, 120
ALWAYS: Final = Span(0, 2**63 - 1)

Contenders = dict[str, Callable[[], object]]


def one_by_one(store: Store, ground: Ground) -> int:
    """Every path from the root, every line decoded and encoded again; bytes."""
    read, size = cache(store.node), ground.head.size
    facts = [
        (entry.signed, [base64.b64encode(one) for one in inclusion_proof(entry.leaf, size, read)])
        for entry in store.entries_at(ground.proven)
    ]
    return len(msgspec.json.encode(facts))


def pages(ground: Ground) -> list[Sequence[int]]:
    """Leaves as they are read."""
    return [ground.proven[at : at + PAGE] for at in range(0, len(ground.proven), PAGE)]


def read_nodes(store: Store, ground: Ground) -> None:
    """All nodes that the paths need, and no paths."""
    for leaves in pages(ground):
        inclusion_paths(leaves, ground.head.size, store.nodes, lambda _: b"", b"")


def of_a_proof(store: Store, ground: Ground, where: str) -> Contenders:
    """The proof and its parts."""
    data = b"".join(proof_pieces(store, ground))
    print(f"proof of {len(ground.proven):,} facts {where}: {len(data) / 1e6:.1f} MB")
    return {
        f"one path after the other, {where}": lambda: one_by_one(store, ground),
        f"proof, {where}": lambda: b"".join(proof_pieces(store, ground)),
        f"bound: its lines read, {where}": lambda: [store.entries_at(one) for one in pages(ground)],
        f"bound: its nodes read, {where}": lambda: read_nodes(store, ground),
        f"bound: its bytes copied, {where}": lambda: bytearray(data),
        f"SHA-256 of its bytes, {where}": lambda: hashlib.sha256(data).digest(),
    }


def of_telemetry(store: Store, world: World) -> Contenders:
    """The answer and its parts."""
    chunks, _ = chunk_page(store, world.long_story, ALWAYS, None, CHUNKS)
    columns = samples_within(chunks, ALWAYS).values

    def answer() -> bytes:
        return msgspec.json.encode(telemetry_answer("", samples_within(chunks, ALWAYS), None))

    def plainly() -> bytes:
        return msgspec.json.encode({name: one.tolist() for name, one in columns.items()})

    numbers = sum(one.size for one in columns.values())
    print(f"telemetry of {CHUNKS} chunks: {numbers:,} numbers, {len(answer()) / 1e6:.1f} MB")
    return {
        "every number printed": plainly,
        "telemetry": answer,
        "bound: its chunks decoded": lambda: [samples_of(chunk) for chunk in chunks],
    }


def main() -> None:
    """Print the table."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--packs", type=int, default=PACKS)
    reader.add_argument("--folder", type=Path)
    args, _ = reader.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary) / "store"
        world = World(args.packs, 0)
        if not (folder / "bridge.toml").exists():
            world = build(folder, args.packs)
        store = SqliteStore(folder / "bridge.sqlite")
        together = ground_of(store, world.long_story, ORIGIN, AUTHORITY.public)
        leaves = sorted(random.Random(1).sample(range(together.head.size), len(together.leaves)))
        apart = Ground(world.long_story, together.note, together.head, tuple(leaves), None)
        rows: list[tuple[object, ...]] = []
        for contenders in (
            of_a_proof(store, together, "together"),
            of_a_proof(store, apart, "anywhere"),
            of_telemetry(store, world),
        ):
            peer = next(iter(contenders))
            for name, (us, times) in compared(contenders, peer, rounds=5).items():
                rows.append((name, f"{us / 1000:.1f}", f"{times:.1f}"))
        store.close()
    table(("processor time", "ms", "times as fast as the first of its kind"), rows)


if __name__ == "__main__":
    main()
