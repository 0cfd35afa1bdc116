"""What the typing of every kind of expression is made from: values that are converted, cast, and made keys.

Before: ``converted(Const(300), uint8_t)``  After: ``Const(44, uint8_t)``

The checker knows D's rules; what names mean is asked of a `Names`. A script has one kind of names
(`dtrans.check.names`), an expression of a knowledge row another (`dtrans.plan.rows`): the rules of D are the same.
`dtrans.check.expressions` types the nodes, by the modules between, one for each kind of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Generic, Protocol

from dtrans.check.conversions import (
    counts_as_characters,
    dynamic,
    fits_pointer,
    is_char,
    is_integer,
    is_null,
    is_number,
    is_scalar,
    is_string,
    is_string_like,
    is_translated,
    is_void_pointer,
    string_address,
    too_wide,
    wrap,
)
from dtrans.check.tree import Cast, Const, Expr, L, Load, Read, StringOf, Unary, Variable
from dtrans.check.typenames import TypeNames
from dtrans.errors import DtransError, fail
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import (
    INT,
    Addresses,
    Array,
    EnumRef,
    Float,
    Function,
    Int,
    Pointer,
    StringType,
    StructRef,
    Type,
    Void,
)


class Names(Protocol[L]):
    """What names mean where an expression stands. Every answer None means: no such name here."""

    #: The global variable that the assignment being checked would make; "" for none.
    assigning: str

    def name(self, node: ast.Name) -> Expr[L] | None: ...

    def macro(self, node: ast.Macro) -> Expr[L]: ...

    def index(self, node: ast.Index) -> Expr[L] | None:
        """``args[0]``, ``uregs[R_SP]``: an array that is no place in memory and no variable."""
        ...

    def symbol(self, node: ast.KernelSymbol) -> Expr[L] | None:
        """A kernel variable that is not simply one of this kernel."""
        ...

    def own_member(self, node: ast.Member) -> Expr[L] | None:
        """A member of something that is no value: the ``ctx->name`` of a row."""
        ...

    def translated_member(self, base: Expr[L], node: ast.Member) -> Expr[L] | None:
        """A member that a translator makes, of the value of the node's base."""
        ...

    def translated_structure(self, address: Expr[L], kind: StructRef, value: Expr[L]) -> Expr[L] | None:
        """Stores what a translator makes in a structure, or None where none does."""
        ...

    def translate(self, to: Type, operand: Expr[L], span: Span) -> Expr[L]: ...

    def call(self, node: ast.Call) -> Expr[L] | None:
        """A function that is no subroutine of D: a parametrised inline, an intrinsic."""
        ...

    def word(self, name: str, span: Span) -> str:
        """A name after ``->`` or ``.``, which a macro argument may give."""
        ...

    def variable(self, node: ast.Name | ast.ScopedName) -> Variable | None:
        """The variable, scalar or associative, that a name stands for."""
        ...

    def aggregation(self, node: ast.Aggregation) -> None:
        """Raises D_IDENT_UNDEF for an aggregation that nothing above assigns."""
        ...

    def assigned(self, node: ast.Name | ast.ScopedName, keys: tuple[Type, ...] | None, value: Type) -> Variable | None:
        """The same for an assignment, which declares the variable if it is its first."""
        ...


class Checker(ABC, Generic[L]):
    """Types expressions. `names` resolves names, `types` type names. `loose` is for rows of `translators/`, where
    addresses are numbers."""

    def __init__(self, types: TypeNames, names: Names[L], *, loose: bool = False) -> None:
        self.types = types
        self.names = names
        self.loose = loose

    @abstractmethod
    def check(self, node: ast.Expr) -> Expr[L]:
        """The typed form of an expression. Raises DtransError with libdtrace's tag for what D refuses."""

    @abstractmethod
    def operand(self, node: ast.Expr) -> Expr[L]:
        """The operand of an operator that has one, which may be a variable's first mention."""

    # --- values ---------------------------------------------------------------------------------------

    def integer(self, node: ast.Expr, what: str = "operand") -> Expr[L]:
        """An expression that must have an integer or pointer value."""
        value = self.check(node)
        if not is_scalar(value.type):
            raise fail("D_OP_SCALAR", f"{what} must be a number, not '{value.type}'", node.span)
        return value

    def constant(self, node: ast.Expr) -> int:
        """The value of an integer constant expression. Raises D_SYNTAX where it is not constant."""
        value = self.check(node)
        if not isinstance(value, Const):
            raise fail("D_SYNTAX", "an integer constant is expected here", node.span)
        return value.value

    def string(self, value: Expr[L], span: Span) -> Expr[L]:
        """A string-like value as a string."""
        match value:
            case Load(address, Array(_, length), space, _) if is_string_like(value.type):
                return StringOf(
                    address, space, StringType(min(length + 1, self.types.strsize) if length else self.types.strsize)
                )
        match value.type:
            case StringType():
                return value
            case Pointer(_, space) if is_string_like(value.type):
                return StringOf(value, space, StringType(self.types.strsize))
        raise fail("D_OP_INCOMPAT", f"a string is expected here, not '{value.type}'", span)

    def stringof(self, value: Expr[L], span: Span) -> Expr[L]:
        """``stringof``: strings stay, arrays and pointers are read, a number is a kernel address."""
        if is_string_like(value.type):
            return self.string(value, span)
        match value:
            case Load(address, Array(), space, _):
                return StringOf(address, space, StringType(self.types.strsize))
        match value.type:
            case Pointer(_, space):
                return StringOf(value, space, StringType(self.types.strsize))
            case Int() | EnumRef():
                return StringOf(value, "kernel", StringType(self.types.strsize))
        raise fail("D_STRINGOF_TYPE", f"stringof() does not apply to a value of type '{value.type}'", span)

    def cast(self, value: Expr[L], to: Type, span: Span) -> Expr[L]:
        """``(to)value``. A pointer keeps the memory that it points into."""
        value = self.decayed(value)
        if isinstance(to, StringType):
            return self.stringof(value, span)
        if isinstance(to, Pointer) and is_char(to.to) and counts_as_characters(value.type):
            return value
        if isinstance(to, Pointer) and isinstance(value.type, Pointer):
            return Cast(value, Pointer(to.to, value.type.space))
        if isinstance(to, Void):
            return Cast(value, to)
        if isinstance(to, StructRef) and value.type == to:
            return value
        if isinstance(to, Array | StructRef | Function | Float | Addresses):
            raise fail("D_CAST_INVAL", f"a value cannot be cast to '{to}'", span)
        if isinstance(value.type, StringType) and value.type.pointer and is_integer(to):
            return Unary("!", Unary("!", value, INT), INT)
        if not is_scalar(value.type) and not (isinstance(value.type, Addresses) and is_integer(to)):
            as_it_is = is_string(value.type) and isinstance(to, Pointer) and (is_char(to.to) or is_void_pointer(to))
            hint = "a string is given as it is where a pointer to characters is wanted" if as_it_is else ""
            raise fail("D_CAST_INVAL", f"a value of type '{value.type}' cannot be cast to '{to}'", span, hint=hint)
        if isinstance(value, Const):
            return Const(wrap(value.value, to), to)
        return Cast(value, to)

    def converted(self, value: Expr[L], to: Type, span: Span, what: str = "value") -> Expr[L]:
        """A value made fit for a variable, key or argument of a type (libdtrace dt_node_is_argcompat)."""
        if is_string(to):
            if is_null(value):
                return value
            if is_string_like(value.type):
                return self.string(value, span)
        elif isinstance(to, Pointer):
            value = self.decayed(value)
            if fits_pointer(Const(1, to), value):
                return value
            if is_string(value.type) and (is_char(to.to) or is_void_pointer(to)):
                return Cast(string_address(value), to)
            if self.loose and is_integer(value.type):
                return Cast(value, to)
        elif is_integer(to) and (is_number(value.type) or is_null(value) or (self.loose and is_scalar(value.type))):
            if isinstance(value, Const):
                return Const(wrap(value.value, to), to)
            return value if value.type == to else Cast(value, to)
        elif isinstance(to, Float):
            if isinstance(value.type, Float) and value.type.size == to.size:
                return value
        elif isinstance(to, Addresses):
            if isinstance(value, Const) and value.value == 0:
                return value
            if isinstance(value.type, Addresses) and _one_kind(value.type, to):
                if value.type.frames > to.frames:
                    raise fail(
                        "D_OP_INCOMPAT",
                        f"{what} of {value.type.frames} frames does not fit one of {to.frames}",
                        span,
                        hint="say the greatest number of frames where the variable is first assigned",
                    )
                return value
        raise fail("D_OP_INCOMPAT", f"{what} of type '{value.type}' does not fit '{to}'", span)

    def comparable(self, one: Expr[L], two: Expr[L]) -> bool:
        """Whether two pointers, or a pointer and a number, can be compared, or be the branches of one ``?:``."""
        return (
            fits_pointer(one, two)
            or (self.loose and is_scalar(one.type) and is_scalar(two.type))
            # A kthread_t * is a struct task_struct *.
            or (
                (is_translated(one.type) or is_translated(two.type))
                and all(isinstance(side.type, Pointer) and isinstance(side.type.to, StructRef) for side in (one, two))
            )
        )

    def tested(self, value: Expr[L]) -> Expr[L]:
        """A value whose truth is asked for: of a stack in a variable, whether there is one."""
        return Cast(value, INT) if isinstance(value, Read) and isinstance(value.type, Addresses) else value

    def decayed(self, value: Expr[L]) -> Expr[L]:
        """An array as a pointer to its first element."""
        match value:
            case Load(address, Array(of, _), space, _):
                return Cast(address, Pointer(of, space))
        return value

    def decayed_unless_string(self, value: Expr[L]) -> Expr[L]:
        return value if is_string_like(value.type) else self.decayed(value)

    # --- keys -----------------------------------------------------------------------------------------

    def key(self, node: ast.Expr) -> Expr[L]:
        """A key of an aggregation or of an associative array. A structure is one by its bytes, and so is an array; one
        of characters counts as a string."""
        if isinstance(node, ast.Aggregation):
            self.names.aggregation(node)
            raise fail("D_KEY_TYPE", f"aggregation @{node.name} cannot be a key", node.span)
        value = self.check(node)
        if isinstance(value, Load) and isinstance(value.type, StructRef) and not is_translated(value.type):
            return value
        unfit = isinstance(value.type, Void | StructRef | Function) or too_wide(value.type)
        if unfit or dynamic(value.type):
            raise fail("D_KEY_TYPE", f"a value of type '{value.type}' cannot be a key", node.span)
        if isinstance(value.type, Array):
            return self.string(value, node.span) if is_string_like(value.type) else value
        return bits_of(value)

    def keys(self, variable: Variable, keys: tuple[Expr[L], ...], node: ast.Index) -> tuple[Expr[L], ...]:
        """The keys of an associative array, made fit for its signature."""
        assert variable.keys is not None
        if len(keys) != len(variable.keys):
            raise fail(
                "D_PROTO_LEN",
                f"{variable.name}[ ] has {len(variable.keys)} keys, not {len(keys)}",
                node.span,
            )
        return tuple(
            self.fitting_key(key, kind, written.span, f"{variable.name}[ ] key #{number}")
            for number, (key, kind, written) in enumerate(zip(keys, variable.keys, node.keys, strict=True), 1)
        )

    def fitting_key(self, key: Expr[L], kind: Type, span: Span, what: str) -> Expr[L]:
        """A key made fit for the signature. Raises D_PROTO_ARG."""
        if isinstance(kind, StructRef | Array) and key.type == kind:
            return key
        if isinstance(kind, Pointer) and is_string(key.type):
            raise fail(
                "D_PROTO_ARG",
                f"{what} of type '{key.type}' does not fit '{kind}'",
                span,
                hint="declare the key as a string: a pointer is a key by its address",
            )
        try:
            return self.converted(key, kind, span, what)
        except DtransError as error:
            raise fail("D_PROTO_ARG", error.diagnostic.message, span, hint=error.diagnostic.hint) from None

    # --- variables ------------------------------------------------------------------------------------

    def stored_type(self, value: Expr[L]) -> Type:
        """The type that a variable takes from the first value assigned to it."""
        match value.type:
            case StringType(pointer=pointer, array=array):
                return StringType(self.types.strsize, pointer, array)
            case Array(of, _) if is_string_like(value.type):
                return StringType(self.types.strsize, array=True)
            case Array(of, _):
                return Pointer(of)
            case Pointer(StructRef() as ref, space):
                return Pointer(replace(ref, dynamic=""), space)
            case _:
                return value.type

    def key_type(self, kind: Type) -> Type:
        return StringType(self.types.strsize) if isinstance(kind, StringType) else kind


def bits_of(value: Expr[L]) -> Expr[L]:
    """A floating-point number as the original records it, an integer of the same bits; other values as they are."""
    match value.type:
        case Float(name, size):
            return Cast(value, Int(name, size, True))
    return value


def undefined(node: ast.Name | ast.ScopedName) -> DtransError:
    """The error of a variable that is read above everything that makes it."""
    name = node.name if isinstance(node, ast.Name) else f"{node.scope}->{node.name}"
    return fail(
        "D_VAR_UNDEF",
        f"{name} has not yet been declared or assigned",
        node.span,
        hint="assign it in an earlier clause, or declare it outside the clauses",
    )


def _one_kind(one: Addresses, two: Addresses) -> bool:
    """Whether two values hold addresses of the same sort: the stacks of ustack() and jstack() do."""
    user = ("ustack", "jstack")
    return one.what == two.what or (one.what in user and two.what in user)
