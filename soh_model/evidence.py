"""What every answer carries: the digest of its inputs, and the form of "cannot tell"."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np

from packtrail.estimate import Advice, Estimate, Reason, Verdict
from packtrail.sample import SampleBatch
from soh_model.pack_spec import PackSpec


def digest(samples: SampleBatch, spec: PackSpec) -> str:
    """SHA-256 over the samples and the specification, hex; the same input, the same digest."""
    seen = hashlib.sha256(msgspec.json.encode(spec.plain()))
    seen.update(samples.t_ns.astype("<i8").tobytes())
    for name in sorted(samples.values):
        seen.update(name.encode())
        seen.update(np.ascontiguousarray(samples.values[name], "<f8").tobytes())
    return seen.hexdigest()


def cannot_tell(
    samples: SampleBatch,
    spec: PackSpec,
    reasons: tuple[Reason, ...],
    advice: Advice,
    method: str,
) -> Estimate:
    """The verdict `cannot_tell` without figures, its reasons in order, each once."""
    return Estimate(
        verdict=Verdict.CANNOT_TELL,
        rated_ah=spec.rated_ah,
        reasons=tuple(dict.fromkeys(reasons)),
        advice=advice,
        method=method,
        from_ns=int(samples.t_ns[0]) if len(samples) else 0,
        to_ns=int(samples.t_ns[-1]) if len(samples) else 0,
        samples=len(samples),
        inputs_digest=digest(samples, spec),
    )
