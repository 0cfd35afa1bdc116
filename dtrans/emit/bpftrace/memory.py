"""Members of kernel structures, and memory at an address.

Before: ``Load(Load(curthread + Offset("struct task_struct", "real_parent")) + Offset("struct task_struct", "tgid"))``
After: ``((struct task_struct *)curtask)->real_parent->tgid``
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dtrans.check.tree import Binary, Cast, Const, Expr, Load, Offset, Read, StringOf
from dtrans.emit.bpftrace.text import Value, cast_name, constant
from dtrans.emit.bpftrace.writer import Writer
from dtrans.emit.text import is_signed
from dtrans.plan.leaves import Linux, TraceAddress
from dtrans.source import NOWHERE
from dtrans.types import ULONG, Array, Int, Pointer, Space, StringType, StructMember, StructRef, Type


@dataclass(frozen=True)
class Member:
    """A place in a structure that a pointer leads to: `base` points to the type `of`."""

    base: Expr[Linux]
    of: str
    path: str
    kind: Type


def member_at(writer: Writer, address: Expr[Linux]) -> Member | None:
    """An address as that of a member, with the members of members joined; None for another, or a place in a structure
    that has no name."""
    match address:
        case Cast(inner, Pointer()) | Binary("+", inner, Const(0)) if (found := member_at(writer, inner)) is not None:
            return found
        case Binary("+", left, Offset("offset", of, path)):
            outer = member_at(writer, left)
            if outer is not None and str(outer.kind) == of:
                return replace(outer, path=f"{outer.path}.{path}", kind=_kind(writer, of, path))
            return None if "#" in of else Member(left, of, path, _kind(writer, of, path))
        case Binary("+", left, Const(offset)):
            outer = member_at(writer, left)
            if outer is not None and isinstance(outer.kind, Array):
                size = writer.types.size(outer.kind.of)
                if size and offset % size == 0:
                    return replace(outer, path=f"{outer.path}[{offset // size}]", kind=outer.kind.of)
    return None


def load(writer: Writer, expr: Load[Linux]) -> Value:
    """The scalar at an address."""
    writer.remark("faults")
    if expr.bits is not None:
        return _bit_field(writer, expr)
    member = member_at(writer, expr.address)
    if member is not None and not isinstance(member.kind, StructRef | Array):
        text = _member_text(writer, member, expr.space)
        if isinstance(member.kind, Pointer):
            return Value(f"(uint64){text}", signed=False)
        return Value(text, is_signed(expr.type), natural=_is_narrow(expr.type))
    name = cast_name(expr.type)
    text = f"*({name} *){_at(writer, _address(writer, expr.address), expr.space)}"
    return Value(text, is_signed(expr.type), natural=_is_narrow(expr.type))


def string_at(writer: Writer, expr: StringOf[Linux]) -> str:
    """The string at an address. A character array is a string to bpftrace."""
    writer.remark("faults")
    writer.remark("strings")
    member = member_at(writer, expr.address)
    if member is not None and _is_characters(member.kind):
        return _member_text(writer, member, expr.space)
    address = _address(writer, expr.address)
    assert isinstance(expr.type, StringType)
    bound = expr.type.bound
    length = f", {bound}" if bound < min(64, writer.script.strsize) else ""
    if expr.space == "scratch":
        if not isinstance(expr.address, Read) or expr.address.variable not in writer.copied:
            raise writer.refuse("a string in memory that copyin() gave elsewhere", "it does not know where that ends")
        length = f", {writer.copied[expr.address.variable]} + 1"
    return f"str({_argument(writer, address, expr.space)}{length})"


def word_at(writer: Writer, address: Expr[Linux]) -> Value:
    """The word at a kernel's address."""
    return load(writer, Load(address, ULONG, "kernel"))


def pointer_text(writer: Writer, address: Expr[Linux], space: Space) -> str:
    """An address for str() and its kin."""
    return _argument(writer, _address(writer, address), space)


def place_number(writer: Writer, expr: Offset) -> Value:
    """A number of the kernel's layout."""
    match expr.kind:
        case "size":
            return Value(f"sizeof({expr.of})", signed=False, natural=True)
        case "symbol":
            return Value(f'kaddr("{expr.of}")', signed=False)
    writer.remark("offsets")
    where = offset_of(writer, expr.of, expr.path)
    writer.note(f"{where} is the offset of {expr.path} in {expr.of}.")
    return constant(where, signed=False)


def offset_of(writer: Writer, of: str, path: str) -> int:
    """Bytes from the start of a structure to a member, on the kernel at hand."""
    return sum(found.bit_offset // 8 for found in _members(writer, of, path))


def _members(writer: Writer, of: str, path: str) -> list[StructMember]:
    """The members that a dotted path goes through."""
    kind, _, tag = of.partition(" ")
    at: Type = StructRef("union" if kind == "union" else "struct", tag)
    found = []
    for name in path.split("."):
        assert isinstance(at, StructRef)
        member = writer.types.find(at, name, NOWHERE)
        assert member is not None
        found.append(member[1])
        at = member[1].type
    return found


def _address(writer: Writer, address: Expr[Linux]) -> Value:
    match address:
        case TraceAddress(_, name):
            raise writer.refuse(f"the array '{name}' of a tracepoint", "it takes no addresses")
    return writer.number(address)


def _at(writer: Writer, address: Value, space: Space) -> str:
    """An address in the memory that it is of: bpftrace goes by the kind of probe where it is not told."""
    text = _argument(writer, address, space)
    return f"({text})" if text == address.text else text


def _argument(writer: Writer, address: Value, space: Space) -> str:
    """The same as an argument of a function, which needs no parentheses."""
    if space in ("user", "scratch"):
        return f"uptr({address.text})"
    return f"kptr({address.text})" if writer.place.in_process else address.text


def _member_text(writer: Writer, member: Member, space: Space) -> str:
    base = _base(writer, member, space)
    return f"{base}->{member.path}"


def _base(writer: Writer, member: Member, space: Space) -> str:
    """A pointer to the structure: bpftrace knows the type of one that it has read from a member."""
    match member.base:
        case Load(address, Pointer(StructRef() as ref), inner_space, None) if str(ref) == member.of:
            inner = member_at(writer, address)
            if inner is not None and isinstance(inner.kind, Pointer) and str(inner.kind.to) == member.of:
                return _member_text(writer, inner, inner_space)
    value = writer.number(member.base)
    text = pointer_operand(value)
    if space in ("user", "scratch"):
        text = f"uptr({value.text})"
    elif writer.place.in_process:
        text = f"kptr({value.text})"
    return f"(({member.of} *){text})"


def pointer_operand(value: Value) -> str:
    """An address to cast to a pointer: without the cast to a number that it has itself. A sum is cast as a whole."""
    if value.rank == "atom" and value.text.startswith("(uint64)((struct "):
        return value.text.removeprefix("(uint64)")
    return value.operand


def _bit_field(writer: Writer, expr: Load[Linux]) -> Value:
    """A bit-field, which bpftrace reads since 0.18 only: the word that it is in, shifted."""
    assert expr.bits is not None
    offset, width = expr.bits
    name = cast_name(expr.type).lstrip("u")
    word = f"*(u{name} *){_at(writer, writer.number(expr.address), expr.space)}"
    mask = (1 << width) - 1
    text = f"(({word}) >> {offset}) & {mask}" if offset else f"({word}) & {mask}"
    if not is_signed(expr.type):
        return Value(text, rank="operation", natural=width < 64)
    field = writer.temporary(Value(text, rank="operation", natural=True))
    return Value(f"{field.text} >= {1 << (width - 1)} ? {field.text} - {1 << width} : {field.text}", rank="operation")


def _kind(writer: Writer, of: str, path: str) -> Type:
    return _members(writer, of, path)[-1].type


def _is_characters(kind: Type) -> bool:
    return isinstance(kind, Array) and isinstance(kind.of, Int) and kind.of.size == 1


def _is_narrow(kind: Type) -> bool:
    """Whether a value of the type is 0 or more whatever its sign is taken for."""
    return isinstance(kind, Int) and not kind.signed and kind.size < 8
