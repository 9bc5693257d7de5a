"""Units that were measured once, and the two models made of them: told the charge, and not.

A table of pulse tests with SoH enters; estimates for other tests leave. A test whose charge since
empty was counted is told by the model that knows it, if the reference has it too; any other by the
model of the voltages alone. A test with a charge that the reference lacks is refused rather than
told less well in silence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np

from packtrail.estimate import Estimate
from packtrail.language import Text
from soh_model.errors import ModelError
from soh_model.pulse_file import PulseRows, read_pulses
from soh_model.pulse_model import FEWEST_UNITS, PulseModel

CHARGED: Final = "charge since empty told"
"""Stands in the estimate's reference where the model was told the charge."""

_NO_SOH: Final = Text("no column soh_pct or soh", "缺少列 soh_pct 或 soh")
_NO_CHARGE: Final = Text(
    "the charge since empty is told of tests, but of fewer than four units of the reference",
    "待测数据给出了自放空以来的充入电量，而给出该电量的参考单元不足 4 个",
)
_HINT: Final = Text(
    "add `charged` to the reference, or leave it out of the tests",
    "请在参考数据中补充 charged，或从待测数据中去掉",
)


class PulseReference:
    """Fits each model when it is first needed.

    Args:
        measured: tests of units whose SoH is known.
        chemistry: of the units.

    Raises:
        ModelError: No SoH, or fewer than four units.
    """

    def __init__(self, measured: PulseRows, chemistry: str) -> None:
        if measured.soh is None or not np.isfinite(measured.soh).all():
            raise ModelError(_NO_SOH, where="reference")
        self._measured, self._chemistry = measured, chemistry
        self._blind: PulseModel | None = None
        self._told: PulseModel | None = None

    @classmethod
    def load(cls, path: Path, chemistry: str) -> Self:
        """From a table.

        Raises:
            ModelError: The file cannot be used.
        """
        try:
            return cls(read_pulses(path), chemistry)
        except ModelError as error:
            if error.where != "reference":
                raise
            raise ModelError(error.what, where=str(path), hint=error.hint) from error

    def estimates(self, asked: PulseRows) -> list[Estimate]:
        """An estimate for each test, in order.

        Raises:
            ModelError: A test has a charge that the reference lacks.
        """
        counted = np.isfinite(asked.charged)
        found: dict[int, Estimate] = {}
        if counted.any():
            some = asked.picked(counted)
            answers = self._with_charge().predict(some.rows, some.charged)
            named = [_named(answer) for answer in answers]
            found |= dict(zip(np.flatnonzero(counted).tolist(), named, strict=True))
        if not counted.all():
            answers = self._without().predict(asked.picked(~counted).rows)
            found |= dict(zip(np.flatnonzero(~counted).tolist(), answers, strict=True))
        return [found[k] for k in range(len(asked.rows))]

    def _with_charge(self) -> PulseModel:
        if self._told is None:
            counted = self._measured.picked(np.isfinite(self._measured.charged))
            if len(set(_names(counted))) < FEWEST_UNITS:
                raise ModelError(_NO_CHARGE, where="reference", hint=_HINT)
            self._told = self._fitted(counted, told=True)
        return self._told

    def _without(self) -> PulseModel:
        if self._blind is None:
            self._blind = self._fitted(self._measured, told=False)
        return self._blind

    def _fitted(self, rows: PulseRows, *, told: bool) -> PulseModel:
        assert rows.soh is not None
        charged = rows.charged if told else None
        return PulseModel.fit(rows.rows, rows.soh, self._chemistry, _names(rows), charged)


def _names(rows: PulseRows) -> list[object]:
    """Which unit each row is of; without names, rows of equal SoH are one unit."""
    if all(rows.units):
        return list(rows.units)
    return [] if rows.soh is None else list(rows.soh.tolist())


def _named(answer: Estimate) -> Estimate:
    return msgspec.structs.replace(answer, reference=f"{answer.reference}; {CHARGED}")
