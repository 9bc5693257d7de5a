import hashlib

import numpy as np
import pytest
from scipy.stats import norm

from simulators.arithmetic import cosine, exponential, hyperbolic_tangent, logarithm, power
from simulators.draws import Draws, inverse_normal


def test_settled_functions_agree_with_the_libraries():
    x = np.linspace(-40.0, 40.0, 20_001)
    y = np.geomspace(1e-12, 1e12, 20_001)
    assert exponential(x) == pytest.approx(np.exp(x), rel=5e-16)
    assert hyperbolic_tangent(x) == pytest.approx(np.tanh(x), abs=5e-16)
    assert logarithm(y) == pytest.approx(np.log(y), rel=1e-15, abs=1e-16)
    assert power(y, 0.75) == pytest.approx(y**0.75, rel=1e-14)
    assert power(0.0, 0.75) == 0.0
    assert cosine(x) == pytest.approx(np.cos(2.0 * np.pi * x), abs=1e-12)


def test_normal_deviates_follow_the_published_distribution():
    shares = np.concatenate([np.geomspace(1e-15, 0.5, 999), np.linspace(0.001, 0.999, 999)])
    assert inverse_normal(shares) == pytest.approx(norm.ppf(shares), rel=1e-13, abs=1e-14)
    sample = Draws(4).normal(200_000)
    assert abs(sample.mean()) < 0.01
    assert sample.std() == pytest.approx(1.0, abs=0.01)


def test_the_bits_are_those_written_down_once():
    # Another release of numpy, another processor or another C library must give the same.
    x = Draws(2026).uniform(1000) * 40.0 - 20.0
    parts = (exponential(x), logarithm(x + 21.0), cosine(x), Draws(7, 1).normal(1000))
    digest = hashlib.sha256(b"".join(part.astype("<f8").tobytes() for part in parts))
    assert digest.hexdigest()[:16] == "867135831a7d6623"


def test_streams_are_named_by_all_their_numbers():
    assert Draws(1, 2).uniform(4).tolist() == Draws(1, 2).uniform(4).tolist()
    assert Draws(1, 2).uniform(4).tolist() != Draws(1, 3).uniform(4).tolist()
