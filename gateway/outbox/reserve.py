"""A few megabytes set aside on the outbox's disk, for the moment when it is full.

SQLite needs room to write down even that something may be thrown away. When the disk is full
the reserve is given up, telemetry is thinned with the room gained, and once there is space
again the reserve is made anew.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reserve:
    """The file that holds the room."""

    path: Path

    def make(self) -> bool:
        """Set the room aside if it is not; False while the disk is too full for it."""
        if self.path.exists():
            return True
        fresh = self.path.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
            fresh.replace(self.path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EOPNOTSUPP):
                raise
            return False
        return True

    def give_up(self) -> None:
        """Free the room."""
        self.path.unlink(missing_ok=True)
