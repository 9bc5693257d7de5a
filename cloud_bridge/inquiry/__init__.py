"""The inquiry: facts of many packs and vehicles together show which report is wrong.

One pack's fold says *that* two reports contradict; only the vehicles and the other packs around
them say *which* of them is to blame: a report that was lost, a vehicle number misread, a copied
code, a clock that is off. Pure, like the fold: order and repetition of the facts play no part.
"""

from cloud_bridge.inquiry.findings import Fault, Finding
from cloud_bridge.inquiry.inquire import inquire
from cloud_bridge.inquiry.travel import Position

__all__ = ["Fault", "Finding", "Position", "inquire"]
