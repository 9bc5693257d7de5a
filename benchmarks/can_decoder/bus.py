"""A made-up bus of 30 messages, as a DBC and as frames; the same on every machine."""

from __future__ import annotations

import numpy as np

from can_decoder import Database, FrameBatch
from can_decoder.dbc import read_dbc

MESSAGES = 30
SEED = 20250701

# (start, size, order and sign, scale, offset): typical shapes of battery messages, 8 bytes
SHAPES = (
    ("0|16@1+ (0.1,0)", "16|16@1- (0.1,0)", "32|8@1+ (0.5,0)", "40|8@1+ (1,-40)", "48|8@1+ (1,0)",
     "56|4@1+ (1,0)", "60|4@1+ (1,0)"),
    ("7|16@0+ (0.1,0)", "23|16@0- (0.05,0)", "39|10@0+ (0.1,0)", "45|6@0+ (1,0)",
     "55|8@0+ (1,0)", "63|8@0+ (1,0)"),
    ("0|13@1+ (0.001,0)", "13|13@1+ (0.001,0)", "26|13@1+ (0.001,0)", "39|13@1+ (0.001,0)",
     "52|4@1+ (1,0)", "56|8@1+ (1,0)"),
    ("0|12@1+ (0.125,-200)", "12|12@1- (0.25,0)", "24|20@1+ (0.01,0)", "44|1@1+ (1,0)",
     "45|1@1+ (1,0)", "46|2@1+ (1,0)", "48|16@1- (0.02,0)"),
    ("7|8@0+ (1,-40)", "15|8@0+ (1,-40)", "23|8@0+ (1,-40)", "31|8@0+ (1,-40)", "39|8@0+ (1,-40)",
     "47|8@0+ (1,-40)"),
    ("0|32@1+ (0.001,0)", "32|32@1- (0.001,0)"),
)  # fmt: skip


def dbc_text() -> str:
    """The bus as a DBC: 20 messages of 11 bits, 10 of 29 bits."""
    lines = ['VERSION ""', "", "NS_ :", "", "BS_:", "", "BU_: BMS", ""]
    for number in range(MESSAGES):
        frame_id = 0x100 + 16 * number if number < 20 else 0x98FF0000 + 0x100 * number
        lines.append(f"BO_ {frame_id} M{number:02d}: 8 BMS")
        shape = SHAPES[number % len(SHAPES)]
        for place, layout in enumerate(shape):
            lines.append(f' SG_ M{number:02d}_S{place} : {layout} [0|0] "" Vector__XXX')
        lines.append("")
    return "\n".join(lines)


def database() -> Database:
    """The bus, loaded by ourselves."""
    return Database(*read_dbc(dbc_text().encode(), "bus.dbc"))


def frames(count: int) -> FrameBatch:
    """`count` frames of the bus in random order."""
    random = np.random.default_rng(SEED)
    layouts = database().messages
    which = random.integers(0, len(layouts), count)
    ids = np.array([layout.frame_id for layout in layouts], np.uint32)[which]
    extended = np.array([layout.extended for layout in layouts])[which]
    data = random.integers(0, 256, (count, 8), np.uint8)
    t_ns = 1_700_000_000_000_000_000 + np.arange(count) * 100_000
    return FrameBatch.from_arrays(ids, extended, t_ns, data, np.full(count, 8, np.uint8))
