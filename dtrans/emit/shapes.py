"""Types as ``print()`` shows them: `dtrans.artifact.Shape`, made from BTF or from the program's declarations."""

from __future__ import annotations

from dtrans.artifact import Shape
from dtrans.check.conversions import is_char
from dtrans.check.typenames import TypeNames
from dtrans.types import Array, EnumRef, Float, Function, Int, Pointer, StringType, StructRef, Type
from dtrans.values import replace


def shape_of(types: TypeNames, kind: Type) -> Shape:
    """The shape of a type."""
    match kind:
        case Int(name, size, signed):
            return Shape(name, "char" if is_char(kind) and signed else "int" if signed else "uint", size)
        case EnumRef(_, size, _):
            return Shape(str(kind), "enum", size, enumerators=types.members_of(kind))
        case Float(name, size):
            return Shape(name, "float", size)
        case Pointer(Function(returns, _, _), _):
            return Shape(f"{returns} (*)()", "function", 8)
        case Pointer():
            return Shape(str(kind), "pointer", 8)
        case StringType(bound):
            return Shape("string", "string", bound)
        case Array(of, length):
            element = shape_of(types, of)
            return Shape(f"{element.name} [{length}]", "array", element.size * length, element=element, length=length)
        case StructRef():
            return _structure(types, kind)
    return Shape(str(kind), "uint", 8)


def _structure(types: TypeNames, kind: StructRef) -> Shape:
    """A structure or union: one without a tag has no name but its kind, and a space, as libctf names it."""
    layout = types.struct(kind)
    written = types.facts.written(kind.kind, kind.tag) if kind.origin == "kernel" else None
    shapes = [shape_of(types, member.type) for member in layout.members]
    if written is not None and len(written) == len(shapes):
        shapes = [_named(shape, name) for shape, name in zip(shapes, written, strict=True)]
    members = tuple(
        (member.name, member.bit_offset, member.bit_size, shape)
        for member, shape in zip(layout.members, shapes, strict=True)
    )
    unnamed = kind.tag.startswith("#") and not kind.called
    return Shape(f"{kind.kind} " if unnamed else str(kind), "struct", layout.size, members)


def _named(shape: Shape, name: str) -> Shape:
    """A shape by the name that its type was given where it is used, a typedef's say."""
    element = shape.element
    if element is not None and name.endswith("]"):
        return replace(shape, name=name, element=_named(element, name[: name.rindex(" [")]))
    return replace(shape, name=name)
