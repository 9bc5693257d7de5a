"""A small disk for one process: a tmpfs in a mount namespace of its own, filled from outside.

Needs `unshare` (util-linux) and a kernel that lets this user make namespaces; no other process
sees the disk, and it goes with the process.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

from packtrail.language import Text
from simulators.errors import SimulationError

KIB: Final = 16 * 1024
_MOUNT: Final = 'mount -t tmpfs -o size="$1"k tmpfs "$2" && shift 2 && exec "$@"'
_NO_DISK: Final = Text("no disk of our own to fill: {why}", "无法建立独立磁盘：{why}")
_TRY_S: Final = 20.0


class SmallDisk:
    """The disk that a folder lies on, for the process that `before` runs.

    Args:
        folder: becomes the disk; empty.

    Raises:
        SimulationError: this machine does not let us make one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        fault = self._fault()
        if fault:
            raise SimulationError(
                Text("no disk of our own to fill: {why}", "无法建立独立磁盘：{why}").fill(
                    why=fault
                ),
                where="disk_full",
                hint=Text(
                    "allow user namespaces, or leave this scenario out",
                    "请允许用户命名空间，或不运行该场景",
                ),
            )

    @property
    def before(self) -> tuple[str, ...]:
        """The command that gives the one after it this disk."""
        alone = ("unshare", "--user", "--map-root-user", "--mount")
        return (*alone, "sh", "-c", _MOUNT, "sh", str(KIB), str(self._folder))

    def fill(self, pid: int) -> None:
        """Write until the disk of the process takes no more."""
        with contextlib.suppress(OSError), self._ballast(pid).open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1 << 9, 1):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    def clear(self, pid: int) -> None:
        """Give the room back."""
        self._ballast(pid).unlink(missing_ok=True)

    def _ballast(self, pid: int) -> Path:
        return Path(f"/proc/{pid}/root{self._folder}/ballast")

    def _fault(self) -> str:
        if shutil.which("unshare") is None:
            return "unshare is not installed"
        done = subprocess.run(  # noqa: S603 - our own command
            [*self.before, "true"], capture_output=True, text=True, timeout=_TRY_S, check=False
        )
        return done.stderr.strip()[:200] or ("" if done.returncode == 0 else "unshare failed")
