"""D's operators: what they apply to and the type of what they give (Guide, "Types, Operators, and Expressions").

Before: ``this->len * 2 > arg2``  After: ``Binary(">", Binary("*", Read(len), Const(2), int), Arg(2), int)``
"""

from __future__ import annotations

from dtrans.check.checker import Checker
from dtrans.check.conversions import (
    as_int,
    common,
    dynamic,
    fold,
    is_integer,
    is_null,
    is_scalar,
    is_string,
    is_string_like,
    is_void_pointer,
    wrap,
)
from dtrans.check.memory import advanced, check_address, deref, pointed_size, string_advanced
from dtrans.check.subroutines import STATEMENT_ONLY
from dtrans.check.tree import Binary, Compare, Cond, Const, Expr, L, Unary
from dtrans.errors import DtransError, fail
from dtrans.syntax import ast
from dtrans.types import INT, LONG, ULONG, VOID, EnumRef, Int, Pointer, StringType, Type, Void

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
#: What an operator does not apply to is refused with one of these (libdtrace dt_cook_op2).
_TAGS = {"*": "D_OP_ARITH", "/": "D_OP_ARITH", "+": "D_OP_INCOMPAT", "-": "D_OP_INCOMPAT"}


def check_unary(checker: Checker[L], node: ast.Unary) -> Expr[L]:
    match node.op:
        case "*":
            return deref(checker.decayed(checker.check(node.operand)), node.span)
        case "&":
            return check_address(checker, node)
    value = checker.operand(node.operand)
    if node.op == "!":
        value = checker.tested(value)
        if not is_scalar(value.type):
            raise fail("D_OP_SCALAR", f"'!' needs a number, not '{value.type}'", node.span)
        return Const(int(not value.value), INT) if isinstance(value, Const) else Unary("!", value, INT)
    if not is_integer(value.type):
        tag = "D_OP_INT" if node.op == "~" else "D_OP_ARITH"
        raise fail(tag, f"'{node.op}' needs an integer, not '{value.type}'", node.span)
    kind = as_int(value.type)
    if isinstance(value, Const):
        number = {"+": value.value, "-": -value.value, "~": ~value.value}[node.op]
        return Const(wrap(number, LONG if kind.signed else ULONG), kind)
    return value if node.op == "+" else Unary(node.op, value, kind)


def check_binary(checker: Checker[L], node: ast.Binary) -> Expr[L]:
    op = node.op
    left = checker.decayed_unless_string(checker.check(node.left))
    enumerator = _enumerator(checker, left, node) if op in _COMPARISONS else None
    right = checker.decayed_unless_string(checker.check(node.right)) if enumerator is None else enumerator
    if op in _COMPARISONS and (is_string(left.type) or is_string(right.type)):
        return _compare(checker, left, right, node)
    if op in ("+", "-") and (is_string(left.type) or is_string(right.type)):
        return _string_arithmetic(checker, left, right, node)
    left, right = checker.decayed(left), checker.decayed(right)
    if op in ("&&", "||", "^^"):
        left, right = checker.tested(left), checker.tested(right)
        for side, written in ((left, node.left), (right, node.right)):
            if not is_scalar(side.type):
                raise fail("D_OP_SCALAR", f"'{op}' needs numbers, not '{side.type}'", written.span)
        return folded(op, left, right, INT)
    if isinstance(left.type, Pointer) or isinstance(right.type, Pointer):
        return _pointer_binary(checker, left, right, node)
    for side, written in ((left, node.left), (right, node.right)):
        if not is_integer(side.type):
            message = f"operator '{op}' does not apply to a value of type '{side.type}'"
            raise fail("D_OP_INCOMPAT" if op in _COMPARISONS else _TAGS.get(op, "D_OP_INT"), message, written.span)
    if op in ("/", "%") and is_null(right):
        raise fail("D_DIV_ZERO", "this divides by zero", node.span)
    # A shift has its left operand's type.
    kind = as_int(left.type) if op in ("<<", ">>") else common(left.type, right.type)
    return folded(op, left, right, kind)


def folded(op: str, left: Expr[L], right: Expr[L], kind: Int) -> Expr[L]:
    """The operation, or its value where both operands are constants."""
    if isinstance(left, Const) and isinstance(right, Const):
        made = fold(op, left.value, right.value, kind)
        if made is not None:
            return made
    # The operands' common type decides how they compare; the result is an int.
    return Binary(op, left, right, INT if op in _COMPARISONS else kind)


def _enumerator(checker: Checker[L], left: Expr[L], node: ast.Binary) -> Expr[L] | None:
    """After a value of an enumeration, a name is first looked for in that enumeration."""
    if not isinstance(left.type, EnumRef) or not isinstance(node.right, ast.Name):
        return None
    name = node.right.name
    value = checker.types.enumerator_of(left.type, name)
    if value is None:
        return None
    if checker.names.variable(node.right) is not None:
        raise fail("D_IDENT_AMBIG", f"'{name}' is both an enumerator of {left.type} and a variable", node.right.span)
    return Const(value, left.type)


def _compare(checker: Checker[L], left: Expr[L], right: Expr[L], node: ast.Binary) -> Expr[L]:
    """Two strings, or a string and NULL."""
    if is_null(left) or is_null(right):
        if node.op not in ("==", "!="):
            raise fail("D_OP_INCOMPAT", f"operator '{node.op}' does not apply to a string and NULL", node.span)
        test: Expr[L] = Unary("!", right if is_null(left) else left, INT)
        return test if node.op == "==" else Unary("!", test, INT)
    return Compare(node.op, checker.string(left, node.left.span), checker.string(right, node.right.span))


def _string_arithmetic(checker: Checker[L], left: Expr[L], right: Expr[L], node: ast.Binary) -> Expr[L]:
    """``text + n``, ``n + text``, ``text - n``."""
    if is_string(left.type) and is_integer(right.type):
        return string_advanced(checker, left, right, "+" if node.op == "+" else "-")
    if is_string(right.type) and is_integer(left.type) and node.op == "+":
        return string_advanced(checker, right, left, "+")
    raise fail(
        "D_OP_INCOMPAT",
        f"operator '{node.op}' does not apply to '{left.type}' and '{right.type}'",
        node.span,
        hint="strings are joined by strjoin()" if node.op == "+" else "",
    )


def _pointer_binary(checker: Checker[L], left: Expr[L], right: Expr[L], node: ast.Binary) -> Expr[L]:
    op, one, two = node.op, left.type, right.type
    for side, written in ((left, node.left), (right, node.right)):
        if dynamic(side.type) and (op in _COMPARISONS or not is_scalar(side.type)):
            told = f"operator '{op}' does not apply to what a translator makes: name a member of it"
            raise fail(_TAGS.get(op, "D_OP_INT") if op not in _COMPARISONS else "D_OP_INCOMPAT", told, written.span)
    if op in _COMPARISONS:
        if not checker.comparable(left, right):
            raise fail("D_OP_INCOMPAT", f"'{one}' and '{two}' cannot be compared", node.span)
        return folded(op, left, right, ULONG)
    if op in ("+", "-"):
        if isinstance(one, Pointer) and is_integer(two):
            return advanced(checker, left, right, "+" if op == "+" else "-", node.span)
        if op == "+" and isinstance(two, Pointer) and is_integer(one):
            return advanced(checker, right, left, "+", node.span)
        if op == "-" and isinstance(one, Pointer) and isinstance(two, Pointer) and checker.comparable(left, right):
            size = pointed_size(checker, one, node.span)
            pointed_size(checker, two, node.span)
            difference: Expr[L] = Binary("-", left, right, LONG)
            return difference if size == 1 else Binary("/", difference, Const(size, LONG), LONG)
    tag = _TAGS.get(op, "D_OP_INT")
    raise fail(tag, f"operator '{op}' does not apply to '{one}' and '{two}'", node.span)


def check_conditional(checker: Checker[L], node: ast.Conditional) -> Expr[L]:
    test = checker.tested(checker.check(node.test))
    if not is_scalar(test.type):
        raise fail("D_OP_SCALAR", f"the test before '?' must be a number, not '{test.type}'", node.test.span)
    if isinstance(test, Const):
        # dtrace folds before it looks at the branches, and scripts rely on it: the dead one is not checked.
        return checker.check(node.then if test.value else node.other)
    then, other = checker.check(node.then), checker.check(node.other)
    if dynamic(then.type) or dynamic(other.type):
        raise fail("D_OP_DYN", "the branches of '?:' cannot be what a translator makes: name a member of it", node.span)
    if is_string(then.type) or is_string(other.type) or (is_string_like(then.type) and is_string_like(other.type)):
        return _string_conditional(checker, test, then, other, node)
    then, other = checker.decayed(then), checker.decayed(other)
    if isinstance(then.type, Pointer) or isinstance(other.type, Pointer):
        if not checker.comparable(then, other):
            raise _branches_differ(then.type, other.type, node)
        specific = isinstance(then.type, Pointer) and not is_void_pointer(then.type) and not is_null(then)
        kind = then.type if specific or not isinstance(other.type, Pointer) else other.type
        return Cond(test, then, other, kind)
    if is_integer(then.type) and is_integer(other.type):
        return Cond(test, then, other, common(then.type, other.type))
    if isinstance(then.type, Void) and isinstance(other.type, Void):
        if any(isinstance(branch, ast.Call) and branch.name in STATEMENT_ONLY for branch in (node.then, node.other)):
            raise fail("D_OP_ACT", "an action cannot be a branch of '?:' whose value is used", node.span)
        return Cond(test, then, other, VOID)
    raise _branches_differ(then.type, other.type, node)


def _branches_differ(then: Type, other: Type, node: ast.Conditional) -> DtransError:
    return fail("D_OP_INCOMPAT", f"'{then}' and '{other}' cannot be the branches of one '?:'", node.span)


def _string_conditional(
    checker: Checker[L], test: Expr[L], then: Expr[L], other: Expr[L], node: ast.Conditional
) -> Expr[L]:
    one = then if is_null(then) else checker.string(then, node.then.span)
    two = other if is_null(other) else checker.string(other, node.other.span)
    return Cond(
        test, one, two, StringType(max(side.type.bound for side in (one, two) if isinstance(side.type, StringType)))
    )
