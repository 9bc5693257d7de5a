"""The same arithmetic compiled by numba, where it is installed (extra `fast`).

The plan is the same and so is every bit of the result: no fused multiplication, no reordered
sums. Compilation is cached on disk; importing numba still takes a moment, so it happens on
request, or by itself once a batch is large enough to pay for it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from can_decoder.blocks import WORD_BITS, Floats, Rows, windows, word_shift
from can_decoder.frames import FrameBatch
from can_decoder.plan import Field

WORTH_IT: Final = 1_000_000
"""Rows from which importing numba pays for itself within one batch."""


def is_available() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def warm_up() -> None:
    """Load the compiled loops, so that every later batch and log uses them.

    Raises:
        ImportError: numba is not installed.
    """
    from can_decoder import kernels  # noqa: F401, PLC0415 — loading is the effect


def is_loaded() -> bool:
    """Whether the compiled loops have been loaded."""
    return "can_decoder.kernels" in sys.modules


def is_wanted(compiled: bool | None, rows: int) -> bool:
    """Whether to use it: as asked, else if it is loaded already or the batch is large."""
    if compiled is None:
        return is_loaded() or (rows >= WORTH_IT and is_available())
    return compiled


def sort_rows(
    codes: NDArray[np.signedinteger[Any]], messages: int
) -> tuple[Rows, NDArray[np.intp]]:
    """Rows by code, stable, and where each code begins; negative codes are left out."""
    from can_decoder import kernels  # noqa: PLC0415 — numba is an extra and slow to import

    order, starts = kernels.sort_rows(codes, messages)
    return order, starts


class CompiledColumns:
    """Plain fields through numba; see `can_decoder.blocks.PlainColumns`.

    Args:
        items: the fields.
        batch: frames.
        out: [fields, rows], where they go.
    """

    def __init__(
        self, items: Sequence[Field], batch: FrameBatch, out: Floats, _scratch: NDArray[np.uint64]
    ) -> None:
        from can_decoder import kernels  # noqa: PLC0415 — as above

        self._fill = kernels.fill
        self.columns: dict[str, Floats] = {}
        self._parts: list[tuple[Any, ...]] = []
        width = batch.data.shape[1]
        by_window: dict[int, list[Field]] = {}
        for item in items:
            by_window.setdefault(word_shift(item, width)[0], []).append(item)
        at = 0
        for start, fields in by_window.items():
            part, at = out[at : at + len(fields)], at + len(fields)
            self.columns |= {item.name: row for item, row in zip(fields, part, strict=True)}
            self._parts.append((_aligned(windows(batch, start)), *_parameters(fields, width), part))

    def fill(self, rows: Rows, at: int) -> None:
        """Decode `rows` of the batch into the columns from place `at` on."""
        for part in self._parts:
            self._fill(rows, at, *part)


def _aligned(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return words if words.flags.aligned else words.copy()


def _parameters(fields: Sequence[Field], width: int) -> tuple[NDArray[Any], ...]:
    """Two shifts (up, then down; arithmetic where signed), and scale and offset per field."""
    shifts = [word_shift(item, width)[1] for item in fields]
    up = [WORD_BITS - item.size - shift for item, shift in zip(fields, shifts, strict=True)]
    down = [WORD_BITS - item.size for item in fields]
    return (
        np.array([item.order == "big" for item in fields]),
        np.array([item.signed for item in fields]),
        np.array(up, np.uint64),
        np.array(down, np.uint64),
        np.array([item.scale for item in fields], np.float64),
        np.array([item.offset for item in fields], np.float64),
    )
