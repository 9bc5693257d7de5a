"""Samples: time-aligned canonical quantities of one pack, each with its age.

The gateway makes them, the estimator reads them, and column chunks carry them. NaN is
"not known", for a value and for its age alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from packtrail.errors import PacktrailError
from packtrail.quantities import QUANTITIES

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One instant of one pack.

    Attributes:
        t_ns: UTC of the frames it was made of, integer nanoseconds.
        values: quantity name -> value, or array [width] for per-cell quantities.
        age_s: quantity name -> seconds since its frame; absent means 0.
    """

    t_ns: int
    values: Mapping[str, float | Floats]
    age_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SampleBatch:
    """Many instants of one pack, as columns.

    Attributes:
        t_ns: int64 [n], UTC nanoseconds, never falling.
        values: quantity name -> float64 [n], or [n, width] for per-cell quantities.
        age_s: quantity name -> float64 [n], seconds; a quantity left out is fresh.
    """

    t_ns: NDArray[np.int64]
    values: Mapping[str, Floats]
    age_s: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse unknown names, ragged columns and time that runs backwards."""
        n = len(self.t_ns)
        if n > 1 and bool(np.any(np.diff(self.t_ns) < 0)):
            raise PacktrailError("sample times run backwards", hint="sort the samples by time")
        for name, column in (*self.values.items(), *self.age_s.items()):
            if name not in QUANTITIES:
                raise PacktrailError(
                    f"{name!r} is no canonical quantity", hint="see packtrail.QUANTITIES"
                )
            if len(column) != n or column.ndim not in (1, 2):
                raise PacktrailError(f"{name}: shape {column.shape} does not fit {n} samples")

    def __len__(self) -> int:
        return len(self.t_ns)

    @property
    def t_s(self) -> Floats:
        """Seconds since the first sample, float64 [n]."""
        if not len(self.t_ns):
            return np.empty(0)
        elapsed: Floats = (self.t_ns - self.t_ns[0]).astype(np.float64) / 1e9
        return elapsed

    @classmethod
    def from_arrays(cls, *, t_s: ArrayLike, t0_ns: int = 0, **values: ArrayLike) -> Self:
        """Build from plain arrays.

        Args:
            t_s: [n] seconds after `t0_ns`.
            t0_ns: UTC nanoseconds of second 0.
            **values: quantity name -> [n] or [n, width].
        """
        t_ns = t0_ns + np.rint(np.asarray(t_s, np.float64) * 1e9).astype(np.int64)
        return cls(t_ns, {name: np.asarray(v, np.float64) for name, v in values.items()})

    @classmethod
    def from_samples(cls, samples: list[Sample]) -> Self:
        """Columns of the given samples; what one of them lacks becomes NaN."""
        t_ns = np.array([sample.t_ns for sample in samples], np.int64)
        names = dict.fromkeys(name for sample in samples for name in sample.values)
        ages = dict.fromkeys(name for sample in samples for name in sample.age_s)
        values = {name: _column([sample.values.get(name) for sample in samples]) for name in names}
        age_s = {name: _column([s.age_s.get(name, 0.0) for s in samples]) for name in ages}
        return cls(t_ns, values, age_s)

    def window(self, start: int, stop: int) -> Self:
        """Rows `start` to `stop` (exclusive) of every column."""
        rows = slice(start, stop)
        return type(self)(
            self.t_ns[rows],
            {name: column[rows] for name, column in self.values.items()},
            {name: column[rows] for name, column in self.age_s.items()},
        )

    @classmethod
    def joined(cls, batches: list[Self]) -> Self:
        """One batch of all, in the order given; missing columns become NaN."""
        samples = [batch.row(i) for batch in batches for i in range(len(batch))]
        return cls.from_samples(samples)

    def row(self, index: int) -> Sample:
        """The sample at `index`, without its absent values."""
        values = {
            name: column[index] if column.ndim == 2 else float(column[index])
            for name, column in self.values.items()
        }
        ages = {name: float(column[index]) for name, column in self.age_s.items()}
        return Sample(int(self.t_ns[index]), values, ages)


def _column(cells: list[float | Floats | None]) -> Floats:
    """One column of n values or n rows, NaN where a sample has none."""
    width = max((np.size(cell) for cell in cells if isinstance(cell, np.ndarray)), default=0)
    if not width:
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    column = np.full((len(cells), width), np.nan)
    for row, cell in zip(column, cells, strict=True):
        if cell is not None:
            row[: np.size(cell)] = cell
    return column
