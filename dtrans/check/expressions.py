"""Typing of expressions: AST -> typed tree.

Before: ``this->len * 2 > arg2``  After: ``Binary(">", Binary("*", Read(len), Const(2), int), Arg(2), int)``

The checker knows D's operators; what names mean is asked of a `Names`. A script has one kind of names
(`dtrans.check.names`), an expression of a knowledge row another (`dtrans.plan.rows`): the rules of D are the same.
"""

from __future__ import annotations

from typing import Generic, Literal, Protocol

from dtrans.check.assignment import check_assign, check_step
from dtrans.check.conversions import (
    as_int,
    common,
    fold,
    is_char,
    is_integer,
    is_scalar,
    is_string,
    is_string_like,
    is_void_pointer,
    literal_type,
    promote,
    wrap,
)
from dtrans.check.subroutines import check_call
from dtrans.check.tree import (
    Binary,
    Cast,
    Comma,
    Compare,
    Cond,
    Const,
    Expr,
    L,
    Load,
    Offset,
    Read,
    StringOf,
    Text,
    Unary,
    Variable,
)
from dtrans.check.typenames import TypeNames
from dtrans.errors import fail
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import (
    INT,
    LONG,
    ULONG,
    VOID,
    Addresses,
    Array,
    EnumRef,
    Float,
    Function,
    Int,
    Pointer,
    Space,
    StringType,
    StructRef,
    Type,
    Void,
)


class Names(Protocol[L]):
    """What names mean where an expression stands. Every answer None means: no such name here."""

    def name(self, node: ast.Name) -> Expr[L] | None: ...

    def macro(self, node: ast.Macro) -> Expr[L]: ...

    def index(self, node: ast.Index) -> Expr[L] | None:
        """``args[0]``, ``uregs[R_SP]``: an array that is no place in memory and no variable."""
        ...

    def member(self, base: Expr[L], name: str, span: Span) -> Expr[L]:
        """A member of a translated structure, through a pointer to it."""
        ...

    def own_member(self, node: ast.Member) -> Expr[L] | None:
        """A member that the program itself translates: ``xlate <struct mine *>(x)->member``."""
        ...

    def translate(self, to: Type, operand: Expr[L], span: Span) -> Expr[L]: ...

    def call(self, node: ast.Call) -> Expr[L] | None:
        """A function that is no subroutine of D: a parametrised inline, an intrinsic."""
        ...

    def variable(self, node: ast.Name | ast.ScopedName) -> Variable | None:
        """The variable, scalar or associative, that a name stands for."""
        ...

    def assigned(self, node: ast.Name | ast.ScopedName, keys: tuple[Type, ...] | None, value: Type) -> Variable | None:
        """The same for an assignment, which declares the variable if it is its first."""
        ...


class Checker(Generic[L]):
    """Types expressions. `names` resolves names, `types` type names."""

    def __init__(self, types: TypeNames, names: Names[L]) -> None:
        self.types = types
        self.names = names

    def check(self, node: ast.Expr) -> Expr[L]:
        """The typed form of an expression. Raises DtransError with libdtrace's tag for what D refuses."""
        match node:
            case ast.Integer(value, suffix, decimal, _):
                return Const(value, literal_type(value, suffix, decimal=decimal))
            case ast.Character(value, _):
                return Const(wrap(value, INT), INT)
            case ast.String(value, _):
                return Text(value)
            case ast.Macro():
                return self.names.macro(node)
            case ast.Name() | ast.ScopedName():
                return self._name(node)
            case ast.KernelSymbol():
                return self._symbol(node)
            case ast.Index():
                return self._index(node)
            case ast.Member():
                return self._member(node)
            case ast.Call():
                return self._call(node)
            case ast.Unary():
                return self._unary(node)
            case ast.Step():
                return check_step(self, node)
            case ast.Binary():
                return self._binary(node)
            case ast.Conditional():
                return self._conditional(node)
            case ast.Assign():
                return check_assign(self, node)
            case ast.Comma(left, right, _):
                return Comma(self.check(left), self.check(right))
            case ast.Cast(kind, operand, span):
                return self.cast(self.check(operand), self.types.resolve(kind), span)
            case ast.SizeofType(kind, span):
                return Const(self.types.size(self.types.resolve(kind), span), ULONG)
            case ast.SizeofExpr(operand, span):
                return self._sizeof(operand, span)
            case ast.Offsetof(kind, member, span):
                return self._offsetof(kind, member, span)
            case ast.Stringof(operand, span):
                return self.stringof(self.check(operand), span)
            case ast.Xlate(kind, operand, span):
                return self.names.translate(self.types.resolve(kind), self.check(operand), span)
            case ast.Aggregation(name, _, span):
                raise fail(
                    "D_OP_ACT",
                    f"aggregation @{name} cannot be read in an expression",
                    span,
                    hint="an aggregation is assigned an aggregating function, or printed with printa()",
                )

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
        if isinstance(to, Pointer) and is_string(value.type) and is_char(to.to):
            return value  # dtrace's strings are pointers to characters
        if isinstance(to, Pointer) and isinstance(value.type, Pointer):
            return Cast(value, Pointer(to.to, value.type.space))
        if isinstance(to, Void):
            return Cast(value, to)
        if isinstance(to, Array | StructRef | Function | Float | Addresses):
            raise fail("D_CAST_INVAL", f"a value cannot be cast to '{to}'", span)
        if isinstance(value.type, StringType) and is_integer(to):
            return Unary("!", Unary("!", value, INT), INT)
        if not is_scalar(value.type) and not (isinstance(value.type, Addresses) and is_integer(to)):
            raise fail("D_CAST_INVAL", f"a value of type '{value.type}' cannot be cast to '{to}'", span)
        if isinstance(value, Const):
            return Const(wrap(value.value, to), to)
        return Cast(value, to)

    def converted(self, value: Expr[L], to: Type, span: Span, what: str = "value") -> Expr[L]:
        """A value made fit for a variable, key or argument of a type (libdtrace dt_node_is_argcompat)."""
        if is_string(to):
            if _is_null(value):
                return value
            if is_string_like(value.type):
                return self.string(value, span)
        elif isinstance(to, Pointer):
            value = self.decayed(value)
            if isinstance(value.type, Pointer) and (
                value.type == to or is_void_pointer(value.type) or is_void_pointer(to) or _is_null(value)
            ):
                return value
            if isinstance(value.type, Int) and isinstance(value, Const) and value.value == 0:
                return value
            if is_integer(value.type):
                return Cast(value, to)
        elif is_integer(to) and is_scalar(value.type):
            if isinstance(value, Const):
                return Const(wrap(value.value, to), to)
            return value if value.type == to else Cast(value, to)
        elif isinstance(to, Addresses) and isinstance(value.type, Addresses) and value.type.what == to.what:
            return value
        raise fail("D_OP_INCOMPAT", f"{what} of type '{value.type}' does not fit '{to}'", span)

    def decayed(self, value: Expr[L]) -> Expr[L]:
        """An array as a pointer to its first element."""
        match value:
            case Load(address, Array(of, _), space, _):
                return Cast(address, Pointer(of, space))
        return value

    # --- names ----------------------------------------------------------------------------------------

    def _name(self, node: ast.Name | ast.ScopedName) -> Expr[L]:
        variable = self.names.variable(node)
        if variable is not None:
            if variable.keys is not None:
                raise fail("D_OP_ARRAY", f"{node.name} is an associative array: give its keys in [ ]", node.span)
            return Read(variable, ())
        if isinstance(node, ast.Name):
            found = self.names.name(node)
            if found is not None:
                return found
            if node.name == "NULL":
                return Const(0, Pointer(VOID))
            if node.name in self.types.enumerators:
                return Const(self.types.enumerators[node.name], INT)
            value = self.types.facts.enumerator(node.name)
            if value is not None:
                return Const(value, INT)
            raise fail("D_IDENT_UNDEF", f"failed to resolve {node.name}: unknown variable name", node.span)
        raise fail(
            "D_VAR_UNDEF",
            f"{node.scope}->{node.name} has not yet been declared or assigned",
            node.span,
            hint="assign it in an earlier clause, or declare it before the first clause",
        )

    def _symbol(self, node: ast.KernelSymbol) -> Expr[L]:
        found = self.types.facts.symbol(node.name)
        if found is None:
            raise fail(
                "D_IDENT_UNDEF",
                f"this kernel offers no variable `{node.name}",
                node.span,
                hint="a kernel variable must be in /proc/kallsyms and in the kernel's BTF",
            )
        address: Expr[L] = Offset("symbol", node.name, "", ULONG)
        return Load(address, found[1], "kernel")

    # --- memory ---------------------------------------------------------------------------------------

    def _index(self, node: ast.Index) -> Expr[L]:
        special = self.names.index(node)
        if special is not None:
            return special
        if isinstance(node.base, ast.Name | ast.ScopedName):
            variable = self.names.variable(node.base)
            if variable is not None and variable.keys is not None:
                return Read(variable, self.keys(variable, tuple(self.key(key) for key in node.keys), node))
        if len(node.keys) != 1:
            raise fail("D_OP_ARRAY", "this is no associative array", node.base.span)
        base = self.check(node.base)
        index = self.integer(node.keys[0], "array index")
        decayed = self.decayed(base)
        if not isinstance(decayed.type, Pointer) or isinstance(decayed.type.to, Void | Function):
            raise fail("D_OP_ARRAY", f"a value of type '{base.type}' cannot be indexed", node.span)
        return self._deref(self._advanced(decayed, index, "+", node.span), node.span)

    def key(self, node: ast.Expr) -> Expr[L]:
        value = self.check(node)
        if isinstance(value.type, Void | StructRef | Float | Function):
            raise fail("D_KEY_TYPE", f"a value of type '{value.type}' cannot be a key", node.span)
        if isinstance(value.type, Array):
            return self.string(value, node.span) if is_string_like(value.type) else self.decayed(value)
        return value

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
            self.converted(key, kind, written.span, f"key #{number}")
            for number, (key, kind, written) in enumerate(zip(keys, variable.keys, node.keys, strict=True), 1)
        )

    def _member(self, node: ast.Member) -> Expr[L]:
        own = self.names.own_member(node)
        if own is not None:
            return own
        base = self.check(node.base)
        if node.arrow:
            base = self.decayed(base)
            if not isinstance(base.type, Pointer) or not isinstance(base.type.to, StructRef):
                raise fail("D_OP_SOU", f"'->' needs a pointer to a structure, not '{base.type}'", node.span)
            if base.type.to.origin == "translated":
                return self.names.member(base, node.name, node.span)
            return self._member_at(base, base.type.to, base.type.space, node)
        match base:
            case Load(address, StructRef() as ref, space, _):
                return self._member_at(address, ref, space, node)
        match base.type:
            case Pointer(StructRef(origin="translated")) if isinstance(node.base, ast.Index):
                return self.names.member(base, node.name, node.span)  # fds[fd].fi_name
        raise fail("D_OP_SOU", f"'.' needs a structure, not '{base.type}'", node.span)

    def _member_at(self, base: Expr[L], ref: StructRef, space: Space, node: ast.Member) -> Expr[L]:
        found = self.types.find(ref, node.name, node.span)
        if found is None:
            from dtrans.knowledge.lookup import nearest

            close = nearest(node.name, self.types.member_names(ref))
            raise fail(
                "D_TYPE_MEMBER",
                f"{ref} has no member '{node.name}' on this kernel",
                node.span,
                hint=f"did you mean {' or '.join(close)}?" if close else "",
            )
        path, member = found
        if member.bit_size:
            start = member.bit_offset // 8 // as_int(member.type).size * as_int(member.type).size
            place = self._offset_by(base, Const(start, ULONG))
            return Load(place, member.type, space, (member.bit_offset - start * 8, member.bit_size))
        if ref.origin == "program" or ref.tag.startswith("#"):
            return Load(self._offset_by(base, Const(member.bit_offset // 8, ULONG)), member.type, space)
        match base:
            case Binary("+", start_of, Offset("offset", of, outer, _), _) if not node.arrow:
                return Load(
                    Binary("+", start_of, Offset("offset", of, f"{outer}.{path}", ULONG), ULONG), member.type, space
                )
        return Load(Binary("+", base, Offset("offset", str(ref), path, ULONG), ULONG), member.type, space)

    def _offset_by(self, base: Expr[L], offset: Const) -> Expr[L]:
        return Binary("+", base, offset, ULONG) if offset.value else base

    def _deref(self, pointer: Expr[L], span: Span) -> Expr[L]:
        kind = pointer.type
        if not isinstance(kind, Pointer) or isinstance(kind.to, Void | Function):
            raise fail("D_OP_PTR", f"a value of type '{kind}' cannot be dereferenced", span)
        if isinstance(kind.to, StructRef) and kind.to.origin == "translated":
            raise fail("D_OP_PTR", f"a {kind.to} is read member by member, with '->'", span)
        return Load(pointer, kind.to, kind.space)

    def _advanced(self, pointer: Expr[L], index: Expr[L], op: Literal["+", "-"], span: Span) -> Expr[L]:
        """Pointer arithmetic: the index counts elements."""
        assert isinstance(pointer.type, Pointer)
        to = pointer.type.to
        size = 1 if isinstance(to, Void | Function) else self.types.size(to, span)
        if isinstance(index, Const):
            step: Expr[L] = Const(index.value * size, LONG)
        else:
            step = index if size == 1 else Binary("*", index, Const(size, LONG), LONG)
        return Binary(op, pointer, step, pointer.type)

    def _sizeof(self, operand: ast.Expr, span: Span) -> Expr[L]:
        value = self.check(operand)
        match value:
            case Load(_, _, _, (_, _)):
                raise fail("D_SIZEOF_BITFIELD", "sizeof does not apply to a bit-field", span)
            case Text(text):
                return Const(len(text) + 1, ULONG)
        return Const(self.types.size(value.type, span), ULONG)

    def _offsetof(self, written: ast.TypeExpr, member: str, span: Span) -> Expr[L]:
        kind = self.types.resolve(written)
        if not isinstance(kind, StructRef) or kind.origin == "translated":
            raise fail("D_OFFSETOF_TYPE", f"offsetof does not apply to '{kind}'", span)
        found = self.types.find(kind, member, span)
        if found is None:
            raise fail("D_TYPE_MEMBER", f"{kind} has no member '{member}'", span)
        if found[1].bit_size:
            raise fail("D_OFFSETOF_BITFIELD", "offsetof does not apply to a bit-field", span)
        if kind.origin == "kernel":
            return Offset("offset", str(kind), found[0], ULONG)
        return Const(found[1].bit_offset // 8, ULONG)

    # --- operators ------------------------------------------------------------------------------------

    def _unary(self, node: ast.Unary) -> Expr[L]:
        match node.op:
            case "*":
                return self._deref(self.decayed(self.check(node.operand)), node.span)
            case "&":
                value = self.check(node.operand)
                match value:
                    case Load(address, kind, space, None):
                        return Cast(address, Pointer(kind, space))
                raise fail("D_OP_LVAL", "'&' needs something that stands in memory", node.span)
            case "!":
                value = self.check(node.operand)
                if not is_scalar(value.type) and not is_string(value.type):
                    raise fail("D_OP_SCALAR", f"'!' needs a number, not '{value.type}'", node.span)
                return Const(int(not value.value), INT) if isinstance(value, Const) else Unary("!", value, INT)
        value = self.check(node.operand)
        if not is_integer(value.type):
            tag = "D_OP_INT" if node.op == "~" else "D_OP_ARITH"
            raise fail(tag, f"'{node.op}' needs an integer, not '{value.type}'", node.span)
        kind = promote(value.type)
        if isinstance(value, Const):
            number = {"+": value.value, "-": -value.value, "~": ~value.value}[node.op]
            return Const(wrap(number, LONG if kind.signed else ULONG), kind)
        if node.op == "+":
            return value
        return Unary(node.op, value, kind)

    def _binary(self, node: ast.Binary) -> Expr[L]:
        left, right = (
            self.decayed_unless_string(self.check(node.left)),
            self.decayed_unless_string(self.check(node.right)),
        )
        op = node.op
        if op in ("==", "!=", "<", "<=", ">", ">=") and (is_string(left.type) or is_string(right.type)):
            return self._compare(op, left, right, node)
        if op in ("&&", "||", "^^"):
            for side, written in ((left, node.left), (right, node.right)):
                if not is_scalar(side.type) and not is_string(side.type):
                    raise fail("D_OP_SCALAR", f"'{op}' needs numbers, not '{side.type}'", written.span)
            return self.folded(op, left, right, INT)
        left, right = self.decayed(left), self.decayed(right)
        if isinstance(left.type, Pointer) or isinstance(right.type, Pointer):
            return self._pointer_binary(op, left, right, node)
        for side, written in ((left, node.left), (right, node.right)):
            if not is_integer(side.type):
                tag = "D_OP_INT" if op in ("%", "<<", ">>", "&", "|", "^") else "D_OP_ARITH"
                raise fail(tag, f"operator '{op}' does not apply to a value of type '{side.type}'", written.span)
        kind = promote(left.type) if op in ("<<", ">>") else common(left.type, right.type)
        return self.folded(op, left, right, kind)

    def folded(self, op: str, left: Expr[L], right: Expr[L], kind: Int) -> Expr[L]:
        if isinstance(left, Const) and isinstance(right, Const):
            folded = fold(op, left.value, right.value, kind)
            if folded is not None:
                return folded
        if op in ("==", "!=", "<", "<=", ">", ">="):
            # The operands' common type decides how they compare; the result is an int.
            return Binary(op, left, right, INT)
        return Binary(op, left, right, kind)

    def _compare(self, op: str, left: Expr[L], right: Expr[L], node: ast.Binary) -> Expr[L]:
        if _is_null(left) or _is_null(right):
            if op not in ("==", "!="):
                raise fail("D_OP_INCOMPAT", f"operator '{op}' does not apply to a string and NULL", node.span)
            test: Expr[L] = Unary("!", right if _is_null(left) else left, INT)
            return test if op == "==" else Unary("!", test, INT)
        return Compare(op, self.string(left, node.left.span), self.string(right, node.right.span))

    def _pointer_binary(self, op: str, left: Expr[L], right: Expr[L], node: ast.Binary) -> Expr[L]:
        if op in ("==", "!=", "<", "<=", ">", ">="):
            if not (is_scalar(left.type) and is_scalar(right.type)):
                raise fail("D_OP_INCOMPAT", f"'{left.type}' and '{right.type}' cannot be compared", node.span)
            return self.folded(op, left, right, ULONG)
        if op in ("+", "-") and isinstance(left.type, Pointer) and is_integer(right.type):
            return self._advanced(left, right, "+" if op == "+" else "-", node.span)
        if op == "+" and isinstance(right.type, Pointer) and is_integer(left.type):
            return self._advanced(right, left, "+", node.span)
        if op == "-" and isinstance(left.type, Pointer) and left.type == right.type:
            size = 1 if isinstance(left.type.to, Void | Function) else self.types.size(left.type.to, node.span)
            difference: Expr[L] = Binary("-", left, right, LONG)
            return difference if size == 1 else Binary("/", difference, Const(size, LONG), LONG)
        raise fail("D_OP_ARITH", f"operator '{op}' does not apply to '{left.type}' and '{right.type}'", node.span)

    def decayed_unless_string(self, value: Expr[L]) -> Expr[L]:
        return value if is_string_like(value.type) else self.decayed(value)

    def _conditional(self, node: ast.Conditional) -> Expr[L]:
        test = self.check(node.test)
        if not is_scalar(test.type) and not is_string(test.type):
            raise fail("D_OP_SCALAR", f"the test before '?' must be a number, not '{test.type}'", node.test.span)
        if isinstance(test, Const):
            # dtrace folds before it looks at the branches, and scripts rely on it: the dead one is not checked.
            return self.check(node.then if test.value else node.other)
        then, other = self.check(node.then), self.check(node.other)
        if is_string(then.type) or is_string(other.type) or (is_string_like(then.type) and is_string_like(other.type)):
            return self._string_conditional(test, then, other, node)
        then, other = self.decayed(then), self.decayed(other)
        if isinstance(then.type, Pointer) or isinstance(other.type, Pointer):
            kind = then.type if isinstance(then.type, Pointer) and not _is_null(then) else other.type
            if not isinstance(kind, Pointer):
                kind = then.type
            return Cond(test, then, other, kind)
        if is_integer(then.type) and is_integer(other.type):
            return Cond(test, then, other, common(then.type, other.type))
        if isinstance(then.type, Void) and isinstance(other.type, Void):
            return Cond(test, then, other, VOID)
        raise fail("D_OP_INCOMPAT", f"'{then.type}' and '{other.type}' cannot be the branches of one '?:'", node.span)

    def _string_conditional(self, test: Expr[L], then: Expr[L], other: Expr[L], node: ast.Conditional) -> Expr[L]:
        one = Text("") if _is_null(then) else self.string(then, node.then.span)
        two = Text("") if _is_null(other) else self.string(other, node.other.span)
        assert isinstance(one.type, StringType)
        assert isinstance(two.type, StringType)
        return Cond(test, one, two, StringType(max(one.type.bound, two.type.bound)))

    # --- variables ------------------------------------------------------------------------------------

    def stored_type(self, value: Expr[L]) -> Type:
        """The type that a variable takes from the first value assigned to it."""
        match value.type:
            case StringType():
                return StringType(self.types.strsize)
            case Array(of, _) if is_string_like(value.type):
                return StringType(self.types.strsize)
            case Array(of, _):
                return Pointer(of)
            case _:
                return value.type

    def key_type(self, kind: Type) -> Type:
        return StringType(self.types.strsize) if isinstance(kind, StringType) else kind

    # --- calls ----------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Expr[L]:
        found = self.names.call(node)
        return check_call(self, node) if found is None else found


def _is_null(value: Expr[L]) -> bool:
    return isinstance(value, Const) and value.value == 0
