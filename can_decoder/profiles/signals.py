"""The tracker of a vehicle bus: signals of a database to quantities.

A frame is decoded only if the profile needs its message. A frame whose checksum fails, or
whose counter stands still, updates nothing; values out of bounds are counted and dropped.
A J1939 message of more than eight bytes is heard through its transport.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from can_decoder.database import EXTENDED_KEY, REMEMBERED
from can_decoder.frames import FrameBatch, IdFilter
from can_decoder.layout import parameter_group
from can_decoder.profiles.binding import PACK, Binding, Slot
from can_decoder.profiles.bursts import OneFrame, columns_of, group_filter, rows_of
from can_decoder.profiles.tracker import PackState, TrackerCounts
from can_decoder.transport.j1939 import CONTROL, DATA, J1939Listener
from packtrail.sample import Sample

ALL_BITS: Final = 0x1FFF_FFFF
CLASSIC_BYTES: Final = 8
TRANSPORT_CONTROL: Final = 0xEC00
TRANSPORT_DATA: Final = 0xEB00
"""Parameter groups TP.CM and TP.DT of SAE J1939-21."""

Decoded = tuple[Binding, dict[str, float]]
"""Whose frame it is, and what it says."""


class SignalTracker:
    """Feeds frames through bindings into a state; see `can_decoder.profiles.tracker.Tracker`.

    Args:
        bindings: one per message that the profile needs.
        quantities: names that a snapshot always holds.
    """

    def __init__(self, bindings: Iterable[Binding], quantities: Iterable[str]) -> None:
        self.counts = TrackerCounts()
        self._state = PackState(quantities)
        self._bindings: dict[int, Binding | None] = {}
        self._groups: dict[int, Binding] = {}
        self._transport: J1939Listener | None = None
        for binding in bindings:
            layout = binding.layout
            key = layout.frame_id | EXTENDED_KEY if layout.extended else layout.frame_id
            self._bindings[key] = binding
            if layout.j1939:
                self._groups.setdefault(layout.pgn, binding)
                if layout.size > CLASSIC_BYTES and self._transport is None:
                    self._transport = J1939Listener()

    @property
    def transports(self) -> bool:
        """Whether messages of many frames are put together (J1939-21, BAM and RTS/CTS)."""
        return self._transport is not None

    def feed(self, t_ns: int, frame_id: int, is_extended: bool, data: bytes) -> None:
        """Take one frame."""
        if is_extended and self._transport and frame_id >> 16 & 0xFF in (CONTROL, DATA):
            self._reassemble(self._transport, t_ns, frame_id, data)
            return
        key = frame_id | EXTENDED_KEY if is_extended else frame_id
        try:
            binding = self._bindings[key]
        except KeyError:
            binding = self._match(key, frame_id, is_extended=is_extended)
        if binding is None:
            self.counts.unknown += 1
            return
        self._hear(t_ns, binding, data)

    def feed_batch(self, batch: FrameBatch) -> None:
        """Take a burst; of frames that later ones make up for, none is decoded."""
        frames = columns_of(batch)
        due: dict[int, Decoded | None] = {}
        for key, rows in rows_of(batch.keys()).items():
            binding = self._find(key)
            if binding is not None:
                self._choose(binding, rows, frames, due)
            elif is_transport(key):
                due |= dict.fromkeys(rows)
            else:
                self.counts.unknown += len(rows)
        for row in sorted(due):
            decoded = due[row]
            if decoded is None:
                self.feed(*frames[row])
            else:
                self._take(frames[row][0], decoded[0], frames[row][3], decoded[1])

    @property
    def filters(self) -> tuple[IdFilter, ...]:
        """All identifiers that the profile needs, transports included."""
        layouts = [binding.layout for binding in self._bindings.values() if binding]
        plain = [IdFilter(one.frame_id, ALL_BITS, one.extended) for one in layouts if not one.j1939]
        groups = {one.pgn for one in layouts if one.j1939}
        if any(one.extended and one.size > CLASSIC_BYTES for one in layouts):
            groups |= {TRANSPORT_CONTROL, TRANSPORT_DATA}
        return tuple(dict.fromkeys([*plain, *map(group_filter, sorted(groups))]))

    def snapshot(self, t_ns: int) -> Sample:
        """All quantities of the profile as of `t_ns`; NaN for what was never seen."""
        return self._state.sample(t_ns)

    def _find(self, key: int) -> Binding | None:
        try:
            return self._bindings[key]
        except KeyError:
            extended = bool(key & EXTENDED_KEY)
            return self._match(key, key & ~EXTENDED_KEY, is_extended=extended)

    def _choose(
        self,
        binding: Binding,
        rows: list[int],
        frames: list[OneFrame],
        due: dict[int, Decoded | None],
    ) -> None:
        """Decode the rows of one message that matter."""
        live, checked = binding.live, bool(binding.counter or binding.checksum)
        pages: dict[object, list[int]] = {}
        values: dict[int, dict[str, float]] = {}
        for row in rows:
            data = frames[row][3]
            if checked:
                values[row] = live[len(data)](data)
                if not self._is_sound(binding, data, values[row]):
                    continue
            pages.setdefault(binding.page(data), []).append(row)
        for page in pages.values():
            last = page[-1]
            data = frames[last][3]
            values[last] = values.get(last) or live[len(data)](data)
            if len(page) > 1 and self._is_whole(binding, data, values[last]):
                self.counts.superseded += len(page) - 1
                page = [last]  # noqa: PLW2901 - the others are made up for
            for row in page:
                data = frames[row][3]
                due[row] = (binding, values.get(row) or live[len(data)](data))

    def _is_whole(self, binding: Binding, data: bytes, values: dict[str, float]) -> bool:
        """Whether a frame updates everything that its page can."""
        slots = binding.slots
        for name, value in values.items():
            slot = slots.get(name)
            if slot is not None and not slot.admits(value):
                return False
        return not self._unavailable(binding, data)

    def _hear(self, t_ns: int, binding: Binding, data: bytes) -> None:
        values = binding.live[len(data)](data)
        if self._is_sound(binding, data, values):
            self._take(t_ns, binding, data, values)

    def _reassemble(self, transport: J1939Listener, t_ns: int, frame_id: int, data: bytes) -> None:
        """A packet; when it completes a message that the profile needs, that is taken."""
        payload = transport.feed(t_ns, 0, frame_id, data)
        if payload is None:
            return
        binding = self._groups.get(payload.pgn)
        if binding is None:
            self.counts.unknown += 1
        else:
            self._hear(t_ns, binding, payload.data)

    def _match(self, key: int, frame_id: int, *, is_extended: bool) -> Binding | None:
        """The binding of an identifier seen for the first time, by J1939 group."""
        binding = self._groups.get(parameter_group(frame_id)) if is_extended else None
        if len(self._bindings) < REMEMBERED:
            self._bindings[key] = binding
        return binding

    def _is_sound(self, binding: Binding, data: bytes, values: dict[str, float]) -> bool:
        if binding.checksum:
            stated = values.get(binding.checksum)
            if stated is None:
                self.counts.short += 1
                return False
            if binding.sum_of(data[binding.covers]) != stated:
                self.counts.checksum += 1
                return False
        return not binding.counter or self._is_next(binding, values)

    def _is_next(self, binding: Binding, values: dict[str, float]) -> bool:
        count = int(values.get(binding.counter, -1))
        if count < 0:
            self.counts.short += 1
            return False
        last, binding.last_count = binding.last_count, count
        if last < 0:
            return True
        step = (count - last) % binding.modulo
        if step == 0:
            self.counts.repeated += 1
            return False
        self.counts.skipped += step - 1
        return True

    def _take(self, t_ns: int, binding: Binding, data: bytes, values: dict[str, float]) -> None:
        invalid = self._unavailable(binding, data)
        slots = binding.slots
        taken = False
        for name, value in values.items():
            slot = slots.get(name)
            if slot is not None:
                taken |= name not in invalid and self._put(slot, value, t_ns)
                if name in invalid:
                    self.counts.invalid += 1
        if taken:
            self.counts.decoded += 1
        elif len(data) < binding.layout.size:
            self.counts.short += 1

    def _put(self, slot: Slot, signal: float, t_ns: int) -> bool:
        if not slot.admits(signal):
            self.counts.invalid += 1
            return False
        value = signal * slot.scale + slot.offset
        if slot.index == PACK:
            self._state.put(slot.quantity, value, t_ns)
        else:
            self._state.put_cell(slot.quantity, slot.index, value, t_ns)
        return True

    def _unavailable(self, binding: Binding, data: bytes) -> frozenset[str]:
        """Signals that J1939 marks; frames without 0xFE and 0xFF are not looked at twice."""
        layout = binding.layout
        if not layout.j1939 or (b"\xff" not in data and b"\xfe" not in data):
            return frozenset()
        return binding.database.invalid(layout.frame_id, layout.extended, data)


def is_transport(key: int) -> bool:
    """Whether a frame is a packet of a J1939 transport, which needs every frame in order."""
    return bool(key & EXTENDED_KEY) and key >> 16 & 0xFF in (
        TRANSPORT_CONTROL >> 8,
        TRANSPORT_DATA >> 8,
    )
