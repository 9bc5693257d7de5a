"""Binding: which pack stands in which slot, by readings that confirm each other.

Acts of scanners and of the station controller enter; signed facts and moves leave. Sources
that disagree, or a label that nobody can read, open a case and attribute nothing.
"""

from gateway.binding.book import Arrived, Book, Known, Left, Move, Outcome
from gateway.binding.judgement import Judgement, Problem, judge
from gateway.binding.visit import StationState, Visit, decode_state

__all__ = [
    "Arrived",
    "Book",
    "Judgement",
    "Known",
    "Left",
    "Move",
    "Outcome",
    "Problem",
    "StationState",
    "Visit",
    "decode_state",
    "judge",
]
