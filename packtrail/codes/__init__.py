"""Codes that name packs and vehicles: GB/T 34014, labels as scanners give them, VINs.

A code enters as text and leaves as a value that says what every character means, or as a
`CodeError` that says which character is wrong and why. What is unusual but seen on real packs
is a finding beside the value: a physical pack is never refused for its label.
"""

from packtrail.codes.identifiers import Vin, VinFinding, identify, parse_unit
from packtrail.codes.labels import LabelProblem, LabelReading, read_label
from packtrail.codes.pack_code import Chemistry, CodeFinding, Level, PackCode

__all__ = [
    "Chemistry",
    "CodeFinding",
    "LabelProblem",
    "LabelReading",
    "Level",
    "PackCode",
    "Vin",
    "VinFinding",
    "identify",
    "parse_unit",
    "read_label",
]
