"""Where the reference data are: PACKTRAIL_REAL_DATA, or shared/data beside the project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def reference_data(name: str = "") -> Path | None:
    """The folder of all sets on state of health, or of one; None, and said, where it is missing."""
    folder = Path(os.environ.get("PACKTRAIL_REAL_DATA", ROOT.parent / "shared" / "data"))
    folder = folder / "soh" / name
    if folder.is_dir():
        return folder
    print(f"no reference data at {folder}: set PACKTRAIL_REAL_DATA")
    return None
