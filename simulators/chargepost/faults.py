"""What goes wrong at a charging post, by name: every ending of GB/T 27930-2015, and quirks.

`bem.*` and `cem.*`: the other side keeps a message back until this side's time has run out.
`bst.*` and `cst.*`: a side stops charging for that reason. `quirk.*`: what real posts do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from packtrail.language import Text
from simulators.errors import SimulationError

SILENCES: Final = MappingProxyType(
    {
        "bem.crm_00_timeout": "CRM",
        "bem.crm_aa_timeout": "CRM AA",
        "bem.cts_cml_timeout": "CML",
        "bem.cro_timeout": "CRO AA",
        "bem.ccs_timeout": "CCS",
        "bem.cst_timeout": "CST",
        "bem.csd_timeout": "CSD",
        "cem.brm_timeout": "BRM",
        "cem.bcp_timeout": "BCP",
        "cem.bro_timeout": "BRO AA",
        "cem.bcs_timeout": "BCS",
        "cem.bcl_timeout": "BCL",
        "cem.bst_timeout": "BST",
        "cem.bsd_timeout": "BSD",
    }
)
"""Ending -> the message that is kept back; a second word says in which state."""

BST_REASONS: Final = (
    "soc_reached", "voltage_reached", "cell_voltage_reached", "insulation_fault",
    "connector_hot", "bms_hot", "connector_fault", "pack_hot", "relay_fault", "check_point_2",
    "other_fault", "current_too_high", "voltage_abnormal",
)  # fmt: skip
CST_REASONS: Final = (
    "condition_reached", "stopped_by_hand", "fault_stop", "charger_hot", "connector_fault",
    "inside_hot", "energy_not_deliverable", "emergency_stop", "other_fault", "current_mismatch",
    "voltage_abnormal",
)  # fmt: skip
QUIRKS: Final = (
    "edition_2011", "padded", "zero_current", "no_offset", "year_99", "foreign_frames",
    "aborted_transfer", "repeated_rts", "blank_clock",
)  # fmt: skip
NAMES: Final = (
    *SILENCES,
    *(f"bst.{reason}" for reason in BST_REASONS),
    *(f"cst.{reason}" for reason in CST_REASONS),
    *(f"quirk.{quirk}" for quirk in QUIRKS),
)
"""All of them."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong in one dialogue.

    Attributes:
        silent: messages that are kept back, such as `CRO AA`.
        bst: reason for which the BMS stops, "" for none but a full pack.
        cst: reason for which the charger stops, "" for none.
        after_s: seconds of charging before a stop or a silence of the charging stage.
        quirks: what differs from the standard's text.
    """

    silent: frozenset[str] = frozenset()
    bst: str = ""
    cst: str = ""
    after_s: float = 20.0
    quirks: frozenset[str] = frozenset()

    @classmethod
    def named(cls, names: Iterable[str], after_s: float = 20.0) -> Faults:
        """Of names in `NAMES`.

        A silence at the end of charging needs an end: the BMS then finds its state of charge
        reached after `after_s`, or the charger is stopped by hand.

        Raises:
            SimulationError: a name that is not known.
        """
        chosen = list(names)
        wrong = [name for name in chosen if name not in NAMES]
        if wrong:
            raise SimulationError(
                Text("no such fault", "没有这种故障"),
                where=", ".join(wrong),
                hint=Text(f"one of {', '.join(NAMES)}", f"可选：{'、'.join(NAMES)}"),
            )
        of = {kind: [n.partition(".")[2] for n in chosen if n.startswith(kind + ".")] for kind in
              ("bst", "cst", "quirk")}  # fmt: skip
        bst, cst = (of["bst"] or [""])[0], (of["cst"] or [""])[0]
        if not bst and {"bem.cst_timeout", "bem.csd_timeout", "cem.bsd_timeout"} & set(chosen):
            bst = "soc_reached"
        if not cst and "cem.bst_timeout" in chosen:
            cst = "stopped_by_hand"
        silent = frozenset(SILENCES[name] for name in chosen if name in SILENCES)
        return cls(silent, bst, cst, after_s, frozenset(of["quirk"]))
