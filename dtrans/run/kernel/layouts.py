"""Numbers of the running kernel for a C text: offsets, sizes and addresses, as ``#define`` lines before it.

    Layout("TASK_TGID", "offset", "struct task_struct", "tgid")    ->    #define TASK_TGID 2452
    Layout("NEXT_PID", "field", "sched:sched_switch", "next_pid")  ->    #define NEXT_PID 56

The C text itself is the same for all kernels: a printed program finds its places wherever it is started.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dtrans.artifact import Layout
from dtrans.errors import DtransError, fail
from dtrans.facts import KernelFacts
from dtrans.types import Array, EnumRef, Float, Int, Pointer, Struct, StructMember, StructRef, Type

_STEP = re.compile(r"(\w+)((?:\[\d+\])*)")


def layout_prologue(layouts: Iterable[Layout], facts: KernelFacts) -> str:
    """A ``#define MACRO NUMBER`` line for each layout. Raises D_KERNEL_LAYOUT, naming what the kernel lacks."""
    return "".join(_define(layout, facts) for layout in layouts)


def _define(layout: Layout, facts: KernelFacts) -> str:
    try:
        return f"#define {layout.macro} {_number(layout, facts)}\n"
    except DtransError:
        if layout.optional:
            return ""
        raise


def _number(layout: Layout, facts: KernelFacts) -> str:
    match layout.kind:
        case "offset":
            return str(_bit_offset(layout, facts) // 8)
        case "bits":
            return str(_bit_offset(layout, facts))
        case "size":
            size = type_size(_named_type(layout, facts), facts)
            if size is None:
                raise _lacks(f"no size for '{layout.of}'")
            return str(size)
        case "field":
            return str(_field_offset(layout, facts))
        case "symbol":
            found = facts.symbol(layout.of)
            if found is None:
                raise _lacks(f"no variable '{layout.of}', or hides its address")
            return f"{found[0]:#x}ULL"
        case "function":
            if facts.function(layout.of) is None:
                raise _lacks(f"no function '{layout.of}'")
            return "1"


def _lacks(what: str) -> DtransError:
    return fail(
        "D_KERNEL_LAYOUT",
        f"the running kernel has {what}",
        hint="the program was made for another kernel: translate the D program again on this one",
    )


def _field_offset(layout: Layout, facts: KernelFacts) -> int:
    group, _, event = layout.of.partition(":")
    fields = facts.tracepoint(group, event)
    if fields is None:
        raise _lacks(f"no tracepoint '{layout.of}'")
    for field in fields:
        if field.name == layout.path:
            return field.offset
    raise _lacks(f"no field '{layout.path}' in tracepoint '{layout.of}'")


def _named_type(layout: Layout, facts: KernelFacts) -> Type:
    kind, _, tag = layout.of.partition(" ")
    if kind in ("struct", "union") and tag:
        return StructRef("struct" if kind == "struct" else "union", tag)
    found = facts.typedef(layout.of)
    if found is None:
        raise _lacks(f"no type '{layout.of}'")
    return found


def _bit_offset(layout: Layout, facts: KernelFacts) -> int:
    """The bits before a member, through structures that contain it and arrays; anonymous members are seen through."""
    kind, total = _named_type(layout, facts), 0
    for step in layout.path.split("."):
        match = _STEP.fullmatch(step)
        definition = facts.struct(kind.kind, kind.tag) if isinstance(kind, StructRef) else None
        if definition is None:
            raise _lacks(f"no type '{kind}', for '{layout.of}.{layout.path}'")
        found = find_member(definition, match[1], facts) if match else None
        if match is None or found is None:
            raise _lacks(f"no member '{layout.path}' in '{layout.of}'")
        total += found[0]
        kind = found[1].type
        for index in re.findall(r"\d+", match[2]):
            element = kind.of if isinstance(kind, Array) else None
            size = type_size(element, facts) if element is not None else None
            if element is None or size is None:
                raise _lacks(f"no array '{layout.path}' in '{layout.of}'")
            kind, total = element, total + int(index) * size * 8
    return total


def find_member(definition: Struct, name: str, facts: KernelFacts) -> tuple[int, StructMember] | None:
    """A member by name, in anonymous members too: bits from the start of the structure, and the member."""
    for member in definition.members:
        if member.name == name:
            return member.bit_offset, member
        if not member.name and isinstance(member.type, StructRef):
            inner = facts.struct(member.type.kind, member.type.tag)
            found = find_member(inner, name, facts) if inner else None
            if found:
                return member.bit_offset + found[0], found[1]
    return None


def type_size(kind: Type, facts: KernelFacts) -> int | None:
    """The size of a type in bytes; None for what has none."""
    match kind:
        case Int(size=size) | Float(size=size) | EnumRef(size=size):
            return size
        case Pointer():
            return 8
        case Array(of=of, length=length):
            element = type_size(of, facts)
            return None if element is None else element * length
        case StructRef(kind=word, tag=tag):
            definition = facts.struct(word, tag)
            return definition.size if definition else None
    return None
