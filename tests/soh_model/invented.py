"""Invented cells for the tests: curves and ageing of their own, none of the estimator's.

`Cell` is made of two simple electrodes; `session` lets a string of such cells rest, charge and
rest, as a swap station sees it, through sensors with gain, offset, noise and steps.
"""

from dataclasses import dataclass, replace

import numpy as np

from packtrail.sample import SampleBatch


def _layered(y):
    return 4.52 - 1.0 * y + 0.25 * (y - 0.55) ** 2 - 0.9 * np.exp(-(1.0 - y) / 0.02)


def _olivine(y):
    return 3.42 - 0.012 * y + 0.5 * np.exp(-y / 0.008) - 0.9 * np.exp(-(1.0 - y) / 0.025)


def _carbon(x):
    steps = 0.045 / (1 + np.exp((x - 0.22) / 0.025)) + 0.032 / (1 + np.exp((x - 0.54) / 0.02))
    return 0.085 + steps + 0.9 * np.exp(-x / 0.018) - 0.35 * np.exp((x - 1.0) / 0.015)


@dataclass(frozen=True)
class Cell:
    """One cell; charges in units of its rating.

    Attributes:
        kind: NMC or LFP.
        q_neg: negative host.
        q_pos: positive host.
        slip: positive stoichiometry that is left when all lithium is in the negative's x = 1.
    """

    kind: str = "NMC"
    q_neg: float = 1.18
    q_pos: float = 1.55
    slip: float = 0.15

    @property
    def limits(self):
        return (2.8, 4.2) if self.kind == "NMC" else (2.5, 3.6)

    def voltage(self, charge):
        positive = _layered if self.kind == "NMC" else _olivine
        y = self.slip + (self.q_neg - charge) / self.q_pos
        return positive(y) - _carbon(charge / self.q_neg)

    def ends(self):
        grid = np.linspace(-0.02, 1.3, 4000)
        volts = np.maximum.accumulate(self.voltage(grid) + 1e-9 * np.arange(len(grid)))
        low, high = np.interp(self.limits, volts, grid)
        return low, high

    @property
    def capacity(self):
        low, high = self.ends()
        return high - low

    def ocv(self, soc):
        low, high = self.ends()
        return self.voltage(low + (high - low) * np.asarray(soc))

    def aged(self, lithium, negative, positive):
        """Lose lithium and parts of both hosts; what is left slips against each other."""
        q_neg, q_pos = self.q_neg * (1 - negative), self.q_pos * (1 - positive)
        total = self.slip * self.q_pos + self.q_neg - lithium
        return replace(self, q_neg=q_neg, q_pos=q_pos, slip=(total - q_neg) / q_pos)


def fresh(kind="NMC", rng=None):
    """A fresh cell of capacity 1; another maker's with `rng`."""
    cell = Cell() if kind == "NMC" else Cell("LFP", 1.25, 1.12, -0.13)
    if rng is not None:
        cell = replace(cell, q_neg=cell.q_neg * rng.uniform(0.97, 1.05))
    total = cell.slip * cell.q_pos
    scale = 1 / cell.capacity
    cell = replace(cell, q_neg=cell.q_neg * scale, q_pos=cell.q_pos * scale)
    return replace(cell, slip=total * scale / cell.q_pos)


def aged_at_random(cell, rng):
    """A cell that lost up to a quarter, mostly lithium."""
    lithium = rng.uniform(0.0, 0.25)
    return cell.aged(lithium, lithium * rng.uniform(0.1, 0.8), lithium * rng.uniform(0.1, 0.7))


def session(
    cell,
    rng,
    *,
    rated=100.0,
    cells=12,
    start=0.2,
    stop=0.85,
    c_rate=0.5,
    rest_s=2400,
    step_s=10.0,
    gain=None,
    offset=None,
    lsb=0.001,
    ohm=0.0005,
):
    """Rest, charge, rest of `cells` near-equal cells; returns the batch as a sensor tells it."""
    charge_s = (stop - start) * cell.capacity / c_rate * 3600
    t = np.arange(0, rest_s + charge_s + rest_s, step_s)
    current = np.where((t > rest_s) & (t <= rest_s + charge_s), c_rate * rated, 0.0)
    moved = np.concatenate([[0], np.cumsum((current[1:] + current[:-1]) / 2 * step_s)]) / 3600
    low, high = cell.ends()
    charge = low + start * (high - low) + moved / rated
    slow = np.zeros(len(t))
    keep = np.exp(-step_s / 400)
    for k in range(1, len(t)):
        slow[k] = slow[k - 1] * keep + 0.03 * current[k] / rated * (1 - keep)
    volts = cell.voltage(charge) + ohm * current + slow
    table = volts[:, None] + rng.normal(0, 0.0006, (len(t), cells))
    table = np.round(table / lsb) * lsb
    gain = rng.normal(1, 0.005) if gain is None else gain
    offset = rng.normal(0, 0.0015) * rated if offset is None else offset
    seen = current * gain + offset + rng.normal(0, 0.0005 * rated, len(t))
    return SampleBatch.from_arrays(
        t_s=t,
        pack_current_a=seen,
        cell_voltage_v=table,
        temperature_c=np.full((len(t), 2), 25.0),
    )


def half_cells(cell):
    """Both curves of a fresh cell as tables and its stoichiometries when empty and full."""
    positive = _layered if cell.kind == "NMC" else _olivine
    sto = np.linspace(0.002, 0.998, 400)
    low, high = cell.ends()
    x = (low / cell.q_neg, high / cell.q_neg)
    y = tuple(cell.slip + (cell.q_neg - q) / cell.q_pos for q in (low, high))
    return (sto, _carbon(sto)), (sto, positive(sto)), x, y
