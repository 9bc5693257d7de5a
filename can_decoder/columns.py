"""Columns: the decoded frames of one message, a float64 array per signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from can_decoder.plan import Plan

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """All frames of one message in a batch, n rows in the order of the batch.

    Attributes:
        message: its name.
        signals: names of its signals.
        batch_t_ns: int64, times of the whole batch; `t_ns` are those of this message.
        batch_ids: uint32, identifiers of the whole batch.
        rows: intp [n], where the frames stand in the batch.
        in_seconds: whether `t` gives seconds, as the batch did.
        plan: how they were decoded.
        values: signal -> float64 [n]; NaN where absent. Signals never present are left out.
        absent: signal -> bool [n], for signals absent in some rows and present in others.
        invalid: signal -> bool [n], J1939 "not available" and "error"; the number stays.
    """

    message: str
    signals: tuple[str, ...]
    batch_t_ns: NDArray[np.int64]
    batch_ids: NDArray[np.uint32]
    rows: NDArray[np.intp]
    in_seconds: bool
    plan: Plan
    values: Mapping[str, Floats]
    absent: Mapping[str, Truths] = field(default_factory=dict)
    invalid: Mapping[str, Truths] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, signal: str) -> Floats:
        """Physical values, float64 [n], NaN where the frame does not hold the signal."""
        column = self.values.get(signal)
        if column is None:
            if signal not in self.signals:
                raise KeyError(signal)
            return np.full(len(self), np.nan)
        return column

    @property
    def t(self) -> NDArray[np.int64] | Floats:
        """Times in the unit of the batch: float64 seconds or int64 nanoseconds."""
        return self.t_ns / 1e9 if self.in_seconds else self.t_ns

    @property
    def t_ns(self) -> NDArray[np.int64]:
        """Times, int64 [n], nanoseconds."""
        return self.batch_t_ns[self.rows]

    @property
    def ids(self) -> NDArray[np.uint32]:
        """Identifiers, uint32 [n]; J1939 messages arrive from several sources."""
        return self.batch_ids[self.rows]

    @property
    def source(self) -> NDArray[np.uint8]:
        """J1939 source addresses, uint8 [n]."""
        return (self.ids & 0xFF).astype(np.uint8)

    def present(self, signal: str) -> Truths:
        """Which rows hold the signal: long enough and multiplexed in."""
        if signal not in self.values:
            return np.zeros(len(self), np.bool_)
        absent = self.absent.get(signal)
        return np.ones(len(self), np.bool_) if absent is None else ~absent

    def valid(self, signal: str) -> Truths:
        """Which rows hold a usable value: present and not J1939's "not available" or "error"."""
        present = self.present(signal)
        invalid = self.invalid.get(signal)
        return present if invalid is None else present & ~invalid

    def text(self, signal: str) -> list[str]:
        """The value table's text of each row, "" where it has none."""
        codes, texts = self.coded_text(signal)
        return [texts[code] for code in codes.tolist()]

    def coded_text(self, signal: str) -> tuple[NDArray[np.intp], list[str]]:
        """The same as places in a list of texts, intp [n]; the first text is ""."""
        codes, texts = np.zeros(len(self), np.intp), [""]
        for index, item in enumerate(self.plan.fields):
            table = self.plan.texts.get(index)
            if item.name != signal or not table or signal not in self.values:
                continue
            numbers = np.array([float(raw * item.scale + item.offset) for raw in table])
            order = np.argsort(numbers)
            column = self.values[signal]
            near = order[np.minimum(np.searchsorted(numbers[order], column), len(order) - 1)]
            codes = np.where(numbers[near] == column, near + 1, 0)
            texts = ["", *table.values()]
        return codes, texts
