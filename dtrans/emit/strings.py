"""Strings where they stand in memory, as statements of C: copied, measured, emptied, set and compared with a constant.

Before: ``s = "abc"``  After: ``*(u64 *)(globals_->g_s + 0) = 6513249ULL;``
"""

from __future__ import annotations

from dtrans.emit.calls import To
from dtrans.emit.storage import Slot
from dtrans.emit.text import number, words
from dtrans.emit.values import Values

#: Bytes that are zeroed one word after the other: of many such stores the compiler makes a memset() that it then lacks.
_STORED = 512


def copy(values: Values, slot: Slot, source: Slot, *, key: bool = False) -> None:
    """``slot = source``. A helper does it where functions are called: it has no loop for the verifier to walk. A `key`
    has zeros behind its end, up to the slot's size."""
    if not values.calls.called:
        values.calls.statement(values, "strcpy", To(slot), source)
        if key:
            pad(values, slot)
    elif key:
        clear(values, slot)
        values.add(f"bpf_probe_read_kernel_str({slot.address}, {slot.size}, {source.address});")
    else:
        size = min(slot.size, source.size)
        values.add(f"bpf_probe_read_kernel({slot.address}, {size}, {source.address});")
        values.add(f"({slot.address})[{size - 1}] = 0;")


def pad(values: Values, slot: Slot) -> None:
    """Zeros behind a string's end."""
    values.calls.statement(values, "strpad", To(slot))


def clear(values: Values, slot: Slot) -> None:
    """Zeros."""
    values.add(f"ZERO({slot.address}, {slot.size});")


def length(values: Values, slot: Slot) -> str:
    """strlen()."""
    if not values.calls.called:
        return values.calls.expression(values, "strlen", slot)
    values.scratch.area("into", slot.size)
    read = f"bpf_probe_read_kernel_str({values.scratch_name}->into, {slot.size}, {slot.address})"
    return values.temporary("u64", f"{read} - 1")


def cut(values: Values, slot: Slot) -> None:
    """Ends a string that was made at strsize, where that is no multiple of the eight bytes that strings stand in."""
    size = values.types.strsize
    for at in range(size - 1, slot.size if size % 8 else 0):
        values.add(f"({slot.address})[{at}] = 0;")


def literal(values: Values, text: str, slot: Slot, *, key: bool) -> None:
    """A constant, cut at the slot's size."""
    text = text[: min(slot.size, values.types.strsize) - 1]
    stored = words(text, len(text) + 1)
    long = slot.size > _STORED
    if key and long:
        clear(values, slot)
    for index, word in enumerate(stored):
        values.add(f"*(u64 *)({slot.address} + {index * 8}) = {number(word, signed=False)};")
    if key and not long:
        for index in range(len(stored), slot.size // 8):
            values.add(f"*(u64 *)({slot.address} + {index * 8}) = 0;")


def equals(slot: Slot, text: str) -> str:
    """A string compared with a constant, eight bytes at a time."""
    if len(text) + 1 > slot.size:
        return "0"
    tests = []
    for index, word in enumerate(words(text, len(text) + 1)):
        bytes_left = len(text) + 1 - index * 8
        loaded = f"*(u64 *)({slot.address} + {index * 8})"
        if bytes_left < 8:
            loaded = f"({loaded} & {number((1 << bytes_left * 8) - 1, signed=False)})"
        tests.append(f"{loaded} == {number(word, signed=False)}")
    return f"({' && '.join(tests)})"
