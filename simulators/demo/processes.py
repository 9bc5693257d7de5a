"""Child processes: started, watched, ended; always our own and by their own handle.

A child follows its standard input (see `child`), so that it ends with this process whatever
happens to it. What it writes goes to a log file of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import simulators
from packtrail.language import Text
from simulators.errors import SimulationError

END_S: Final = 12.0
LOOK_S: Final = 0.1


class Child:
    """One child process.

    Args:
        name: for people, and for its log file.
        arguments: of `simulators.demo.child`.
        folder: where its log file goes.
        before: a command that runs it, such as one that gives it a disk of its own.
    """

    def __init__(
        self, name: str, arguments: list[str], folder: Path, before: Sequence[str] = ()
    ) -> None:
        self.name = name
        self._deaf = arguments[0] == "mosquitto"
        self.log = folder / f"{name}.log"
        root = str(Path(simulators.__file__).parent.parent)
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*before, sys.executable, "-m", "simulators.demo.child", *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": path},
                # Ctrl-C reaches this process alone, which then ends its children in order.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def quieten(self) -> None:
        """Ask it to make no more data; the station stops, the gateway beside it does not."""
        self._say("")

    def set_clock(self, ahead_s: float) -> None:
        """Set its clock, so many seconds ahead of the machine's."""
        self._say(f"clock {ahead_s}")

    def _say(self, line: str) -> None:
        if self._process.stdin is not None and not self.ended:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def stop(self) -> int:
        """Ask it to end by closing its input, then insist; returns its exit code."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._deaf:
            self._process.terminate()
        try:
            return self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def kill(self) -> None:
        """Kill -9, as a power cut would."""
        self._process.kill()
        self._process.wait(END_S)

    def failure(self) -> SimulationError:
        """What to tell when it ended by itself: the last line that it wrote."""
        lines = self.log.read_text("utf-8", errors="replace").strip().splitlines()
        what = Text("{name} ended by itself: {why}", "{name} 意外退出：{why}")
        why = lines[-1] if lines else "?"
        return SimulationError(what.fill(name=self.name, why=why), where=str(self.log))


class Family:
    """The children of a demonstration; they end in reverse order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.children: list[Child] = []

    def start(self, name: str, arguments: list[str], before: Sequence[str] = ()) -> Child:
        """Start one more; `before` is a command that runs it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        child = Child(name, arguments, self._folder, before)
        self.children.append(child)
        self._stack.callback(child.stop)
        return child

    def wait_until(self, ready: Callable[[], bool], child: Child, seconds: float) -> None:
        """Until `ready()`; every child has to live meanwhile.

        Raises:
            SimulationError: a child ended, or it took too long.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                what = Text("{name} does not answer", "{name} 没有应答")
                raise SimulationError(what.fill(name=child.name), where=str(child.log))
            time.sleep(LOOK_S)

    def kill(self, child: Child) -> None:
        """Kill -9; the family does not miss it."""
        self.children.remove(child)
        child.kill()

    def check(self) -> None:
        """Raise what ended by itself.

        Raises:
            SimulationError: with the last line of the child's log.
        """
        for child in self.children:
            if child.ended:
                raise child.failure()

    def stop(self) -> None:
        """End all, the last started first."""
        self._stack.close()
