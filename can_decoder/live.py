"""Live decoding: a Python function generated per message and payload length.

A payload enters, a dict of physical values leaves. Lengths are fixed when the function is
made, so a signal outside the payload costs nothing and needs no test. Values are those of
the plan, integer where scale and offset are.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from can_decoder.loading import Load
from can_decoder.plan import NO_PARENT, Plan

Decode = Callable[[bytes], dict[str, float]]

LONGEST_FRAME = 64
"""Longer payloads come from transport protocols; they are cut to what the plan needs."""
FEW_BRANCHES = 3
"""Up to here a chain of comparisons beats a table of functions."""
WIDE_RANGE = 64
"""Ranges beyond this many values are compared, not enumerated."""


class LiveMessage(dict[int, Decode]):
    """Payload length -> decoding function of one message, each made when first needed."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan

    def __missing__(self, length: int) -> Decode:
        if length > max(self.plan.needed, LONGEST_FRAME):
            whole, needed = self[self.plan.needed], self.plan.needed
            decode: Decode = lambda data: whole(data[:needed])  # noqa: E731 — closes over two names
        else:
            decode = generate(self.plan, length)
        self[length] = decode
        return decode

    def decode(self, data: bytes) -> dict[str, float]:
        """Decode a payload of any length."""
        return self[len(data)](data)


def generate(plan: Plan, length: int) -> Decode:
    """Make the function that decodes payloads of `length` bytes.

    It raises `struct.error` for payloads of any other length.
    """
    source = _Source(plan, length)
    text = source.write()
    names: dict[str, object] = dict(source.names)
    code = compile(text, f"<plan of {plan.name}, {length} bytes>", "exec")
    # the text holds numbers and quoted names of the plan only
    exec(code, names)  # noqa: S102
    decode: Decode = names["decode"]  # type: ignore[assignment]  # the text defines it
    return decode


@dataclass(slots=True)
class _Source:
    """Writes the text of one function and of those that it calls."""

    plan: Plan
    length: int
    names: dict[str, object] = field(default_factory=lambda: {"read": int.from_bytes})
    functions: list[str] = field(default_factory=list)

    def write(self) -> str:
        roots = self._present(NO_PARENT)
        load = self._load(roots)
        values = ", ".join(f"{self.plan.fields[i].name!r}: {self._value(i, load)}" for i in roots)
        branches = [line for index in roots for line in self._branches(index, load)]
        first = "out =" if branches else "return"
        end = [f"{first} {{{values}}}", *branches, *(["return out"] if branches else [])]
        main = [*self._guard(load), *load.lines, *end]
        return "\n".join([*self.functions, "def decode(data):", *("    " + line for line in main)])

    def _guard(self, load: Load) -> list[str]:
        """Refuse other lengths, where no unpacking does."""
        if load.unpacks:
            return []
        self.names["refuse"] = struct.Struct(f"{self.length}x").unpack
        return [f"if len(data) != {self.length}: refuse(data)"]

    def _present(self, parent: int) -> list[int]:
        fields = self.plan.fields
        return [i for i, f in enumerate(fields) if f.parent == parent and f.last < self.length]

    def _load(self, indices: list[int]) -> Load:
        fields = {index: self.plan.fields[index] for index in indices}
        return Load(fields, self.length, self.names).plan()

    def _value(self, index: int, load: Load) -> str:
        item = self.plan.fields[index]
        text = load.raw(index)
        if item.scale != 1:
            text = f"{text} * {self._number(item.scale)}"
        return f"{text} + {self._number(item.offset)}" if item.offset else text

    def _number(self, value: float) -> str:
        if math.isfinite(value):
            return f"({value!r})" if value < 0 else repr(value)
        name = f"n{len(self.names)}"
        self.names[name] = value
        return name

    def _branches(self, switch: int, load: Load) -> list[str]:
        """Statements that add what depends on the multiplexor `switch`."""
        members = self._present(switch)
        if not members:
            return []
        chosen, wide = self._by_value(members)
        lines = [f"r{switch} = {load.bits(switch)}"]
        if len(chosen) > FEW_BRANCHES:
            lines += self._table(switch, chosen)
        else:
            for value, indices in chosen.items():
                lines += [f"if r{switch} == {value}:", *self._block(indices)]
        for index in wide:
            tests = " or ".join(
                f"{low} <= r{switch} <= {high}" for low, high in self.plan.fields[index].ranges
            )
            lines += [f"if {tests}:", *self._block([index])]
        return lines

    def _by_value(self, members: list[int]) -> tuple[dict[int, list[int]], list[int]]:
        """Members per multiplexor value, and those whose ranges are too wide for that."""
        chosen: dict[int, list[int]] = {}
        wide = []
        for index in members:
            ranges = self.plan.fields[index].ranges
            if sum(high - low + 1 for low, high in ranges if high >= low) > WIDE_RANGE:
                wide.append(index)
                continue
            values = {v for low, high in ranges for v in range(low, high + 1)}
            for value in sorted(values):
                chosen.setdefault(value, []).append(index)
        return chosen, wide

    def _block(self, indices: list[int]) -> list[str]:
        """Indented statements that add some fields and what depends on them."""
        load = self._load(indices)
        names = [self.plan.fields[index].name for index in indices]
        lines = [
            *load.lines,
            *(
                f"out[{name!r}] = {self._value(index, load)}"
                for name, index in zip(names, indices, strict=True)
            ),
        ]
        for index in indices:
            lines += self._branches(index, load)
        return ["    " + line for line in lines]

    def _table(self, switch: int, chosen: dict[int, list[int]]) -> list[str]:
        """One function per set of members, found by the multiplexor's value."""
        functions: dict[tuple[int, ...], str] = {}
        entries = []
        for value, indices in chosen.items():
            name = functions.setdefault(tuple(indices), f"m{switch}_{len(functions)}")
            entries.append(f"{value}: {name}")
        for members, name in functions.items():
            self.functions += [f"def {name}(data, out):", *self._block(list(members))]
        self.functions.append(f"t{switch} = {{{', '.join(entries)}}}")
        return [
            f"f{switch} = t{switch}.get(r{switch})",
            f"if f{switch}:",
            f"    f{switch}(data, out)",
        ]
