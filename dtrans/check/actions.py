"""Typing of statements: actions, aggregations, ``if``, and the conditional with a constant test.

Before: ``OPT ? printf("%d\\n", pid) : 1;``  After: ``If(OPT, (Act("printf", (pid,), "%d\\n"),), ())``
Before: ``@n[execname] = quantize(arg2);``  After: ``Aggregate(0, (execname,), arg2, None)``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, zip_longest

from dtrans.check.absent import assignments, guessed
from dtrans.check.aggregations import AggregationChecker
from dtrans.check.checker import bits_of
from dtrans.check.conversions import dynamic, is_integer, is_scalar, is_string_like, is_translated, too_wide
from dtrans.check.destructive import check_allowed, destructive_action
from dtrans.check.formatted import Formatted, Value
from dtrans.check.memory import is_null_name
from dtrans.check.names import ScriptNames
from dtrans.check.order import Order
from dtrans.check.subroutines import (
    ADDRESS_FUNCTIONS,
    STACK_FUNCTIONS,
    STATEMENT_ONLY,
    Prototype,
    check_arguments,
    check_count,
)
from dtrans.check.tree import (
    Act,
    ActionKind,
    Assign,
    Binary,
    Cast,
    Const,
    Do,
    Expr,
    If,
    Load,
    Offset,
    Solaris,
    Statement,
    Translate,
)
from dtrans.errors import DtransError, fail
from dtrans.options import Options
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import INT, INT64, VOID, Addresses, Array, Float, Int, Pointer, StructRef, Type, Void

Body = tuple[Statement[Solaris], ...]

#: Why an action that D has is refused here.
UNAVAILABLE = {
    "pcap": "pcap() is not available in this version",
}
#: Bytes that tracemem() can record.
_MOST_MEMORY = 8192
#: Tags of what trace() and print() refuse: a void value, a translated pointer, an aggregation.
_TRACE_TAGS = {
    "trace": ("D_TRACE_VOID", "D_TRACE_DYN", "D_TRACE_AGG"),
    "print": ("D_PRINT_VOID", "D_PRINT_DYN", "D_PRINT_AGG"),
}


_INT_ONLY = Prototype(("int",), VOID)


@dataclass
class StatementChecker:
    """Types the statements of a program's clauses; aggregations are agreed on over all of them."""

    names: ScriptNames
    options: Options
    aggregations: AggregationChecker = field(init=False)
    #: Whether a clause was left out: the types of what it makes are guesses, and what they do not fit in another clause
    #: without probes tells nothing.
    left_out: bool = False
    _order: Order = field(default_factory=Order)
    _acted: list[ast.Call] = field(default_factory=list)
    #: What the action at hand needs to be made before it.
    _before: list[Statement[Solaris]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.aggregations = AggregationChecker(self.names, self.options)

    def body(self, statements: Sequence[ast.Statement]) -> Body:
        """A block's statements. Raises DtransError, also where speculate() and commit() do not go with the others."""
        outer, self._order = self._order, self._order.inner()
        body: list[Statement[Solaris]] = []
        for statement in statements:
            made = self._statement(statement)
            if not isinstance(statement, ast.If):
                self._order.add(made, statement.span)
            body += made
        self._order = outer
        return tuple(body)

    def leave_out(self, statements: Sequence[ast.Statement]) -> None:
        """Makes the variables and aggregations of a clause that cannot be typed, for none of its probes is here: they
        are never set, and the clauses that name them hold."""
        self.left_out = True
        for target, value in assignments(tuple(statements)):
            match target:
                case ast.Aggregation():
                    self.aggregations.leave_out(target, value)
                case ast.Name() | ast.ScopedName():
                    self.names.leave_out(target, None, guessed(self.names.checker, value))
                case ast.Index(ast.Name() | ast.ScopedName() as base, keys, _):
                    kinds = tuple(guessed(self.names.checker, key) for key in keys)
                    self.names.leave_out(base, kinds, guessed(self.names.checker, value))

    def predicate(self, node: ast.Expr) -> Expr[Solaris]:
        value = self.names.checker.tested(self.names.checker.check(node))
        if not is_scalar(value.type):
            raise fail("D_PRED_SCALAR", f"a predicate must be a number, not '{value.type}'", node.span)
        if dynamic(value.type):
            raise fail("D_CG_DYN", "what a translator makes is no number: name one of its members", node.span)
        return value

    def check_allowed(self) -> None:
        """Raises D_DESTRUCTIVE for an action that the options do not allow: after all else that may be wrong, as the
        original, which learns of it from the kernel."""
        for node in self._acted:
            check_allowed(node, self.options)

    # --- statements -----------------------------------------------------------------------------------

    def _statement(self, statement: ast.Statement) -> Body:
        match statement:
            case ast.ExprStatement(expr, _):
                return self._effect(expr)
            case ast.If(test, then, other, _):
                return (If(self.predicate(test), self.body(then), self.body(other)),)

    def _effect(self, node: ast.Expr) -> Body:
        """An expression as a statement."""
        match node:
            case ast.Assign(op, ast.Aggregation() as target, value, _):
                return (self.aggregations.assigned(op, target, value),)
            case ast.Assign(_, ast.Index(ast.Aggregation(name)), _, span):
                raise fail(
                    "D_AGG_MDIM",
                    f"@{name} is no array of arrays",
                    span,
                    hint=f"write the keys in one pair of brackets: @{name}[a, b]",
                )
            case ast.Conditional(test, then, other, span) if _acts(then) or _acts(other):
                return self._branches(test, then, other, span)
            case ast.Comma(left, right, span) if _acts(left) or _acts(right):
                raise fail("D_OP_ACT", "an action cannot be an operand of ','", span, hint="part them by ';'")
            case ast.Binary("&&" | "||" | "^^" as op, left, right, span) if _acts(left) or _acts(right):
                raise fail("D_OP_SCALAR", f"'{op}' needs numbers, not actions", span, hint=_USE_IF)
            case ast.Call(name, _, _) if name in STATEMENT_ONLY:
                act = self._action(node)
                before, self._before = self._before, []
                return (*before, act)
            case ast.Call(name, _, _) if name in STACK_FUNCTIONS or name in ADDRESS_FUNCTIONS:
                return (Act("stack", (self.names.checker.check(node),)),)
            case ast.Aggregation(name, _, span):
                self.names.aggregation(node)
                raise fail("D_AGG_NULL", f"aggregation @{name} stands alone", span, hint="assign it a function")
        effect = self.names.checker.check(node)
        if is_translated(effect.type) and not isinstance(effect, Assign):
            raise fail("D_CG_DYN", "what a translator makes is no statement: name one of its members", node.span)
        return (Do(effect),)

    def _branches(self, test: ast.Expr, then: ast.Expr, other: ast.Expr, span: Span) -> Body:
        """``test ? action : action``: the untaken branch of a constant test is not even looked at, as in dtrace."""
        condition = self.predicate(test)
        if isinstance(condition, Const):
            return self._effect(then if condition.value else other)
        raise fail("D_OP_ACT", "an action cannot be a branch of '?:' unless the test is constant", span, hint=_USE_IF)

    # --- actions --------------------------------------------------------------------------------------

    def _action(self, node: ast.Call) -> Statement[Solaris]:
        name = node.name
        if name in UNAVAILABLE:
            raise fail("D_FUNC_UNDEF", f"{name}(): {UNAVAILABLE[name]}", node.span)
        self._acted.append(node)
        act = destructive_action(self.names.checker, node)
        if act is not None:
            return act
        match name:
            case "printf" | "system" | "freopen":
                return self._formatted(node)
            case "printa":
                return self.aggregations.printa(node)
            case "trace" | "print":
                return self._trace(node)
            case "tracemem":
                return self._tracemem(node)
            case "exit":
                return Act("exit", (self._number(node),))
            case "speculate" | "commit" | "discard":
                return self._on_speculation(node)
            case "setopt":
                return self._setopt(node)
        return self.aggregations.action(node)

    def _on_speculation(self, node: ast.Call) -> Statement[Solaris]:
        which = (self._number(node),)
        match node.name:
            case "speculate":
                return Act("speculate", which)
            case "commit":
                return Act("commit", which)
        return Act("discard", which)

    def _number(self, node: ast.Call) -> Expr[Solaris]:
        """The only argument, an int. Raises D_PROTO_LEN, D_PROTO_ARG."""
        (value,) = check_arguments(self.names.checker, node, _INT_ONLY)
        return self.names.checker.converted(value, INT, node.args[0].span, f"{node.name}( ) argument #1")

    def _converted(self, node: ast.Call, index: int, to: Type) -> Expr[Solaris]:
        value = self.names.checker.check(node.args[index])
        return self.names.checker.converted(value, to, node.args[index].span, f"{node.name}( ) argument #{index + 1}")

    def _format(self, node: ast.Call) -> str:
        if not node.args:
            raise fail("D_PROTO_LEN", f"{node.name}( ) prototype mismatch: a format string is expected", node.span)
        written = node.args[0]
        if not isinstance(written, ast.String):
            raise fail("D_PRINTF_ARG_FMT", f"{node.name}( ) argument #1 must be a string constant", written.span)
        return written.value

    def _formatted(self, node: ast.Call) -> Statement[Solaris]:
        text = self._format(node)
        kind: ActionKind = node.name  # type: ignore[assignment]
        if kind == "freopen" and text == ".":
            raise fail("D_FREOPEN_INVALID", 'freopen( ) argument #1 cannot be "."', node.args[0].span)
        if kind == "freopen" and not text:
            # Standard output again.
            return Act(kind, (), text)
        names, written = self.names, node.args[1:]
        for number, arg in enumerate(written, 2):
            if isinstance(arg, ast.Aggregation):
                names.aggregation(arg)
                raise fail(
                    "D_PRINTF_ARG_TYPE", f"{kind}( ) argument #{number} is an aggregation", arg.span, hint=_PRINTA
                )
        formatted = Formatted(node.name, text, node.args[0].span, node.span, names.types.size, names.macros.target)
        try:
            conversions = tuple(islice(formatted.takes(), len(written)))
        except DtransError:
            for arg in written:  # What is wrong with a value is told before what is wrong with the format.
                names.checker.check(arg)
            raise
        values = tuple(
            self._recordable(arg, wide=takes is not None and takes.name in ("ws", "ls"), real=True)
            for arg, takes in zip_longest(written, conversions)
        )
        formatted.check_values(
            [
                Value(value.type, f"argument #{number}", arg.span)
                for number, (value, arg) in enumerate(zip(values, written, strict=True), 2)
            ]
        )
        return Act(kind, values, text)

    def _recordable(self, node: ast.Expr, *, wide: bool = False, real: bool = False) -> Expr[Solaris]:
        """A value as it goes into a record: arrays of characters as strings, other arrays as their address.

        `wide` leaves arrays of wide characters as they are; `real` permits floating-point numbers.
        """
        checker = self.names.checker
        value = Const(0, INT) if is_null_name(node) else checker.check(node)
        match value:
            case Load(_, Array(), _, _) if is_string_like(value.type):
                return checker.string(value, node.span)
            case Load(address, Array(of, _), space, _) if not (wide and self.names.types.size(of) == 4):
                return Cast(address, Pointer(of, space))
        if isinstance(value.type, Void | StructRef if real else Void | StructRef | Float) or too_wide(value.type):
            raise fail("D_PRINTF_ARG_TYPE", f"a value of type '{value.type}' cannot be recorded", node.span)
        return value

    def _trace(self, node: ast.Call) -> Statement[Solaris]:
        """``trace()`` and ``print()``."""
        check_count(node, 1, 1)
        written, is_trace = node.args[0], node.name == "trace"
        no_void, no_pointer, no_aggregation = _TRACE_TAGS[node.name]
        if isinstance(written, ast.Aggregation):
            self.names.aggregation(written)
            raise fail(
                no_aggregation,
                f"{node.name}( ) may not be applied to an aggregation",
                written.span,
                hint=_PRINTA,
            )
        value = self.names.checker.check(written)
        if isinstance(value.type, Void):
            raise fail(no_void, f"{node.name}( ) may not be applied to a void expression", written.span)
        if (found := self.names.made_whole(value, written.span)) is not None:
            made, value = found
            self._before.append(Do(made))
        if is_translated(value.type) or isinstance(value, Translate):
            raise fail(
                no_pointer,
                f"{node.name}( ) may not be applied to what a translator makes member by member",
                written.span,
                hint="name one of its members",
            )
        if too_wide(value.type):
            raise fail("D_PRINTF_ARG_TYPE", f"a value of type '{value.type}' cannot be recorded", written.span)
        if isinstance(value.type, Addresses):
            # Stacks and symbols have no type to tell.
            return Act("trace", (value,))
        if not is_trace:
            return Act("print", (self._as_declared(value),))
        if isinstance(value.type, StructRef | Array):
            return Act("trace", (value,))
        return Act("trace", (bits_of(self._recordable(written, real=True)),))

    def _as_declared(self, value: Expr[Solaris]) -> Expr[Solaris]:
        """A number of a kernel structure with its type as the kernel's source has it: print() shows ``pid_t``."""
        match value:
            case Load(Binary("+", _, Offset("offset", of, name, _)), Int(_, size, signed), _, None):
                kind, _, tag = of.partition(" ")
                layout = self.names.types.facts.struct(kind, tag)
                declared = self.names.types.facts.written(kind, tag) or ()
                for member, written in zip(layout.members if layout else (), declared, strict=False):
                    if member.name == name and isinstance(member.type, Int):
                        return replace(value, type=Int(written, size, signed))
        return value

    def _tracemem(self, node: ast.Call) -> Statement[Solaris]:
        if len(node.args) > 3:
            raise fail("D_TRACEMEM_ARGS", "tracemem( ) prototype mismatch: expected at most 3 arguments", node.span)
        check_count(node, 2, 3)
        checker = self.names.checker
        address = checker.decayed(checker.check(node.args[0]))
        if not is_scalar(address.type):
            raise fail(
                "D_TRACEMEM_ADDR",
                f"tracemem( ) argument #1 must be a pointer or an integer, not '{address.type}'",
                node.args[0].span,
            )
        size = checker.check(node.args[1])
        if not is_scalar(size.type):
            raise fail(
                "D_PROTO_ARG",
                f"tracemem( ) argument #2 is incompatible with prototype: a number is expected, not '{size.type}'",
                node.args[1].span,
            )
        if not isinstance(size, Const) or not is_integer(size.type) or size.value <= 0:
            raise fail(
                "D_TRACEMEM_SIZE",
                "tracemem( ) argument #2 must be a non-zero positive integral constant expression",
                node.args[1].span,
            )
        if size.value > _MOST_MEMORY:
            raise fail("D_TRACEMEM_SIZE", f"tracemem( ) records at most {_MOST_MEMORY} bytes here", node.args[1].span)
        if len(node.args) == 2:
            return Act("tracemem", (address, Const(size.value, INT)))
        length = checker.check(node.args[2])
        if not is_scalar(length.type):
            raise fail(
                "D_TRACEMEM_DYNSIZE",
                f"tracemem( ) dynamic size (argument #3) must be a number, not '{length.type}'",
                node.args[2].span,
            )
        return Act("tracemem", (address, Const(size.value, INT), self._converted(node, 2, INT64)))

    def _setopt(self, node: ast.Call) -> Statement[Solaris]:
        """Options and their values are looked at when the action is done, as in dtrace."""
        check_count(node, 1, 2)
        values = tuple(map(self._recordable, node.args))
        for number, (value, written) in enumerate(zip(values, node.args, strict=True), 1):
            if not is_string_like(value.type):
                message = f"setopt( ) argument #{number} must be a string, not '{value.type}'"
                raise fail("D_PROTO_ARG", message, written.span)
        return Act("setopt", values, "=".join("%s" for _ in values))


_PRINTA = "printa() prints aggregations"
_USE_IF = "write if (test) { ... } else { ... }, or two clauses with predicates"


def _acts(node: ast.Expr) -> bool:
    """Whether an expression holds an action or an aggregation where its value would be."""
    match node:
        case ast.Call(name, _, _):
            return name in STATEMENT_ONLY or name in STACK_FUNCTIONS or name in ADDRESS_FUNCTIONS
        case ast.Assign(_, ast.Aggregation(), _, _):
            return True
        case ast.Conditional(_, then, other, _):
            return _acts(then) or _acts(other)
        case ast.Comma(left, right, _) | ast.Binary(_, left, right, _):
            return _acts(left) or _acts(right)
    return False
