"""How generated functions get at raw values: one `struct` call for all that stand on bytes.

Whole-byte signals and those within one byte become items of one unpacking; signals that
straddle bytes are shifted out of the payload as one number. Small integers are cheap in
Python, large ones are not.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from can_decoder.plan import FLOAT_FORMATS, Field

INTEGER_CODES: Final = {16: "H", 32: "I", 64: "Q"}
FLOAT_CODES: Final = {16: "e", 32: "f", 64: "d"}
BYTE: Final = 8


@dataclass(slots=True)
class Item:
    """One item of the unpacking.

    Attributes:
        code: of `struct`.
        size: bytes.
        name: variable that holds it.
    """

    code: str
    size: int
    name: str


@dataclass(slots=True)
class Load:
    """Statements that load some fields of a payload of `length` bytes.

    Attributes:
        fields: index -> field.
        length: payload bytes.
        names: names that the statements use; more are added.
        lines: the statements.
    """

    fields: dict[int, Field]
    length: int
    names: dict[str, object]
    lines: list[str] = field(default_factory=list)
    _items: dict[int, Item] = field(default_factory=dict)
    _placed: dict[int, Item] = field(default_factory=dict)
    _free: list[bool] = field(default_factory=list)

    @property
    def unpacks(self) -> bool:
        """Whether one of the statements unpacks the payload, and so proves its length."""
        return bool(self._items)

    def plan(self) -> Load:
        """Decide on items and write the statements."""
        self._free = [True] * self.length
        order = self._main_order()
        for index, item in self.fields.items():
            if self._is_whole(item) and item.size > BYTE and item.order == order:
                self._place(index, item, self._code(item))
        for index, item in self.fields.items():
            if item.first == item.last:
                signed = item.size == BYTE and item.signed
                self._place(index, item, "b" if signed else "B")
        self._unpacking(order)
        self._words()
        return self

    def bits(self, index: int) -> str:
        """Expression of the raw bits as an unsigned number."""
        item = self.fields[index]
        found = self._placed.get(index)
        if found is None or found.code in "efd":
            return f"({self._shifted(item)})"
        if found.code in "bhiq":
            return f"({found.name} & {(1 << item.size) - 1:#x})"
        if found.size == 1 and item.size < BYTE:
            return f"({_cut(found.name, item.shift, item.size, BYTE)})"
        return found.name

    def raw(self, index: int) -> str:
        """Expression of the raw value: sign or floating point applied, unscaled."""
        item = self.fields[index]
        found = self._placed.get(index)
        if found is not None and (item.is_float or found.code in "bhiq"):
            return found.name
        bits = self.bits(index)
        if item.is_float:
            self.names[f"float{item.size}"] = struct.Struct(FLOAT_FORMATS[item.size]).unpack
            return f"float{item.size}({bits}.to_bytes({item.size // 8}, 'little'))[0]"
        if item.signed:
            sign = 1 << (item.size - 1)
            return f"(({bits} ^ {sign:#x}) - {sign:#x})"
        return bits

    def _main_order(self) -> str:
        whole = [f.order for f in self.fields.values() if self._is_whole(f) and f.size > BYTE]
        return Counter(whole).most_common(1)[0][0] if whole else "little"

    def _is_whole(self, item: Field) -> bool:
        return item.shift == 0 and item.size in {BYTE, *INTEGER_CODES}

    def _code(self, item: Field) -> str:
        if item.is_float:
            return FLOAT_CODES[item.size]
        code = INTEGER_CODES[item.size]
        return code.lower() if item.signed else code

    def _place(self, index: int, item: Field, code: str) -> None:
        """Give a field its item, shared with another of the same kind, if the bytes are free."""
        found = self._items.get(item.first)
        size = item.last - item.first + 1
        if found is not None and (found.code, found.size) == (code, size):
            self._placed[index] = found
        elif all(self._free[item.first : item.last + 1]):
            self._free[item.first : item.last + 1] = [False] * size
            name = f"v{len(self._items)}"
            self._items[item.first] = self._placed[index] = Item(code, size, name)

    def _unpacking(self, order: str) -> None:
        if not self._items:
            return
        text, at = "<" if order == "little" else ">", 0
        for first, item in sorted(self._items.items()):
            text += f"{first - at}x" * (first > at) + item.code
            at = first + item.size
        text += f"{self.length - at}x" * (self.length > at)
        name = f"u{len(self.names)}"
        self.names[name] = struct.Struct(text).unpack
        targets = ", ".join(item.name for _, item in sorted(self._items.items()))
        self.lines.append(f"{targets}, = {name}(data)")

    def _words(self) -> None:
        orders = {f.order for i, f in self.fields.items() if i not in self._placed}
        self.lines += [f"{order[0]} = read(data, {order!r})" for order in sorted(orders)]

    def _shifted(self, item: Field) -> str:
        if item.order == "little":
            shift = 8 * item.first + item.shift
        else:
            shift = 8 * (self.length - 1 - item.last) + item.shift
        return _cut(item.order[0], shift, item.size, 8 * self.length)


def _cut(word: str, shift: int, size: int, width: int) -> str:
    """Bits `shift` to `shift + size` of a word of `width` bits."""
    text = f"{word} >> {shift}" if shift else word
    return text if shift + size == width else f"{text} & {(1 << size) - 1:#x}"
