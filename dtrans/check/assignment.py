"""Assignments: to variables, which the first one declares, and to memory that a script may write.

Before: ``self->n[arg0] += 2``  After: ``Assign(n, (Arg(0),), "+", Const(2), old=False)``
Before: ``this->point.x = 2``  After: ``Store(Place(Read(point)), int, "", Const(2), old=False)``
"""

from __future__ import annotations

from dtrans.check.checker import Checker
from dtrans.check.conversions import is_integer, is_number, is_scalar, is_string, wrap
from dtrans.check.operators import folded
from dtrans.check.tree import Assign, Builtin, Const, Expr, L, Load, Read, Store, StringOf, Variable
from dtrans.errors import DtransError, fail
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import INT64, LONG, Array, Function, Pointer, StructRef, Type, Void


def check_assign(checker: Checker[L], node: ast.Assign) -> Expr[L]:
    value = _assigned_value(checker, node)
    if isinstance(value.type, Void):
        raise fail("D_OP_INCOMPAT", "a void value cannot be assigned", node.value.span)
    if node.op in ("/=", "%=") and isinstance(value, Const) and value.value == 0:
        raise fail("D_DIV_ZERO", "this divides by zero", node.span)
    return _store(checker, node.target, node.op[:-1], value, node.value.span, node.span, old=False)


def _assigned_value(checker: Checker[L], node: ast.Assign) -> Expr[L]:
    """The value on the right. Raises D_VAR_UNDEF where it, or an operator before ``=``, reads what nothing made yet."""
    base = node.target.base if isinstance(node.target, ast.Index) else node.target
    if not isinstance(base, ast.Name | ast.ScopedName) or checker.names.variable(base) is not None:
        return checker.check(node.value)
    outer, checker.names.assigning = checker.names.assigning, base.name if isinstance(base, ast.Name) else ""
    try:
        if node.op != "=":
            checker.check(node.target)
        return checker.check(node.value)
    finally:
        checker.names.assigning = outer


def check_step(checker: Checker[L], node: ast.Step) -> Expr[L]:
    op = "+" if node.op == "++" else "-"
    _target(checker, node.operand, INT64)
    kind = checker.check(node.operand).type
    if not is_scalar(kind):
        raise fail("D_OP_SCALAR", f"'{node.op}' needs a number or a pointer, not '{kind}'", node.span)
    return _store(checker, node.operand, op, Const(1, LONG), node.span, node.span, old=node.postfix)


def check_operand(checker: Checker[L], node: ast.Expr) -> Expr[L]:
    """The operand of an operator that has one. It makes an element, or a variable of a thread or a clause, that is not
    known yet, as a number of 64 bits (libdtrace dt_cook_op1)."""
    try:
        return checker.check(node)
    except DtransError as error:
        made = isinstance(node, ast.ScopedName) or (
            isinstance(node, ast.Index) and isinstance(node.base, ast.Name | ast.ScopedName)
        )
        if error.diagnostic.tag != "D_VAR_UNDEF" or not made:
            raise
    _target(checker, node, INT64)
    return checker.check(node)


def _store(
    checker: Checker[L], target: ast.Expr, op: str, value: Expr[L], value_span: Span, span: Span, *, old: bool
) -> Expr[L]:
    variable, keys = _target(checker, target, INT64 if op else checker.stored_type(value))
    if variable is not None and not isinstance(variable.type, StructRef | Array):
        return _store_variable(checker, variable, keys, op, value, value_span, span, old=old)
    place = checker.check(target)
    if not isinstance(place, Load | StringOf):
        raise fail("D_OP_LVAL", "this cannot be assigned to", target.span)
    if isinstance(place.type, Array | Function):
        raise fail("D_OP_ARRFUN", f"'{op}=' does not apply to a value of type '{place.type}'", target.span)
    if not _writable(checker, target):
        raise fail(
            "D_OP_WRITE",
            "a script can write to its variables and to where their pointers point, not to this",
            target.span,
        )
    return _store_memory(checker, place, op, value, value_span, span, old=old)


def _store_memory(
    checker: Checker[L],
    place: Load[L] | StringOf[L],
    op: str,
    value: Expr[L],
    value_span: Span,
    span: Span,
    *,
    old: bool,
) -> Expr[L]:
    """A value put where a member, an element or a pointer says."""
    kind = place.type
    bits = place.bits if isinstance(place, Load) else None
    if op and isinstance(kind, Pointer):
        return Store(place.address, kind, op, _scaled(checker, kind, op, value, span), old)
    if op and not (is_integer(kind) and is_integer(value.type)):
        raise fail("D_OP_INCOMPAT", f"'{op}=' does not apply to '{kind}' and '{value.type}'", span)
    if isinstance(kind, StructRef):
        return _copy_structure(checker, place.address, kind, value, value_span)
    return Store(place.address, kind, op, value if op else checker.converted(value, kind, value_span), old, bits)


def _copy_structure(checker: Checker[L], address: Expr[L], kind: StructRef, value: Expr[L], span: Span) -> Expr[L]:
    """A structure assigned to another: copied whole, or made member by member by a translator."""
    if isinstance(value, Load) and value.type == kind:
        return Store(address, kind, "", value, old=False)
    made = checker.names.translated_structure(address, kind, value)
    if made is None:
        raise fail("D_OP_INCOMPAT", f"a value of type '{value.type}' does not fit '{kind}'", span)
    return made


def _store_variable(
    checker: Checker[L],
    variable: Variable,
    keys: tuple[Expr[L], ...],
    op: str,
    value: Expr[L],
    value_span: Span,
    span: Span,
    *,
    old: bool,
) -> Expr[L]:
    kind = variable.type
    _check_kept(checker, kind, value, value_span)
    if op:
        if isinstance(kind, Pointer) and op in ("+", "-"):
            return Assign(variable, keys, op, _scaled(checker, kind, op, value, span), old)
        if not is_integer(kind) or not is_integer(value.type):
            if op in ("+", "-"):
                tag = "D_OP_INCOMPAT" if is_string(kind) or is_string(value.type) else "D_OP_VFPTR"
            else:
                tag = "D_OP_ARITH" if op in ("*", "/") else "D_OP_INT"
            raise fail(tag, f"'{op}=' does not apply to '{kind}' and '{value.type}'", span)
        return Assign(variable, keys, op, value, old)
    value = checker.decayed_unless_string(value)
    if is_integer(kind) and is_number(value.type):
        # A constant takes the variable's type if that is another one; of other numbers all 64 bits are kept: libdtrace
        # stores registers.
        if isinstance(value, Const) and value.type != kind:
            value = Const(wrap(wrap(value.value, value.type), kind), kind)
        return Assign(variable, keys, "", value, old)
    return Assign(variable, keys, "", checker.converted(value, kind, value_span), old)


def _check_kept(checker: Checker[L], kind: Type, value: Expr[L], span: Span) -> None:
    """Raises D_OP_INCOMPAT for a pointer to a structure of several origins, of which a variable does not tell the one:
    only what a built-in variable gives is always made from the same."""
    match kind:
        case Pointer(StructRef(origin="translated") as ref) if checker.types.home(ref) is None:
            if not isinstance(value, Builtin | Read | Assign | Const):
                raise fail(
                    "D_OP_INCOMPAT",
                    f"a {ref} is made from several structures of Linux, and this one cannot be kept in a variable",
                    span,
                    hint="keep the members that you need in variables instead",
                )


def _scaled(checker: Checker[L], kind: Pointer, op: str, value: Expr[L], span: Span) -> Expr[L]:
    """What is added to a pointer: so many times the size of what it points to."""
    if op not in ("+", "-") or not is_integer(value.type):
        raise fail("D_OP_INCOMPAT", f"'{op}=' does not apply to '{kind}' and '{value.type}'", span)
    if isinstance(kind.to, Void | Function):
        raise fail("D_OP_VFPTR", f"'{op}=' needs to know the size of what '{kind}' points to", span)
    size = checker.types.size(kind.to, span)
    return value if size == 1 else folded("*", value, Const(size, LONG), LONG)


def _target(checker: Checker[L], target: ast.Expr, kind: Type) -> tuple[Variable | None, tuple[Expr[L], ...]]:
    """The variable that an assignment names, and its keys."""
    match target:
        case ast.Name() | ast.ScopedName():
            return checker.names.assigned(target, None, kind), ()
        case ast.Index(ast.Name() | ast.ScopedName() as base, written, _):
            declared = checker.names.variable(base)
            if declared is not None and declared.keys is None:
                return None, ()
            keys = tuple(checker.key(key) for key in written)
            variable = checker.names.assigned(base, tuple(checker.key_type(key.type) for key in keys), kind)
            if variable is None or variable.keys is None:
                return None, ()
            return variable, checker.keys(variable, keys, target)
    return None, ()


def _writable(checker: Checker[L], node: ast.Expr) -> bool:
    """Whether a script may write there: a variable, a part of one, where a variable or a cast points
    (libdtrace's DT_NF_WRITABLE)."""
    match node:
        case ast.Name() | ast.ScopedName():
            return checker.names.variable(node) is not None
        case ast.Index(base, _, _) | ast.Member(base, _, _, _):
            return _writable(checker, base)
        case ast.Unary("*", ast.Binary("+", base, _, _), _) | ast.Unary("*", base, _):
            return _writable(checker, base)
        case ast.Cast(ast.PointerType(), _, _):
            return True
    return False
