"""`packtrail bridge run`: the whole bridge until somebody says stop; the watchdog is fed."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

import sdnotify

from cloud_bridge.service import Bridge
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.web import WebServer, application, context_over, guarded, listen
from packtrail import logs

TICK_S: Final = 1.0
SWITCH_S: Final = 0.001
"""A thread that computes lets another go on after so long; an answer has to ask dozens of times."""
GARBAGE: Final = (10_000, 20, 50)
"""An answer makes thousands of objects and keeps none of them: Python's 700 is for scripts."""

log = logs.get("cloud_bridge")


def run(
    settings: BridgeSettings,
    ready: Callable[[str], None] = lambda _url: None,
    settings_file: Path | None = None,
) -> int:
    """Run until SIGTERM or SIGINT.

    Args:
        settings: the whole file.
        ready: told the URL once the pages answer.
        settings_file: where newly enrolled gateways are written down; None for nowhere.

    Returns:
        0 after a clean stop, 1 when a part died (then a restart helps).

    Raises:
        PacktrailError: something that has to be there at the start is not.
    """
    stop = threading.Event()
    sys.setswitchinterval(SWITCH_S)
    _on_signals(stop)
    with ExitStack() as stack:
        listener = listen(settings.http)
        stack.callback(listener.close)
        bridge = Bridge(settings)
        stack.callback(bridge.stop)
        streams = settings.http.streams
        rooms = application(context_over(bridge, settings_file), streams)
        app = guarded(rooms, settings.http.allowed_hosts, bridge.way)
        web = WebServer(app, listener, settings.http.tls, rooms.state.live.close, streams)
        bridge.start()
        _settle()
        web.start()
        stack.callback(web.stop)
        ready(web.url)
        log.info("pages_ready", url=web.url)
        notifier = sdnotify.SystemdNotifier()
        notifier.notify("READY=1")
        stack.callback(notifier.notify, "STOPPING=1")
        return _watch(bridge, web, notifier, stop)


def _settle() -> None:
    """What is loaded stays: looking through all of it for garbage took half of a page's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def _watch(
    bridge: Bridge, web: WebServer, notifier: sdnotify.SystemdNotifier, stop: threading.Event
) -> int:
    """Feed the watchdog while everything lives."""
    while not stop.wait(TICK_S):
        if bridge.stalled or not web.alive:
            log.error("part_died", intake=not bridge.stalled, web=web.alive)
            return 1
        notifier.notify("WATCHDOG=1")
    return 0


def _on_signals(stop: threading.Event) -> None:
    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, leave)
