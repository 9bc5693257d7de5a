"""Labels as scanners read them: mostly right, sometimes dirty, now and then wrong.

A pack's code enters, raw text leaves. Dirt (a part number before the code, lower case, a line
break between the two halves) can be cleaned; a misread digit gives another valid code, for
GB/T 34014 has no check digit, and only a second source can show it.
"""

from __future__ import annotations

import numpy as np

DIRTY_SHARE = 0.35


def scan_label(code: str, misread_share: float, random: np.random.Generator) -> str:
    """One scan.

    Args:
        code: what the label says.
        misread_share: how often a digit of the serial number is misread.
        random: decides.
    """
    if random.random() < misread_share:
        return misread(code, random)
    if random.random() >= DIRTY_SHARE:
        return code
    dirt = int(random.integers(3))
    return (f"P/N 7741-{code[5:7]} {code}\r\n", code.lower(), f"{code[:14]}\n{code[14:]}")[dirt]


def misread(code: str, random: np.random.Generator) -> str:
    """The code with one digit of the serial number taken for another."""
    place = len(code) - 1 - int(random.integers(3))
    digit = (int(code[place]) + 1 + int(random.integers(8))) % 10
    return f"{code[:place]}{digit}{code[place + 1 :]}"
