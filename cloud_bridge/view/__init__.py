"""What people and programs ask of the digital ID, read from the store: packs and stations.

API and pages stand on this; it knows neither HTTP nor HTML.
"""

from cloud_bridge.view.glances import PackGlance
from cloud_bridge.view.packs import Packs, PackView
from cloud_bridge.view.readings import Reading
from cloud_bridge.view.stations import SlotView, Stations, StationView
from packtrail.codes import parse_unit

__all__ = [
    "PackGlance",
    "PackView",
    "Packs",
    "Reading",
    "SlotView",
    "StationView",
    "Stations",
    "parse_unit",
]
