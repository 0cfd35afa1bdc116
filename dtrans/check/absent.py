"""What a clause makes that cannot be typed, for none of its probes is here (-Z): variables and aggregations that are
never set, so that the clauses that read or print them hold.

Before: ``fbt::nosuch:entry { self->name = stringof(args[0]->v_path); }``  After: ``Variable("self", "name", string)``
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from dtrans.check.checker import Checker
from dtrans.check.subroutines import PROTOTYPES
from dtrans.check.tree import Solaris
from dtrans.errors import DtransError
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import INT64, StringType, Type


def assignments(node: object) -> Iterator[tuple[ast.Expr, ast.Expr | None]]:
    """What a tree, or a tuple of them, assigns, in the order written: the target, and the value of ``=``."""
    match node:
        case tuple():
            for part in node:
                yield from assignments(part)
            return
        case ast.Assign(op, target, value, _):
            yield target, value if op == "=" else None
        case ast.Step(operand=target):
            yield target, None
    if is_dataclass(node) and not isinstance(node, Span):
        for part in fields(node):
            yield from assignments(getattr(node, part.name))


def guessed(checker: Checker[Solaris], node: ast.Expr | None) -> Type:
    """The type of a value, or what its form tells of it."""
    if node is None:
        return INT64
    try:
        return checker.stored_type(checker.check(node))
    except DtransError:
        return StringType(checker.types.strsize) if _is_text(node) else INT64


def _is_text(node: ast.Expr) -> bool:
    match node:
        case ast.Stringof() | ast.String():
            return True
        case ast.Call(name, _, _):
            return name in PROTOTYPES and PROTOTYPES[name].result == "string"
        case ast.Conditional(_, then, other, _):
            return _is_text(then) or _is_text(other)
    return False
