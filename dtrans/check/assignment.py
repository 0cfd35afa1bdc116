"""Assignments: to variables, which the first one declares, and to scratch memory.

Before: ``self->n[arg0] += 2``  After: ``Assign(n, (Arg(0),), "+", Const(2), old=False)``
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtrans.check.conversions import is_integer, is_scalar
from dtrans.check.tree import Assign, Const, Expr, L, Load, Store, Variable
from dtrans.errors import fail
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import LONG, Pointer, Type, Void

if TYPE_CHECKING:
    from dtrans.check.expressions import Checker


def check_assign(checker: Checker[L], node: ast.Assign) -> Expr[L]:
    op = node.op[:-1]
    value = checker.check(node.value)
    if isinstance(value.type, Void):
        raise fail("D_OP_INCOMPAT", "a void value cannot be assigned", node.value.span)
    return _store(checker, node.target, op, value, node.value.span, node.span, old=False)


def check_step(checker: Checker[L], node: ast.Step) -> Expr[L]:
    op = "+" if node.op == "++" else "-"
    return _store(checker, node.operand, op, Const(1, LONG), node.span, node.span, old=node.postfix)


def _store(
    checker: Checker[L], target: ast.Expr, op: str, value: Expr[L], value_span: Span, span: Span, *, old: bool
) -> Expr[L]:
    variable, keys = _target(checker, target, LONG if op else checker.stored_type(value))
    if variable is not None:
        return _store_variable(checker, variable, keys, op, value, value_span, span, old=old)
    place = checker.check(target)
    match place:
        case Load(address, kind, "scratch", None) if is_scalar(kind):
            return Store(address, kind, op, checker.converted(value, kind, value_span), old)
        case Load():
            raise fail(
                "D_OP_WRITE",
                "a script can write to its variables and to memory from alloca() and copyin(), not to this",
                target.span,
            )
    raise fail("D_OP_LVAL", "this cannot be assigned to", target.span)


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
    if op:
        if isinstance(variable.type, Pointer) and op in ("+", "-"):
            size = 1 if isinstance(variable.type.to, Void) else checker.types.size(variable.type.to)
            scaled: Expr[L] = value if size == 1 else checker.folded("*", value, Const(size, LONG), LONG)
            return Assign(variable, keys, op, scaled, old)
        if not is_integer(variable.type) or not is_scalar(value.type):
            raise fail("D_OP_ARITH", f"'{op}=' does not apply to '{variable.type}' and '{value.type}'", span)
        return Assign(variable, keys, op, value, old)
    value = checker.decayed_unless_string(value)
    if is_integer(variable.type) and is_scalar(value.type):
        # All 64 bits are kept, whatever the variable's type: libdtrace stores registers.
        return Assign(variable, keys, "", value, old)
    return Assign(variable, keys, "", checker.converted(value, variable.type, value_span), old)


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
