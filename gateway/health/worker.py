"""The estimator's process: one question on standard input, one estimate on standard output.

It starts for one estimate and ends with it, so numpy's and scipy's memory does not stay, and
whatever happens in there costs that estimate only.
"""

from __future__ import annotations

import os
import sys

import msgspec

import soh_model
from gateway.health.coverage import coverage_pct, throughput_ah
from gateway.health.desk import Answer
from packtrail.columns import decode_columns
from packtrail.sample import SampleBatch
from packtrail.shapes import from_msgpack
from soh_model import PackSpec

NICE = 10
"""Bus readers go first."""


class Question(msgspec.Struct, frozen=True):
    """The pack's type and its chunks in order."""

    spec: PackSpec
    chunks: list[bytes]


def answer(question: Question) -> Answer:
    """The estimate of all chunks together; chunks after a clock step back are left out."""
    batches: list[SampleBatch] = []
    for chunk in question.chunks:
        batch = decode_columns(chunk)
        if len(batch) and (not batches or batch.t_ns[0] >= batches[-1].t_ns[-1]):
            batches.append(batch)
    samples = SampleBatch.joined(batches)
    estimate = soh_model.estimate(samples, question.spec)
    return Answer(estimate, coverage_pct(samples), throughput_ah(samples))


def main() -> None:
    """Read, estimate, write."""
    os.nice(NICE)
    question = from_msgpack(sys.stdin.buffer.read(), Question)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer(question)))


if __name__ == "__main__":
    main()
