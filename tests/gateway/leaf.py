"""Frames of a Nissan Leaf's battery, made with the shipped profile's own layouts."""

from __future__ import annotations

from pathlib import Path

import can_decoder
from can_decoder import profiles
from can_decoder.profiles.checksums import ALGORITHMS
from packtrail.times import NS_PER_S
from tests.gateway.drafts import T0

PROFILE = "nissan_leaf"


class Leaf:
    """Speaks as a battery at 380 V does."""

    def __init__(self) -> None:
        database = profiles.find(PROFILE).database()
        assert isinstance(database, can_decoder.Database)
        self._database = database
        self._counter = 0
        self.status_id = database.message("BatteryStatus").frame_id
        self.charge_id = database.message("BatteryCharge").frame_id

    def status(self, current: float, volts: float = 380.0) -> bytes:
        """Voltage and current, with counter and CRC over the first seven bytes."""
        self._counter = (self._counter + 1) % 4
        values = {"BattVoltage": volts, "BattCurrent": current, "AliveCounter": self._counter}
        data = self._database.encode("BatteryStatus", values)[:7]
        return data + bytes([ALGORITHMS["crc8_0x85"](data)])

    def charge(self, soc: float) -> bytes:
        """State of charge."""
        return self._database.encode("BatteryCharge", {"StateOfCharge": soc})


def write_candump(path: Path, seconds: int, current: float = 40.0, start_ns: int = T0) -> int:
    """A drive of so many seconds, ten frames a second; returns how many frames."""
    leaf = Leaf()
    lines = []
    for n in range(seconds * 10):
        t_ns = start_ns + n * NS_PER_S // 10
        stamp = f"({t_ns // NS_PER_S}.{t_ns % NS_PER_S // 1000:06d})"
        lines.append(f"{stamp} can0 {leaf.status_id:03X}#{leaf.status(current).hex()}")
        if n % 10 == 0:
            soc = leaf.charge(50.0 + n / 1000)
            lines.append(f"{stamp} can0 {leaf.charge_id:03X}#{soc.hex()}")
    path.write_text("\n".join(lines) + "\n")
    return len(lines)
