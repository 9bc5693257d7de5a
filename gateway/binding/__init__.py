"""Binding: which pack stands in which slot, by readings that confirm each other.

Acts of scanners and of the station controller enter; signed facts and moves leave. Sources
that disagree, or a label that nobody can read, open a case and attribute nothing.
"""

from gateway.binding.book import Book
from gateway.binding.judgement import Judgement, Problem, judge
from gateway.binding.outcome import Arrived, Known, Left, Move, Outcome
from gateway.binding.visit import Case, StationState, Visit, decode_state

__all__ = [
    "Arrived",
    "Book",
    "Case",
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
