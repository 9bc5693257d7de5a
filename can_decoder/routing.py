"""Routing: which message a frame belongs to.

Identifiers enter, indices into a database's messages leave. 11-bit identifiers are looked up
in a table, 29-bit ones in a hash table without collisions, and what is not found there by
J1939 parameter group, so that priority, source and destination do not matter. An identifier
that needs more than 11 bits is one of 29, even where a log or a caller lost the flag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from can_decoder.layout import MessageLayout, parameter_group

UNKNOWN: Final = -1
LONGEST_ID: Final = 0x1FFF_FFFF
"""Callers may leave the flags of SocketCAN or DBC in an identifier; they are ignored."""
STANDARD_IDS: Final = 2048
LONG_FLAG: Final = 1 << 31
LARGEST_TABLE_BITS: Final = 18
MOST_HASHED: Final = 600
"""About as many as a table of `LARGEST_TABLE_BITS` keeps apart by chance."""
TRIES: Final = 64
BLOCK: Final = 1 << 16

Codes = NDArray[np.signedinteger[Any]]
Ids = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class HashTable:
    """Numbers to codes, without collisions among the numbers it was made of.

    Attributes:
        factor: odd multiplier of the hash.
        shift: bits dropped from the 32-bit product.
        keys: uint32, the number of each slot; an empty slot holds one that hashes elsewhere.
        codes: the code of each slot.
    """

    factor: int
    shift: int
    keys: Ids
    codes: Codes

    @classmethod
    def of(cls, entries: Mapping[int, int], kind: type[np.signedinteger[Any]]) -> Self | None:
        """Search a multiplier that keeps all entries apart; None if no table of a size does."""
        wanted = np.array(list(entries), np.uint32)
        random = np.random.default_rng(1)
        for bits in range(max(4, (2 * len(wanted)).bit_length()), LARGEST_TABLE_BITS + 1):
            for factor in random.integers(1 << 16, 1 << 32, TRIES, np.uint64).tolist():
                slots = cls._hash(wanted, factor | 1, 32 - bits)
                if len(np.unique(slots)) == len(wanted):
                    return cls._filled(entries, slots, factor | 1, 32 - bits, kind)
        return None

    @classmethod
    def _filled(
        cls,
        entries: Mapping[int, int],
        slots: NDArray[np.intp],
        factor: int,
        shift: int,
        kind: type[np.signedinteger[Any]],
    ) -> Self:
        size = 1 << (32 - shift)
        keys = np.full(size, LONGEST_ID + 1, np.uint32)
        codes = np.full(size, UNKNOWN, kind)
        keys[slots] = np.array(list(entries), np.uint32)
        codes[slots] = np.array(list(entries.values()), kind)
        return cls(factor, shift, keys, codes)

    @staticmethod
    def _hash(numbers: Ids, factor: int, shift: int) -> NDArray[np.intp]:
        product = numbers * np.uint32(factor)
        product >>= np.uint32(shift)
        return product.astype(np.intp)

    def find(self, numbers: Ids) -> Codes:
        """The code of each number, `UNKNOWN` for those that are not in the table."""
        slots = self._hash(numbers, self.factor, self.shift)
        codes = self.codes[slots]
        codes[self.keys[slots] != numbers] = UNKNOWN
        return codes


@dataclass(frozen=True, slots=True)
class SortedTable:
    """The same by binary search, for sets that no hash of a sensible size keeps apart."""

    keys: Ids
    codes: Codes

    @classmethod
    def of(cls, entries: Mapping[int, int], kind: type[np.signedinteger[Any]]) -> Self:
        """Sort the entries."""
        keys = np.array(sorted(entries), np.uint32)
        return cls(keys, np.array([entries[key] for key in keys.tolist()], kind))

    def find(self, numbers: Ids) -> Codes:
        """The code of each number, `UNKNOWN` for those that are not in the table."""
        places = np.minimum(np.searchsorted(self.keys, numbers), len(self.keys) - 1)
        codes = self.codes[places]
        codes[self.keys[places] != numbers] = UNKNOWN
        return codes


def _table(
    entries: Mapping[int, int], kind: type[np.signedinteger[Any]]
) -> HashTable | SortedTable | None:
    if not entries:
        return None
    found = HashTable.of(entries, kind) if len(entries) <= MOST_HASHED else None
    return found or SortedTable.of(entries, kind)


@dataclass(frozen=True)
class Router:
    """Where identifiers lead.

    Attributes:
        standard: [2048], message index per 11-bit identifier.
        exact: 29-bit identifier -> message index.
        groups: parameter group -> message index.
        exact_table: `exact` for arrays, None when empty.
        group_table: `groups` for arrays, None when empty.
    """

    standard: Codes
    exact: Mapping[int, int]
    groups: Mapping[int, int]
    exact_table: HashTable | SortedTable | None
    group_table: HashTable | SortedTable | None

    @classmethod
    def of(cls, messages: Sequence[MessageLayout]) -> Self:
        """Route to `messages`; of two with one identifier the later wins."""
        kind = np.int16 if len(messages) < 1 << 15 else np.int32
        standard: Codes = np.full(STANDARD_IDS, UNKNOWN, kind)
        exact: dict[int, int] = {}
        groups: dict[int, int] = {}
        for index, message in enumerate(messages):
            if not message.extended:
                standard[message.frame_id & (STANDARD_IDS - 1)] = index
                continue
            exact[message.frame_id] = index
            if message.j1939:
                groups.setdefault(message.pgn, index)
        return cls(
            standard,
            exact,
            groups,
            _table(exact, kind),
            _table(groups, kind),
        )

    def find(self, frame_id: int, *, extended: bool) -> int:
        """Index of the message of one identifier, or `UNKNOWN`."""
        frame_id &= LONGEST_ID
        if not extended and frame_id < STANDARD_IDS:
            return int(self.standard[frame_id])
        found = self.exact.get(frame_id, UNKNOWN)
        if found == UNKNOWN and self.groups:
            return self.groups.get(parameter_group(frame_id), UNKNOWN)
        return found

    def route(self, ids: Ids, extended: NDArray[np.bool_]) -> Codes:
        """Index of the message of each frame, [n]."""
        codes: Codes = np.empty(len(ids), self.standard.dtype)
        for begin in range(0, len(ids), BLOCK):
            part = slice(begin, begin + BLOCK)
            codes[part] = self._routed(ids[part], extended[part])
        return codes

    def _routed(self, ids: Ids, extended: NDArray[np.bool_]) -> Codes:
        """One block, small enough for the processor's cache."""
        numbers = ids & np.uint32(LONGEST_ID)
        codes: Codes = self.standard[numbers & np.uint32(STANDARD_IDS - 1)]
        long = np.flatnonzero(extended | (numbers >= STANDARD_IDS))
        if len(long):
            codes[long] = self._extended(numbers[long])
        return codes

    @cached_property
    def compiled_table(self) -> tuple[NDArray[np.uint64], int, int] | None:
        """All identifiers for compiled loops: slots, factor and shift.

        A slot holds an identifier (bit 31 marks one of 29 bits) and its code. None where J1939
        groups or the number of identifiers forbid it.
        """
        known = np.flatnonzero(self.standard != UNKNOWN).tolist()
        entries = {number: int(self.standard[number]) for number in known}
        entries |= {number | LONG_FLAG: code for number, code in self.exact.items()}
        if self.groups or not 0 < len(entries) <= MOST_HASHED:
            return None
        found = HashTable.of(entries, np.int16)
        if found is None:
            return None
        slots = found.keys.astype(np.uint64) << np.uint64(32) | found.codes.astype(np.uint16)
        return slots, found.factor, found.shift

    def route_compiled(self, ids: Ids, extended: NDArray[np.bool_]) -> Codes:
        """`route` through numba, where one table says it all."""
        from can_decoder import kernels  # noqa: PLC0415 — numba is an extra and slow to import

        if self.compiled_table is None:
            return self.route(ids, extended)
        codes: Codes = kernels.route(ids, extended.view(np.uint8), *self.compiled_table)
        return codes

    def _extended(self, ids: Ids) -> Codes:
        if self.exact_table is None:
            return np.full(len(ids), UNKNOWN, self.standard.dtype)
        codes = self.exact_table.find(ids)
        if self.group_table is not None:
            open_ = np.flatnonzero(codes == UNKNOWN)
            codes[open_] = self.group_table.find(_groups(ids[open_]))
        return codes


def _groups(ids: Ids) -> Ids:
    """`parameter_group` of each identifier."""
    group = ids >> 8 & 0x3FFFF
    return np.where(group >> 8 & 0xFF >= 0xF0, group, group & 0x3FF00).astype(np.uint32)
