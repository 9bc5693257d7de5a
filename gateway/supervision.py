"""Keeps a gateway running until it is told to stop, and tells systemd that it lives.

SIGTERM and SIGINT end it cleanly. The watchdog is fed only while the stages show life, so a
gateway that hangs is started again by systemd. Without systemd nothing is told to anybody.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Final

import sdnotify

from gateway.main import Gateway

BEAT_S: Final = 5.0


def run_until_stopped(gateway: Gateway) -> int:
    """Start, run, stop; the exit code."""
    _stop_on_signals(gateway.running.stop)
    notifier = sdnotify.SystemdNotifier()
    gateway.start()
    try:
        notifier.notify("READY=1")
        while not gateway.running.stop.wait(_beat_s()):
            if not gateway.look().problems:
                notifier.notify("WATCHDOG=1")
        notifier.notify("STOPPING=1")
    finally:
        gateway.stop()
    return 1 if gateway.running.failure else 0


def _beat_s() -> float:
    """Half of the watchdog's patience, at most a few seconds."""
    allowed = os.environ.get("WATCHDOG_USEC", "")
    return min(int(allowed) / 2e6, BEAT_S) if allowed.isdigit() else BEAT_S


def _stop_on_signals(stop: threading.Event) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
