"""Folding: what a plan knows at compile time, it does not ask at run time.

Before: ``probefunc == "read"`` at every system call  After: ``CallIn((0,))``, or a constant where one probe fires.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dtrans.artifact import Probe
from dtrans.check.conversions import as_int, common, fold, is_scalar
from dtrans.check.tree import (
    Act,
    Aggregate,
    Assign,
    Binary,
    Call,
    Cast,
    Comma,
    Compare,
    Cond,
    Const,
    Do,
    Expr,
    If,
    Late,
    Load,
    Offset,
    Place,
    Read,
    Statement,
    Store,
    StringOf,
    Text,
    Unary,
)
from dtrans.plan.leaves import CallIn, Linux, ProbeIn, ProbePart
from dtrans.types import INT, Int, Space, StringType, Type

_COMPARISONS: Mapping[str, Callable[[bytes, bytes], bool]] = {
    "==": lambda one, two: one == two,
    "!=": lambda one, two: one != two,
    "<": lambda one, two: one < two,
    "<=": lambda one, two: one <= two,
    ">": lambda one, two: one > two,
    ">=": lambda one, two: one >= two,
}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Folder:
    """Folds the expressions of one clause, whose probes are known, all or (an empty mapping) none. `direct`: those
    told by a system call's number."""

    def __init__(self, probes: Mapping[int, Probe], direct: Mapping[int, int]) -> None:
        self.probes = probes
        self.direct = direct

    def fold(self, expr: Expr[Linux]) -> Expr[Linux]:
        """The same expression, simpler."""
        go = self.fold
        match expr:
            case ProbePart():
                return self._part(expr)
            case Compare(op, left, right):
                return self._compare(op, go(left), go(right))
            case Cond(test, then, other, kind):
                return self._cond(go(test), go(then), go(other), expr)
            case Unary(op, operand, kind):
                inner = go(operand)
                if op == "!" and isinstance(inner, Const):
                    return Const(int(not inner.value), INT)
                if op == "!" and isinstance(inner, Text):
                    return Const(0, INT)
                return Unary(op, inner, kind)
            case Binary(op, left, right, kind):
                return self._binary(op, go(left), go(right), expr)
            case Cast(operand, kind):
                return Cast(go(operand), kind)
            case Comma(left, right):
                return Comma(go(left), go(right))
            case Load(address, kind, space, bits):
                return Load(go(address), kind, space, bits)
            case Place(of, kind):
                return Place(of if isinstance(of, Text) else go(of), kind)
            case Store(address, kind, op, value, old, bits):
                return Store(go(address), kind, op, go(value), old, bits)
            case Assign(variable, keys, op, value, old):
                return Assign(variable, tuple(map(go, keys)), op, go(value), old)
            case Read(variable, keys):
                return Read(variable, tuple(map(go, keys)))
            case StringOf(address, space, kind):
                return _string_of(go(address), space, kind)
            case Call(name, args, kind, span):
                return Call(name, tuple(map(go, args)), kind, span)
            case Const() | Text() | Late() | Offset():
                return expr
        return expr

    def _texts(self, part: str) -> dict[int, str]:
        return {number: getattr(probe, part) for number, probe in self.probes.items()}

    def _part(self, leaf: ProbePart) -> Expr[Linux]:
        texts = set(self._texts(leaf.part).values())
        return Text(next(iter(texts))) if len(texts) == 1 else leaf

    def _compare(self, op: str, left: Expr[Linux], right: Expr[Linux]) -> Expr[Linux]:
        match left, right:
            case Text(one), Text(two):
                return Const(int(_COMPARISONS[op](one.encode("latin-1"), two.encode("latin-1"))), INT)
            case ProbePart(part, _), Text(two) if self.probes:
                return self._among(part, op, two)
            case Text(one), ProbePart(part, _) if self.probes:
                return self._among(part, _FLIPPED.get(op, op), one)
        return Compare(op, left, right)

    def _among(self, part: str, op: str, text: str) -> Expr[Linux]:
        """A comparison of a probe's name with a constant: true for some of the clause's probes."""
        holds = tuple(
            number
            for number, name in sorted(self._texts(part).items())
            if _COMPARISONS[op](name.encode(), text.encode("latin-1"))
        )
        if len(holds) in (0, len(self.probes)):
            return Const(int(bool(holds)), INT)
        by_call = tuple(sorted(self.direct[number] for number in holds if number in self.direct))
        rest = tuple(number for number in holds if number not in self.direct)
        if not by_call:
            return ProbeIn(rest)
        return Binary("||", CallIn(by_call), ProbeIn(rest), INT) if rest else CallIn(by_call)

    def _cond(self, test: Expr[Linux], then: Expr[Linux], other: Expr[Linux], whole: Expr[Linux]) -> Expr[Linux]:
        if isinstance(test, Const):
            return then if test.value else other
        kind = whole.type
        if isinstance(then.type, StringType) and isinstance(other.type, StringType):
            pointer = isinstance(kind, StringType) and kind.pointer
            kind = StringType(max(then.type.bound, other.type.bound), pointer)
        return Cond(test, then, other, kind)

    def _binary(self, op: str, left: Expr[Linux], right: Expr[Linux], whole: Expr[Linux]) -> Expr[Linux]:
        if isinstance(left, Const) and op in ("&&", "||") and bool(left.value) == (op == "||"):
            return Const(int(op == "||"), INT)
        if isinstance(left, Const) and isinstance(right, Const) and is_scalar(left.type) and is_scalar(right.type):
            kind = common(left.type, right.type) if not isinstance(whole.type, Int) else as_int(whole.type)
            if op in ("==", "!=", "<", "<=", ">", ">="):
                kind = common(left.type, right.type)
            folded = fold(op, left.value, right.value, kind)
            if folded is not None:
                return folded
        return Binary(op, left, right, whole.type)

    def body(self, statements: tuple[Statement[Linux], ...]) -> tuple[Statement[Linux], ...]:
        """Folded statements; a branch that cannot be taken is gone."""
        made: list[Statement[Linux]] = []
        for statement in statements:
            match statement:
                case If(test, then, other):
                    condition = self.fold(test)
                    if isinstance(condition, Const):
                        made += self.body(then if condition.value else other)
                    else:
                        made.append(If(condition, self.body(then), self.body(other)))
                case _:
                    made.append(self._statement(statement))
        return tuple(made)

    def _statement(self, statement: Statement[Linux]) -> Statement[Linux]:
        match statement:
            case Do(expr):
                return Do(self.fold(expr))
            case Act(kind, args, text, aggregations):
                return Act(kind, tuple(map(self.fold, args)), text, aggregations)
            case Aggregate(aggregation, keys, value, weight):
                return Aggregate(
                    aggregation,
                    tuple(map(self.fold, keys)),
                    None if value is None else self.fold(value),
                    None if weight is None else self.fold(weight),
                )
        return statement


def _string_of(address: Expr[Linux], space: Space, kind: Type) -> Expr[Linux]:
    """``stringof(copyin(a, n))`` needs no copy of all n bytes: it is the string of at most n bytes there."""
    pointed = address
    while isinstance(pointed, Cast):
        pointed = pointed.operand
    if isinstance(pointed, Call) and pointed.name == "copyin":
        return Call(pointed.name, pointed.args, kind, pointed.span)
    return StringOf(address, space, kind)
