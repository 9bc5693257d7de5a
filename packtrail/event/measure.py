"""How the number and the place of an incident are said to a person.

The quantity's name carries its unit; the number without it would have to be guessed. A
precursor's number is how many signs were seen, whatever quantities showed them.
"""

from __future__ import annotations

import re
from typing import Final

from packtrail.event.condition import IncidentRecorded
from packtrail.language import Text

_UNITS: Final = (  # the longest ending first
    ("_c_per_min", "K/min"),
    ("_c_per_s", "K/s"),
    ("_ohm_per_v", "Ω/V"),
    ("_pct", "%"),
    ("spread_c", "K"),
    ("_c", "°C"),
    ("_v", "V"),
    ("_a", "A"),
    ("_ohm", "Ω"),
)
_PRECURSOR: Final = "precursor"
_PLACES: Final = {"cell": "单体", "probe": "探头"}


def measure_of(incident: IncidentRecorded, value: float | None) -> Text:
    """A value of the incident, or its limit, with the unit; empty for None."""
    if value is None:
        return Text("", "")
    if incident.kind.endswith(_PRECURSOR):
        return Text(f"{value:g} signs", f"{value:g} 项征兆")
    if incident.quantity.endswith("alarm_level"):
        return Text(f"level {value:g}", f"{value:g} 级")
    unit = next((unit for end, unit in _UNITS if incident.quantity.endswith(end)), "")
    said = f"{value:.4g} {unit}".rstrip()
    return Text(said, said)


def place_of(incident: IncidentRecorded) -> Text:
    """Where in the pack: `cell 3`, `probe 2 probe 5`."""
    told = re.sub(r"\b(cell|probe) (?=\d)", lambda found: f"{_PLACES[found[1]]} ", incident.where)
    return Text(incident.where, told)
