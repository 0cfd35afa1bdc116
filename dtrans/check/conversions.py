"""D's conversions: promotions, common types, what is compatible with what, constant arithmetic.

The rules are C's but for the promotion to ``int``, with D's strings beside them (Guide, "Types, Operators, and
Expressions" and "Strings"). D calculates in 64-bit registers; a value takes its type's size where it is stored, cast
or recorded.
"""

from __future__ import annotations

from dtrans.check.tree import Const, Expr, L, Place, StringOf
from dtrans.types import (
    CHAR,
    INT,
    LONG,
    UINT,
    ULONG,
    Array,
    EnumRef,
    Float,
    Int,
    Pointer,
    StringType,
    StructRef,
    Type,
    Void,
)


def is_integer(kind: Type) -> bool:
    return isinstance(kind, Int | EnumRef)


def is_number(kind: Type) -> bool:
    """What fits an integer: one, or a string that a translator makes, which counts as its address."""
    return is_integer(kind) or (isinstance(kind, StringType) and kind.pointer)


def is_scalar(kind: Type) -> bool:
    """What can be tested against zero."""
    if isinstance(kind, Pointer):
        return dynamic(kind) != "argument"
    return isinstance(kind, Int | EnumRef) or (isinstance(kind, StringType) and kind.pointer)


def too_wide(kind: Type) -> bool:
    """What no register holds: D can say where it is, and no more."""
    return isinstance(kind, Float) and kind.size > 8


def dynamic(kind: Type) -> str:
    """Whether a value is what a translator makes, or a pointer to it (libdtrace dt_node_is_dynamic): "" for no."""
    made = kind.to if isinstance(kind, Pointer) else kind
    return made.dynamic if isinstance(made, StructRef) else ""


def is_char(kind: Type) -> bool:
    return isinstance(kind, Int) and kind.size == 1


def is_string(kind: Type) -> bool:
    return isinstance(kind, StringType)


def counts_as_characters(kind: Type) -> bool:
    """Whether a string is in the original a pointer to characters, or an array of them."""
    return isinstance(kind, StringType) and (kind.pointer or kind.array)


def is_string_like(kind: Type) -> bool:
    """Whether a value can stand for a string: ``string``, ``char []``, ``char *`` (libdtrace dt_node_is_strcompat)."""
    return isinstance(kind, StringType) or (isinstance(kind, Array | Pointer) and is_char(element(kind)))


def element(kind: Array | Pointer) -> Type:
    return kind.of if isinstance(kind, Array) else kind.to


def is_void_pointer(kind: Type) -> bool:
    return isinstance(kind, Pointer) and isinstance(kind.to, Void)


def fits_pointer(one: Expr[L], two: Expr[L]) -> bool:
    """Whether two values are pointers to the same, one of them to void, or one a pointer and the other the constant 0
    (libdtrace dt_node_is_ptrcompat). A translated structure is its kernel type's."""
    match one.type, two.type:
        case Pointer(to=to), Pointer(to=other):
            return isinstance(to, Void) or isinstance(other, Void) or _same(to, other)
    return (is_null(one) and is_scalar(two.type)) or (is_null(two) and is_scalar(one.type))


def _same(one: Type, two: Type) -> bool:
    """Whether two types are one, whatever their names and however their values come to be."""
    match one, two:
        case Int(_, size, signed), Int(_, other, sign):
            return size == other and signed == sign
        case Pointer(to=to), Pointer(to=other_to):
            return _same(to, other_to)
    return one == two


def characters(text: Expr[L]) -> Expr[L]:
    """Where a string's characters stand, for one that the tracer holds."""
    return text.address if isinstance(text, StringOf) and text.space == "own" else Place(text, Pointer(CHAR, "own"))


def string_address(text: Expr[L]) -> Expr[L]:
    """A string where a pointer is wanted, to characters or to void (libdtrace dt_node_is_argcompat)."""
    return text.address if isinstance(text, StringOf) and text.space != "user" else characters(text)


def is_translated(kind: Type) -> bool:
    """A structure of `translators/`, or what should point to one: only its members have values (libdtrace's <DYN>)."""
    made = kind.to if isinstance(kind, Pointer) else kind
    return isinstance(made, StructRef) and made.origin == "translated"


def is_null(value: Expr[L]) -> bool:
    """Whether a value is the constant 0, which fits any pointer and string."""
    return isinstance(value, Const) and value.value == 0


def as_int(kind: Type) -> Int:
    """The integer that a scalar counts as."""
    match kind:
        case Int():
            return kind
        case EnumRef(_, size, signed):
            return Int("int" if signed else "unsigned int", size, signed)
        case _:
            return ULONG


def common(left: Type, right: Type) -> Int:
    """The type that two numbers are calculated in: that of the higher rank, the unsigned one of two equal sizes.

    Nothing is promoted to ``int`` first (libdtrace dt_type_promote): the sum of two ``char`` is a ``char``.
    """
    one, two = as_int(left), as_int(right)
    if one.size != two.size:
        return one if one.size > two.size else two
    return two if one.signed else one


def literal_type(value: int, suffix: str, *, decimal: bool) -> Int | None:
    """The type of an integer constant (ISO C 6.4.4.1), None where there is none."""
    unsigned, long = "u" in suffix, "l" in suffix
    ladder = [(INT, 31), (UINT, 32), (LONG, 63), (ULONG, 64)]
    for kind, bits in ladder:
        if (long and kind.size == 4) or (unsigned and kind.signed) or (decimal and not unsigned and not kind.signed):
            continue
        if value < 1 << bits:
            return kind
    return None


def wrap(value: int, kind: Type) -> int:
    """A number as its type holds it."""
    number = as_int(kind)
    value &= (1 << number.size * 8) - 1
    return value - (1 << number.size * 8) if number.signed and value >> (number.size * 8 - 1) else value


def fold(op: str, left: int, right: int, kind: Int) -> Const | None:
    """Constant arithmetic in 64 bits; None where it cannot be done (division by zero waits for run time)."""
    wide = LONG if kind.signed else ULONG
    one, two = wrap(left, wide), wrap(right, wide)
    match op:
        case "+":
            value = one + two
        case "-":
            value = one - two
        case "*":
            value = one * two
        case "/" | "%" if two == 0:
            return None
        case "/":
            value = abs(one) // abs(two) * (1 if (one < 0) == (two < 0) else -1)
        case "%":
            value = abs(one) % abs(two) * (1 if one >= 0 else -1)
        case "<<":
            value = one << (two & 63)
        case ">>":
            value = one >> (two & 63)
        case "&":
            value = one & two
        case "|":
            value = one | two
        case "^":
            value = one ^ two
        case "==":
            return Const(int(one == two), INT)
        case "!=":
            return Const(int(one != two), INT)
        case "<":
            return Const(int(one < two), INT)
        case "<=":
            return Const(int(one <= two), INT)
        case ">":
            return Const(int(one > two), INT)
        case ">=":
            return Const(int(one >= two), INT)
        case "&&":
            return Const(int(bool(one) and bool(two)), INT)
        case "||":
            return Const(int(bool(one) or bool(two)), INT)
        case "^^":
            return Const(int(bool(one) != bool(two)), INT)
        case _:
            return None
    return Const(wrap(value, wide), kind)
