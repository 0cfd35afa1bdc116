"""Reads and writes of memory that the tracer itself holds: structures and arrays in variables, characters of strings,
scratch memory.

Before: ``Store(Place(Read(point)) + 4, int, "", Const(2))``  After: ``*(s32 *)(globals_->g_point + 4) = 2;``

Such memory is reached by a pointer that the verifier knows, so that a place found at run time is compared with the
bounds of what it lies in: beyond them it is a fault, as in dtrace.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

from dtrans.check.tree import (
    Binary,
    Cast,
    Const,
    Expr,
    Load,
    Offset,
    Place,
    Read,
    Store,
    StringOf,
    Text,
)
from dtrans.emit import access, strings
from dtrans.emit.nulls import nullable
from dtrans.emit.storage import Slot
from dtrans.emit.text import c_type, field_of, is_signed, number
from dtrans.emit.values import Values
from dtrans.emit.writer import BAD_ADDRESS, NO_SCRATCH
from dtrans.plan.leaves import Linux
from dtrans.types import INT, Pointer, StringType, StructRef, Type, align_up

#: Bytes that one copyin() or alloca() of a constant size gets.
_MOST_ARENA = 256 << 10


@dataclass(frozen=True)
class Own:
    """A place within a value of the tracer's own: the value, and what is added to its address."""

    of: Expr[Linux]
    steps: tuple[tuple[str, Expr[Linux]], ...]


@dataclass(frozen=True)
class Target:
    """A C pointer to writable memory; with `guard`, only where that is not NULL."""

    pointer: str
    guard: str = ""


def own_place(address: Expr[Linux]) -> Own | None:
    """An address as a place within a value of the tracer's own, or None."""
    match address:
        case Place(of, _):
            return Own(of, ())
        case Cast(inner, Pointer()):
            return own_place(inner)
        case Binary(("+" | "-") as op, left, right, _):
            found, step = own_place(left), right
            if found is None and op == "+":
                found, step = own_place(right), left
            return None if found is None else Own(found.of, (*found.steps, (op, step)))
    return None


# --- reading ----------------------------------------------------------------------------------------------


def load(values: Values, expr: Load[Linux]) -> str:
    """The scalar at an address."""
    own = own_place(expr.address)
    if own is None:
        return values.load(values.integer(expr.address), expr.type, expr.space, expr.bits)
    target = _pointer(values, own, c_size(expr.type), write=False)
    name = values.temporary(c_type(expr.type), f"*({c_type(expr.type)} *)({target.pointer})")
    return field_of(name, expr.type, expr.bits)


def address_of(values: Values, place: Place[Linux]) -> str:
    """The address of a value of the tracer's own as a number, 0 for one that was never set."""
    match place.of:
        case Text(text):
            return _constant(values, text)
        case Read() if not isinstance(place.of.type, StringType):
            return leaked(values, access.memory(values, place.of, write=False))
    slot = values.string(place.of)
    address = leaked(values, slot.address)
    if not isinstance(place.of, Read):
        address = _lasting(values, slot)
    if nullable(place.of):
        address = values.temporary("u64", f"*(u16 *)({slot.address}) ? {address} : 0")
    return address


def _constant(values: Values, text: str) -> str:
    """The address of a constant, which lasts as long as tracing: it has a place of its own."""
    shared = values.shared
    place = shared.texts.setdefault(text, len(shared.texts))
    key = values.temporary("u32", str(place))
    found = values.temporary("struct text_place *", f"texts.lookup(&{key})")
    values.fault(f"!{found}", BAD_ADDRESS)
    strings.literal(values, text, Slot(f"{found}->text", align_up(len(text) + 1, 8)), key=False)
    return leaked(values, found)


def _lasting(values: Values, slot: Slot) -> str:
    """The address of a copy of a string that was made for a statement. It lasts until the firing ends, as the scratch
    memory does that the original makes strings in."""
    address = allocate(values, Const(slot.size, INT), str(slot.size))
    at = values.temporary("u64", f"{address} - arena")
    values.add(f"BOUND({at}, ARENA_SIZE - 1);")
    values.add(f"bpf_probe_read_kernel({values.scratch_name}->arena + {at}, {slot.size}, {slot.address});")
    return address


def allocate(values: Values, size: Expr[Linux], length: str, *, spare: int = 0) -> str:
    """Scratch memory of a size, which C has as `length`, and `spare` bytes: its address. More than there is ends the
    clause."""
    values.arena(size.value + spare if isinstance(size, Const) and 0 <= size.value <= _MOST_ARENA else None)
    wanted = values.temporary("u64", length)
    values.add("arena_used = (arena_used + 7) & ~7ULL;")
    values.fault(f"{wanted} > ARENA_SIZE - 8 || arena_used + {wanted} > ARENA_SIZE - 8", NO_SCRATCH)
    address = values.temporary("u64", "arena + arena_used")
    values.add(f"arena_used += {wanted}{f' + {spare}' if spare else ''};")
    return address


def leaked(values: Values, pointer: str) -> str:
    """A pointer as a number: one that went through memory is one to the verifier."""
    values.scratch.keep("u64 leaked;", 8)
    name = values.temporary("u64")
    values.add(f"LEAK({name}, {pointer});")
    return name


def string_at(values: Values, expr: StringOf[Linux], slot: Slot, bound: int) -> bool:
    """Puts a string that stands in the tracer's own memory at a place; False for one that stands elsewhere."""
    own = own_place(expr.address)
    if own is None:
        return False
    target = _pointer(values, own, 1, write=False)
    where = leaked(values, target.pointer)
    values.add(f"STRING({slot.address}, {bound}, {where}, {values.frame.fault}, {values.frame.action});")
    return True


# --- writing ----------------------------------------------------------------------------------------------


def store(values: Values, expr: Store[Linux]) -> str:
    """Emits a store; its value, when it is a number."""
    match expr.type:
        case StructRef():
            return _copy(values, expr)
        case StringType():
            return _store_string(values, expr)
    value = values.integer(expr.value)
    if not isinstance(expr.value, Const):
        value = values.temporary(_wide(expr.type), value)
    target = _target(values, expr.address, c_size(expr.type))
    result = value
    if expr.op:
        result = values.temporary(_wide(expr.type), "0")
    with values.block(f"if ({target.guard})") if target.guard else nullcontext():
        c = c_type(expr.type)
        place = f"*({c} *)({target.pointer})"
        if expr.op:
            old = values.temporary(_wide(expr.type), field_of(values.temporary(c, place), expr.type, expr.bits))
            value = values.temporary(
                _wide(expr.type), access.operated(values, expr.type, expr.op, old, value, expr.value)
            )
            values.add(f"{result} = {old if expr.old else value};")
        values.add(f"{place} = {_inserted(place, value, expr)};")
        if isinstance(own := own_place(expr.address), Own) and isinstance(own.of.type, StringType):
            values.add(f"MARK_SET({values.string(own.of).address});")
    return result


def _inserted(place: str, value: str, expr: Store[Linux]) -> str:
    """What a unit holds after a value was put into its bit-field."""
    if expr.bits is None:
        return value
    offset, width = expr.bits
    mask = number(((1 << width) - 1) << offset, signed=False)
    return f"((u64){place} & ~(u64){mask}) | (((u64)({value}) << {offset}) & (u64){mask})"


def _wide(kind: Type) -> str:
    return "s64" if is_signed(kind) else "u64"


def _target(values: Values, address: Expr[Linux], size: int) -> Target:
    """Memory that a script may write `size` bytes of: its own, or else scratch memory that it asked for."""
    own = own_place(address)
    if own is not None:
        return _pointer(values, own, size, write=True)
    where = values.temporary("u64", values.integer(address))
    values.arena()
    place = values.temporary("u64", f"{where} - arena")
    values.fault(f"{place} > ARENA_SIZE - {size} || {place} + {size} > arena_used", BAD_ADDRESS, where)
    values.add(f"BOUND({place}, ARENA_SIZE - 1);")
    return Target(f"{values.scratch_name}->arena + {place}")


def _copy(values: Values, expr: Store[Linux]) -> str:
    """A structure copied whole. One from elsewhere is read first, so that a fault leaves the old one as it was. 0 is
    one that is all zeros."""
    source = expr.value
    size = values.types.size(expr.type)
    if isinstance(source, Const):
        values.add(f"CLEAR({_target(values, expr.address, size).pointer}, {size});")
        return "0"
    assert isinstance(source, Load)
    where = values.temporary("u64", values.integer(source.address))
    if own_place(source.address) is None:
        kept = values.slot(size)
        if source.space == "user":
            values.user_bytes(kept.address, str(size), where)
        else:
            values.fault(f"bpf_probe_read_kernel({kept.address}, {size}, (void *){where})", BAD_ADDRESS, where)
        where = leaked(values, kept.address)
    else:
        values.fault(f"!{where}", BAD_ADDRESS)
    target = _target(values, expr.address, size)
    values.add(
        f"{f'if ({target.guard}) ' if target.guard else ''}"
        f"bpf_probe_read_kernel({target.pointer}, {size}, (void *){where});"
    )
    return "0"


def put_structure(values: Values, target: str, expr: Load[Linux]) -> None:
    """The bytes of a structure, or of an array, in an array of characters."""
    size = values.types.size(expr.type)
    where = values.temporary("u64", values.integer(expr.address))
    if own_place(expr.address) is None and expr.space == "user":
        values.user_bytes(target, str(size), where)
    else:
        values.fault(f"!{where} || bpf_probe_read_kernel({target}, {size}, (void *){where})", BAD_ADDRESS, where)


def _store_string(values: Values, expr: Store[Linux]) -> str:
    source = values.text(expr.value)
    size = min(source.size, values.strsize)
    where = leaked(values, source.address)
    target = _target(values, expr.address, size)
    values.add(
        f"{f'if ({target.guard}) ' if target.guard else ''}"
        f"bpf_probe_read_kernel({target.pointer}, {size}, (void *){where});"
    )
    return "0"


# --- places -----------------------------------------------------------------------------------------------


def _pointer(values: Values, own: Own, size: int, *, write: bool) -> Target:
    """A pointer to `size` bytes within a value of the tracer's own."""
    known, offset = _offset(values, own)
    if not known:
        offset = values.temporary("u64", offset)
    base, whole, guard = _base(values, own.of, offset, write=write)
    if not known:
        values.add(f"HIDE({offset});")
        with values.block(f"if ({offset} > {whole - size})"):
            values.fault("", BAD_ADDRESS, f"{leaked(values, base)} + {offset}")
        values.add(f"HIDE({offset});")
    elif offset.lstrip("-").isdecimal() and not 0 <= int(offset) <= whole - size:
        values.fault("1", BAD_ADDRESS, f"{leaked(values, base)} + {offset}")
    return Target(f"(char *){base} + {offset}", guard)


def _offset(values: Values, own: Own) -> tuple[bool, str]:
    """What is added to a value's address as a C expression, and whether it is a constant."""
    fixed = 0
    known = True
    parts: list[str] = []
    for op, step in own.steps:
        match step:
            case Const(value, _):
                fixed += value if op == "+" else -value
            case Offset():
                parts.append(values.shared.offset(step))
            case _:
                known = False
                parts.append(f"{'0 - ' if op == '-' else ''}(u64)({values.integer(step)})")
    if fixed or not parts:
        parts.append(f"({fixed})" if parts else str(fixed))
    return known, " + ".join(parts)


def _base(values: Values, of: Expr[Linux], offset: str, *, write: bool) -> tuple[str, int, str]:
    """Where a value stands, its size, and the pointer that must not be NULL for it to be written. One that was never
    set is NULL: to read at an offset from it is a fault at that address."""
    if not isinstance(of.type, StringType):
        assert isinstance(of, Read)
        pointer = access.memory(values, of, write=write)
        guard = "" if of.variable.scope in ("this", "global") and of.variable.keys is None else pointer
        if guard and not write:
            values.fault(f"!{pointer}", BAD_ADDRESS, offset)
        return pointer, values.types.size(of.type), guard if write else ""
    slot = values.string(of)
    if nullable(of):
        values.fault(f"!*(u16 *)({slot.address})", BAD_ADDRESS, offset)
    return slot.address, slot.size, ""


def c_size(kind: Type) -> int:
    """Bytes of a scalar."""
    return int(c_type(kind)[1:]) // 8
