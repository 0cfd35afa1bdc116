"""Types as ``print()`` shows them: `dtrans.artifact.Shape`, made from BTF or from the program's declarations."""

from __future__ import annotations

from dtrans.artifact import Shape
from dtrans.check.conversions import is_char
from dtrans.check.typenames import TypeNames
from dtrans.types import Array, EnumRef, Int, Pointer, StringType, StructRef, Type

#: Structures nested deeper than this are shown as their bytes: a shape is a finite tree.
_DEPTH = 8


def shape_of(types: TypeNames, kind: Type, depth: int = 0) -> Shape:
    """The shape of a type."""
    match kind:
        case Int(name, size, signed):
            return Shape(name, "char" if is_char(kind) and signed else "int" if signed else "uint", size)
        case EnumRef(_, size, _):
            return Shape(str(kind), "enum", size, enumerators=types.members_of(kind))
        case Pointer():
            return Shape(str(kind), "pointer", 8)
        case StringType(bound):
            return Shape("string", "string", bound)
        case Array(of, length):
            element = shape_of(types, of, depth + 1)
            return Shape(f"{element.name} [{length}]", "array", element.size * length, element=element, length=length)
        case StructRef():
            layout = types.struct(kind)
            members = tuple(
                (member.name, member.bit_offset, member.bit_size, shape_of(types, member.type, depth + 1))
                for member in (layout.members if depth < _DEPTH else ())
            )
            return Shape(str(kind), "struct", layout.size, members)
    return Shape(str(kind), "uint", 8)
