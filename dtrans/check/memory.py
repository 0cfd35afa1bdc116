"""Places in memory: members, elements, dereferences, addresses, sizes; and the variables that are places themselves.

Before: ``args[0]->b_flags``, ``this->point.x``
After: ``Load(Binary("+", Args(0), Offset("struct buf", "b_flags")))``, ``Load(Place(Read(point)))``
"""

from __future__ import annotations

from typing import Literal

from dtrans.check.checker import Checker
from dtrans.check.conversions import as_int, characters, counts_as_characters, is_string
from dtrans.check.tree import (
    Binary,
    Cast,
    Const,
    Expr,
    L,
    Load,
    Offset,
    Place,
    Read,
    StringOf,
    Text,
    Translate,
    TranslatedMember,
    Variable,
)
from dtrans.errors import fail
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import (
    CHAR,
    INT,
    INT64,
    LONG,
    ULONG,
    Array,
    Function,
    Pointer,
    Space,
    StringType,
    StructMember,
    StructRef,
    Type,
    Void,
)
from dtrans.values import replace

#: Said of args[] of a probe that a process defines, where nothing tells its types.
_UNTYPED = (
    "nothing tells what this argument points to: a declaration of the provider would (provider NAME { probe ...; }), "
    "and copyin() reads what is there"
)


def variable_value(variable: Variable, keys: tuple[Expr[L], ...]) -> Expr[L]:
    """A variable or element: its value, or for a structure or array the place where it stands."""
    value: Expr[L] = Read(variable, keys)
    if isinstance(variable.type, StructRef | Array):
        return Load(Place(value, Pointer(variable.type, "own")), variable.type, "own")
    return value


def place(address: Expr[L], kind: Type, space: Space, bits: tuple[int, int] | None = None) -> Expr[L]:
    """What stands at an address."""
    if isinstance(kind, StringType):
        return StringOf(address, space, kind)
    return Load(address, in_space(kind, space), space, bits)


def in_space(kind: Type, space: Space) -> Type:
    """The type of a value from some memory: what stands in a process's points into it (libdtrace dt_parser.c,
    DT_NF_USERLAND)."""
    return replace(kind, space=space) if space == "user" and isinstance(kind, Pointer) else kind


def check_symbol(checker: Checker[L], node: ast.KernelSymbol, *, read: bool = True) -> Expr[L]:
    """```name``: a variable of the kernel. Of one of unknown type only the address can be had, if it is not to be
    `read`. Raises D_IDENT_UNDEF, D_SYM_NOTYPES."""
    own = checker.names.symbol(node)
    if own is not None:
        return own
    found = checker.types.facts.symbol(node.name)
    if found is None:
        raise fail(
            "D_IDENT_UNDEF",
            f"this kernel offers no variable `{node.name}",
            node.span,
            hint="a kernel variable must be in /proc/kallsyms, where only CONFIG_KALLSYMS_ALL puts most of them",
        )
    kind = checker.types.symbol(node.name, found[1])
    if read and isinstance(kind, Void):
        raise fail(
            "D_SYM_NOTYPES",
            f"no symbolic type information is available for `{node.name}",
            node.span,
            hint=f"its address can be taken, and cast to a pointer: *(int *)&`{node.name}",
        )
    return Load(Offset("symbol", node.name, "", ULONG), kind, "kernel")


# --- elements ---------------------------------------------------------------------------------------------


def check_index(checker: Checker[L], node: ast.Index, *, end: bool = False) -> Expr[L]:
    """``base[index]``: an element of an associative array, or ``*(base + index)``. `end` permits the place behind the
    last element, whose address is asked for."""
    special = checker.names.index(node)
    if special is not None:
        return special
    if isinstance(node.base, ast.Name | ast.ScopedName):
        variable = checker.names.variable(node.base)
        if variable is not None and variable.keys is not None:
            keys = tuple(checker.key(key) for key in node.keys)
            return variable_value(variable, checker.keys(variable, keys, node))
    base = checker.check(node.base)
    if len(node.keys) != 1:
        raise fail("D_ARR_BADREF", "this is no associative array, and takes one index", node.base.span)
    index = checker.integer(node.keys[0], "array index")
    _check_bounds(checker, base.type, index, node.keys[0].span, end=end)
    if is_string(base.type):
        return Load(Binary("+", characters(base), index, Pointer(CHAR, "own")), CHAR, "own")
    pointer = checker.decayed(base)
    if not isinstance(pointer.type, Pointer):
        raise fail("D_DEREF_NONPTR", f"a value of type '{base.type}' cannot be indexed", node.span)
    return deref(advanced(checker, pointer, index, "+", node.span), node.span)


def _check_bounds(checker: Checker[L], kind: Type, index: Expr[L], span: Span, *, end: bool) -> None:
    """Raises D_ARR_BOUNDS for a constant index beyond an array. One of a single element may stand for any number of
    them, at a structure's end (Oracle's dt_parser.c, dt_cook_op2)."""
    match kind, index:
        case Array(_, length), Const(number, _) if length > 1 and not 0 <= number < length + end and not checker.loose:
            raise fail("D_ARR_BOUNDS", f"index outside array bounds: {number}, of {length} elements", span)


def advanced(checker: Checker[L], pointer: Expr[L], index: Expr[L], op: Literal["+", "-"], span: Span) -> Expr[L]:
    """Pointer arithmetic: the index counts elements."""
    assert isinstance(pointer.type, Pointer)
    size = pointed_size(checker, pointer.type, span)
    if isinstance(index, Const):
        step: Expr[L] = Const(index.value * size, LONG)
    else:
        step = index if size == 1 else Binary("*", index, Const(size, LONG), LONG)
    return Binary(op, pointer, step, pointer.type)


def pointed_size(checker: Checker[L], kind: Pointer, span: Span) -> int:
    """Bytes of what a pointer points to. Raises D_OP_INCOMPAT where it has no size."""
    if not isinstance(kind.to, Void | Function):
        return checker.types.size(kind.to, span)
    if not checker.loose:
        told = f"a value of type '{kind}' has no arithmetic: what it points to has no size"
        raise fail("D_OP_INCOMPAT", told, span, hint="cast it first")
    return 1


def string_advanced(checker: Checker[L], text: Expr[L], index: Expr[L], op: Literal["+", "-"]) -> Expr[L]:
    """``text + n``: a string counts as a pointer to its characters, and gives what stands from there."""
    pointer = Pointer(CHAR, "own")
    kind = StringType(checker.types.strsize, array=counts_as_characters(text.type))
    return StringOf(Binary(op, characters(text), index, pointer), "own", kind)


def deref(pointer: Expr[L], span: Span) -> Expr[L]:
    """``*pointer``."""
    kind = pointer.type
    if is_string(kind):
        return Load(characters(pointer), CHAR, "own")
    if not isinstance(kind, Pointer):
        raise fail("D_DEREF_NONPTR", f"a value of type '{kind}' cannot be dereferenced", span)
    match kind.to:
        case Void():
            raise fail("D_DEREF_VOID", "a pointer to void cannot be dereferenced", span, hint="cast it first")
        case Function():
            raise fail("D_DEREF_FUNC", "a pointer to a function cannot be dereferenced", span)
        case StructRef() if isinstance(pointer, Translate):
            return replace(pointer, type=kind.to)
        case StructRef(origin="translated") | Pointer(StructRef(origin="translated")):
            # Memory of Linux holds no pointers to Solaris' structures: a pointer to such a pointer is that pointer.
            return Cast(pointer, kind.to)
    return place(pointer, kind.to, kind.space)


# --- members ----------------------------------------------------------------------------------------------


def check_member(checker: Checker[L], node: ast.Member) -> Expr[L]:
    """``base.name`` and ``base->name``."""
    if node.name.startswith("$"):
        node = replace(node, name=checker.names.word(node.name, node.span))
    own = checker.names.own_member(node)
    if own is not None:
        return own
    base = checker.check(node.base)
    translated = checker.names.translated_member(base, node)
    if translated is not None:
        return translated
    if node.arrow:
        base = checker.decayed(base)
        if not isinstance(base.type, Pointer):
            told = f"'->' needs a pointer to a structure, not '{base.type}'"
            raise fail("D_OP_PTR", told, node.span, hint=_UNTYPED if _is_untyped(base, node.base) else "")
        if not isinstance(base.type.to, StructRef):
            raise fail("D_OP_SOU", f"'->' needs a pointer to a structure, not '{base.type}'", node.span)
        return member_at(checker, base, base.type.to, base.type.space, node)
    match base:
        case Load(address, StructRef() as ref, space, _):
            return member_at(checker, address, ref, space, node)
    raise fail("D_OP_SOU", f"'.' needs a structure, not '{base.type}'", node.span)


def _is_untyped(base: Expr[L], node: ast.Expr) -> bool:
    """Whether a value is an argument of which only a process knows the type."""
    match node:
        case ast.Index(base=ast.Name("args")):
            return base.type == INT64
    return False


def member_at(checker: Checker[L], base: Expr[L], ref: StructRef, space: Space, node: ast.Member) -> Expr[L]:
    """The member that a node names of the structure at an address."""
    if not checker.types.is_complete(ref):
        raise fail(
            "D_OP_INCOMPLETE",
            f"{ref} is only named: its members are not known",
            node.span,
            hint=checker.types.why_absent(str(ref)),
        )
    path, member = find_member(checker, ref, node.name, node.span)
    if member.bit_size:
        start, bits = bit_field(member)
        return Load(offset_by(base, Const(start, ULONG)), member.type, space, bits)
    if ref.origin == "program" or ref.tag.startswith("#"):
        return place(offset_by(base, Const(member.bit_offset // 8, ULONG)), member.type, space)
    kind = in_space(member.type, space)
    match base:
        case Binary("+", start_of, Offset("offset", of, outer, _), _) if not node.arrow:
            return Load(Binary("+", start_of, Offset("offset", of, f"{outer}.{path}", ULONG), ULONG), kind, space)
    return Load(Binary("+", base, Offset("offset", str(ref), path, ULONG), ULONG), kind, space)


def find_member(checker: Checker[L], ref: StructRef, name: str, span: Span) -> tuple[str, StructMember]:
    """A member by name: its path and place. Raises D_TYPE_MEMBER."""
    found = checker.types.find(ref, name, span)
    if found is None:
        from dtrans.knowledge.lookup import nearest

        close = nearest(name, checker.types.member_names(ref))
        where = " on this kernel" if ref.origin == "kernel" else ""
        raise fail(
            "D_TYPE_MEMBER",
            f"{ref} has no member '{name}'{where}",
            span,
            hint=f"did you mean {' or '.join(close)}?" if close else "",
        )
    return found


def bit_field(member: StructMember) -> tuple[int, tuple[int, int]]:
    """Where a bit-field is read: the byte at which its unit begins, and its bits within the unit."""
    unit = as_int(member.type).size
    start = member.bit_offset // 8 // unit * unit
    return start, (member.bit_offset - start * 8, member.bit_size)


def offset_by(base: Expr[L], offset: Const) -> Expr[L]:
    return Binary("+", base, offset, ULONG) if offset.value else base


# --- addresses and sizes ----------------------------------------------------------------------------------


def check_address(checker: Checker[L], node: ast.Unary) -> Expr[L]:
    """``&operand``."""
    if isinstance(node.operand, ast.Aggregation):
        raise fail("D_ADDROF_VAR", "an aggregation has no address", node.span)
    match node.operand:
        case ast.KernelSymbol() as symbol:
            value = check_symbol(checker, symbol, read=False)
        case ast.Index() as element:
            value = check_index(checker, element, end=True)
        case operand:
            value = checker.check(operand)
    match value:
        case Read() | Load(Place(Read()), _, _, None):
            raise fail("D_ADDROF_VAR", "the address of a variable cannot be taken", node.span)
        case Load(_, _, _, (_, _)):
            raise fail("D_ADDROF_BITFIELD", "the address of a bit-field cannot be taken", node.span)
        case Load(address, kind, space, None) | StringOf(address, space, kind):
            return Cast(address, Pointer(kind, space))
        case TranslatedMember(type=StructRef() as ref):
            return Cast(value, Pointer(ref))
    names_variable = isinstance(node.operand, ast.Name | ast.Index) and not isinstance(value, Const)
    if names_variable or isinstance(value, Translate):
        raise fail("D_ADDROF_VAR", "the address of a variable of D cannot be taken", node.span)
    raise fail("D_ADDROF_LVAL", "'&' needs something that stands in memory", node.span)


def is_null_name(node: ast.Expr) -> bool:
    """``NULL``, which fits every pointer and is an int where it is printed or measured: the original has an inline."""
    return isinstance(node, ast.Name) and node.name == "NULL"


def check_sizeof(checker: Checker[L], operand: ast.Expr, span: Span) -> Expr[L]:
    match operand:
        case ast.KernelSymbol(module, name) if (
            module and (kind := checker.types.scoped(f"{module}`{name}")) is not None
        ):
            return Const(checker.types.size(kind, span), ULONG)
    value: Expr[L] = Const(0, INT) if is_null_name(operand) else checker.check(operand)
    match value:
        case Load(_, _, _, (_, _)):
            raise fail("D_SIZEOF_BITFIELD", "sizeof does not apply to a bit-field", span)
        case Text(text):
            return Const(len(text) + 1, ULONG)
    return Const(checker.types.size(value.type, span), ULONG)


def check_offsetof(checker: Checker[L], written: ast.TypeExpr, member: str, span: Span) -> Expr[L]:
    kind = checker.types.resolve(written)
    known = isinstance(kind, StructRef) and kind.origin != "translated" and checker.types.is_complete(kind)
    if not isinstance(kind, StructRef) or not known:
        raise fail("D_OFFSETOF_TYPE", f"offsetof does not apply to '{kind}'", span)
    path, found = find_member(checker, kind, member, span)
    if found.bit_size:
        raise fail("D_OFFSETOF_BITFIELD", "offsetof does not apply to a bit-field", span)
    if kind.origin == "kernel":
        return Offset("offset", str(kind), path, ULONG)
    return Const(found.bit_offset // 8, ULONG)
