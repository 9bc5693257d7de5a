"""One performance: the station speaks, the stagehand acts, a watcher looks, at the end all is told.

A scenario enters, `Observed` leaves: numbers by name, of what the house concluded and of what was
true. Everything is asked from outside, over the interfaces that any other program has.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from packtrail.errors import PacktrailError
from packtrail.settings import load
from simulators.acts import Swapped
from simulators.demo.observed import Snapshot
from simulators.demo.watch import Watcher
from simulators.demo.web import fetch_json
from simulators.run import StationRun
from simulators.scenario.album import Album
from simulators.scenario.frame_faults import ON_SLOT, BusFaults
from simulators.scenario.script import Scenario
from simulators.scenario.stage import Stage
from simulators.settings import StationSettings
from simulators.wire.bus_server import BusServer

START: Final = "2026-04-01T06:00:00Z"
LOOK_S: Final = 0.5
DRAIN_S: Final = 60.0
QUIET_S: Final = 7.0
"""Longer than a gateway waits for the charge of a pack before it announces a swap."""
Observed = dict[str, float]
Told = Callable[[float], None]


class Performance:
    """One run of a scenario in a folder.

    Args:
        scenario: what happens.
        folder: for everything on disk.
    """

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._scenario = scenario
        self._stage = Stage(folder, scenario, START)
        settings = load(StationSettings, self._stage.layout.station)
        self.station = StationRun(
            settings.model_copy(update={"misread_share": scenario.misread_share})
        )
        self.station.misbehave(BusFaults(scenario.deeds, scenario.seed, scenario.speed))
        layout = self._stage.layout
        self._watcher = Watcher(layout.gateway_url, layout.bridge_url)
        self._silent: set[str] = set()
        self._errors: dict[str, int] = {}
        self._troubles: set[str] = set()
        self._victims: set[str] = set()
        self._empty: set[str] = set()
        self._failure: PacktrailError | None = None
        self._begun = 0.0
        self.album = Album()

    def run(self, told: Told = lambda _seconds: None) -> Observed:
        """Play it to the end.

        Args:
            told: hears of real seconds that have passed.

        Raises:
            SimulationError: a part does not come up, or ends unasked.
        """
        try:
            self._stage.raise_curtain()
            self._perform(told)
            return self._observe(self._drain())
        finally:
            self._stage.close()

    def _perform(self, told: Told) -> None:
        stop = threading.Event()
        speaking = threading.Thread(target=self._speak, args=(stop,), name="station")
        speaking.start()
        try:
            while speaking.is_alive() and not self.station.frames:
                time.sleep(0.02)
            self._follow_script(speaking, told)
        finally:
            stop.set()
            speaking.join()
        if self._failure:
            raise self._failure

    def _speak(self, stop: threading.Event) -> None:
        try:
            self.station.go_live(stop, self._scenario.duration_s, _Kept(self._stage.buses))
        except PacktrailError as error:
            self._failure = error

    def _follow_script(self, speaking: threading.Thread, told: Told) -> None:
        steps, passed = self._stage.steps(self._scenario), 0.0
        self._begun = time.monotonic()
        while speaking.is_alive():
            now_s = time.monotonic() - self._begun
            while steps and steps[0][0] <= now_s:
                steps.pop(0)[1]()
                # Where this loop is late, the next deed may undo this one at once.
                self._notice_station()
            self._stage.check()
            self._notice_victims(now_s)
            self._notice_station()
            self._look()
            told(now_s - passed)
            passed = now_s
            speaking.join(LOOK_S)
        for _, act in steps:  # what the script leaves open is mended, so that all can arrive
            act()

    def _look(self, *, anew: bool = False) -> Snapshot:
        snapshot = self._watcher.look(anew=anew)
        self.album.take(time.monotonic() - self._begun, snapshot)
        return snapshot

    def _notice_victims(self, now_s: float) -> None:
        """The packs that stand where something is done to a slot, and slots where none stands."""
        slots = {slot.name: slot.pack for slot in self.station.station.slots}
        self._empty |= {f"slot{name}" for name, pack in slots.items() if pack is None}
        for deed in self._scenario.deeds:
            pack = slots.get(getattr(deed, "slot", ""))
            if pack is not None and deed.at_s <= now_s < deed.at_s + deed.for_s:
                self._victims.add(self.station.fleet.packs.packs[pack].code)

    def _notice_station(self) -> None:
        """What the gateway says of its buses and its disk."""
        station = fetch_json(f"{self._stage.layout.gateway_url}/v1/station")
        if not station:
            return
        for name, bus in station["buses"].items():
            self._silent |= {name} if bus["silent"] else set()
            self._errors[name] = max(bus["error_frames"], self._errors.get(name, 0))
        self._troubles |= {*station["problems"], *station["troubles"]}

    def _drain(self) -> Snapshot:
        """Until every record is stored and receipted, and nothing new has come for a while."""
        deadline, quiet_since = time.monotonic() + DRAIN_S, time.monotonic()
        snapshot = self._look()
        while time.monotonic() < deadline:
            time.sleep(LOOK_S)
            before, snapshot = snapshot.path, self._look(anew=True)
            if snapshot.path != before or not snapshot.path.complete:
                quiet_since = time.monotonic()
            if snapshot.path.sealed and time.monotonic() - quiet_since > QUIET_S:
                break
        return snapshot

    @property
    def _ill(self) -> str:
        """The pack whose cooling is blocked in every station, whatever the script does."""
        fleet = self.station.fleet
        return fleet.packs.packs[fleet.blocked].code

    def _observe(self, snapshot: Snapshot) -> Observed:
        tally, path, truth = self._watcher.tally, snapshot.path, self.station.truth()
        packs = {pack["code"]: pack for pack in truth["packs"]}
        inside = [
            told.low <= packs[code]["soh"] <= told.high
            for code, told in tally.told.items()
            if code in packs
        ]
        seen: Observed = {
            "records_sealed": path.sealed,
            "records_stored": path.through,
            "records_missing": path.sealed - path.through,
            "frames_sent": self.station.frames,
            "frames_heard": path.frames,
            "packs_recognised": len(tally.packs & set(packs)),
            "packs_mistaken": len(tally.packs - set(packs)),
            "swaps_true": sum(isinstance(act, Swapped) for act in self.station.acts),
            "swaps_told": tally.swaps,
            "identities_contested": len(tally.contested),
            "identities_settled": len(tally.settled),
            "estimates_told": len(tally.told),
            "estimates_wrong": inside.count(False),
            "parts_faulty": len(path.faults),
        }
        seen["frames_lost"] = seen["frames_sent"] - seen["frames_heard"]
        seen["swaps_missed"] = seen["swaps_true"] - seen["swaps_told"]
        seen |= dict.fromkeys((f"silent.{name}" for name in self._silent), 1.0)
        seen |= {f"errors.{name}": float(count) for name, count in self._errors.items() if count}
        seen["commits_failed"] = float(self._stage.said("gateway", '"commit_failed"'))
        seen["troubles_told"] = float(len(self._troubles))
        for kind, who in tally.incidents.items():
            seen[f"incidents.{kind}"] = len(who)
            seen[f"victims.{kind}"] = len(who & self._victims)
            seen[f"others.{kind}"] = len(who - self._victims - {self._ill})
        acted = {f"slot{deed.slot}" for deed in self._scenario.deeds if isinstance(deed, ON_SLOT)}
        seen["silent_baseless"] = float(len(self._silent - self._empty - acted))
        return seen


class _Kept:
    """The bus server as the station's sink; it outlives the station."""

    def __init__(self, buses: BusServer) -> None:
        self.send = buses.send

    def close(self) -> None:
        """The stage closes it."""
