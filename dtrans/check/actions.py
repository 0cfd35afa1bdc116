"""Typing of statements: actions, aggregations, ``if`` and the idioms that stand for it.

Before: ``OPT ? printf("%d\\n", pid) : 1;``  After: ``If(OPT, (Act("printf", (pid,), "%d\\n"),), ())``
Before: ``@n[execname] = quantize(arg2);``  After: ``Aggregate(0, (execname,), arg2, None)``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dtrans.check.conversions import is_integer, is_scalar, is_string, is_string_like
from dtrans.check.names import ScriptNames
from dtrans.check.order import DESTRUCTIVE, Order
from dtrans.check.subroutines import ADDRESS_FUNCTIONS, AGGREGATING, STACK_FUNCTIONS, STATEMENT_ONLY, check_count
from dtrans.check.tree import (
    Act,
    ActionKind,
    Aggregate,
    AggregationInfo,
    Cast,
    Const,
    Do,
    Expr,
    If,
    Load,
    Solaris,
    Statement,
)
from dtrans.errors import fail
from dtrans.formats import Conversion, ValueClass, accepts, fits, parse_format
from dtrans.options import OPTIONS, Options, check_option
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import INT, INT64, Addresses, Array, Float, Int, Pointer, StringType, StructRef, Type, Void

Body = tuple[Statement[Solaris], ...]

#: Why an action that D has is refused here.
UNAVAILABLE = {
    "copyout": "writing to a process's memory is not available in this version",
    "copyoutstr": "writing to a process's memory is not available in this version",
    "chill": "chill() is not available in this version",
    "panic": "panic() is not available in this version",
    "breakpoint": "breakpoint() is not available in this version",
    "ftruncate": "ftruncate() is not available in this version",
    "pcap": "pcap() is not available in this version",
}
#: Buckets of a distribution: the value of a per-CPU map is at most 32 KiB.
_MOST_LEVELS = 4000


@dataclass
class StatementChecker:
    """Types the statements of a program's clauses; aggregations are agreed on over all of them."""

    names: ScriptNames
    options: Options
    aggregations: list[AggregationInfo] = field(default_factory=list)
    _ids: dict[str, int] = field(default_factory=dict)
    _order: Order = field(default_factory=Order)

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

    def predicate(self, node: ast.Expr) -> Expr[Solaris]:
        value = self.names.checker.check(node)
        if not is_scalar(value.type) and not is_string(value.type):
            raise fail("D_PRED_SCALAR", f"a predicate must be a number, not '{value.type}'", node.span)
        return value

    def unreferenced(self) -> None:
        """Raises D_AGG_UNDEF for an aggregation that is printed or cleared and never assigned."""
        for number, info in enumerate(self.aggregations):
            if not info.function:
                raise fail(
                    "D_AGG_UNDEF", f"aggregation @{info.name} is used but never assigned", self._first_use[number]
                )

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
            case ast.Assign(op, ast.Aggregation() as target, value, span):
                return (self._aggregate(op, target, value, span),)
            case ast.Conditional(test, then, other, _) if _acts(then) or _acts(other):
                return self._branches(test, then, other)
            case ast.Comma(left, right, _) if _acts(left) or _acts(right):
                return (*self._effect(left), *self._effect(right))
            case ast.Binary("&&", left, right, _) if _acts(right):
                return (If(self.predicate(left), self._effect(right), ()),)
            case ast.Call(name, _, _) if name in STATEMENT_ONLY:
                return (self._action(node),)
            case ast.Call(name, _, _) if name in STACK_FUNCTIONS or name in ADDRESS_FUNCTIONS:
                return (Act("stack", (self.names.checker.check(node),)),)
            case ast.Aggregation(name, _, span):
                raise fail("D_AGG_NULL", f"aggregation @{name} stands alone", span, hint="assign it a function")
        return (Do(self.names.checker.check(node)),)

    def _branches(self, test: ast.Expr, then: ast.Expr, other: ast.Expr) -> Body:
        """``test ? action : action``: the untaken branch of a constant test is not even looked at, as in dtrace."""
        condition = self.predicate(test)
        if isinstance(condition, Const):
            return self._effect(then if condition.value else other)
        return (If(condition, self._effect(then), self._effect(other)),)

    # --- aggregations ---------------------------------------------------------------------------------

    @property
    def _first_use(self) -> dict[int, Span]:
        return self._spans

    _spans: dict[int, Span] = field(default_factory=dict)

    def _aggregate(self, op: str, target: ast.Aggregation, value: ast.Expr, span: Span) -> Statement[Solaris]:
        if op != "=" or not isinstance(value, ast.Call) or value.name not in AGGREGATING:
            raise fail(
                "D_AGG_FUNC",
                f"@{target.name} must be assigned an aggregating function",
                value.span,
                hint=f"one of {', '.join(AGGREGATING)}",
            )
        checker = self.names.checker
        keys = tuple(checker.key(key) for key in target.keys or ())
        for key, written in zip(keys, target.keys or (), strict=True):
            if isinstance(key.type, Addresses) and key.type.what == "jstack":
                raise fail("D_KEY_TYPE", "jstack() cannot be a key", written.span)
        parameters, operand, weight = self._function(value)
        number = self._agree(target, value, parameters, tuple(key.type for key in keys))
        kinds = self.aggregations[number].keys
        fitted = tuple(
            checker.converted(key, kind, written.span, "key")
            for key, kind, written in zip(keys, kinds, target.keys or (), strict=True)
        )
        return Aggregate(number, fitted, operand, weight)

    def _agree(
        self, target: ast.Aggregation, call: ast.Call, parameters: tuple[int, ...], keys: tuple[Type, ...]
    ) -> int:
        number = self._number(target)
        known = self.aggregations[number]
        if not known.function:
            self.aggregations[number] = AggregationInfo(known.name, call.name, parameters, keys)
            return number
        if known.function != call.name:
            raise fail(
                "D_AGG_REDEF",
                f"aggregation @{known.name} is {known.function}() elsewhere and cannot be {call.name}() too",
                call.span,
            )
        if known.parameters != parameters:
            raise fail(
                "D_LQUANT_MATCHBASE",
                f"{call.name}() of @{known.name} has other bounds elsewhere: {', '.join(map(str, known.parameters))}",
                call.span,
            )
        if len(known.keys) != len(keys):
            raise fail(
                "D_PROTO_LEN", f"@{known.name} has {len(known.keys)} keys elsewhere, {len(keys)} here", target.span
            )
        merged = tuple(_wider(one, two) for one, two in zip(known.keys, keys, strict=True))
        self.aggregations[number] = AggregationInfo(known.name, known.function, parameters, merged)
        return number

    def _number(self, target: ast.Aggregation) -> int:
        if target.name not in self._ids:
            self._ids[target.name] = len(self.aggregations)
            self._spans[len(self.aggregations)] = target.span
            self.aggregations.append(AggregationInfo(target.name, "", (), ()))
        return self._ids[target.name]

    def _function(self, call: ast.Call) -> tuple[tuple[int, ...], Expr[Solaris] | None, Expr[Solaris] | None]:
        """An aggregating function's constant parameters, operand and weight."""
        checker = self.names.checker
        match call.name:
            case "count":
                check_count(call, 0, 0)
                return (), None, None
            case "sum" | "avg" | "min" | "max" | "stddev":
                check_count(call, 1, 1)
                return (), self._number_operand(call, 0), None
            case "quantize":
                check_count(call, 1, 2)
                weight = self._number_operand(call, 1) if len(call.args) > 1 else None
                return (), self._number_operand(call, 0), weight
            case "lquantize":
                check_count(call, 3, 5)
                base, limit = checker.constant(call.args[1]), checker.constant(call.args[2])
                step = checker.constant(call.args[3]) if len(call.args) > 3 else 1
                self._check_linear(call, base, limit, step)
                weight = self._number_operand(call, 4) if len(call.args) > 4 else None
                return (base, limit, step), self._number_operand(call, 0), weight
        check_count(call, 5, 6)
        factor, low, high, steps = (checker.constant(arg) for arg in call.args[1:5])
        self._check_log_linear(call, factor, low, high, steps)
        weight = self._number_operand(call, 5) if len(call.args) > 5 else None
        return (factor, low, high, steps), self._number_operand(call, 0), weight

    def _number_operand(self, call: ast.Call, index: int) -> Expr[Solaris]:
        value = self.names.checker.check(call.args[index])
        if not is_scalar(value.type):
            raise fail(
                "D_PROTO_ARG",
                f"{call.name}( ) argument #{index + 1} must be a number, not '{value.type}'",
                call.args[index].span,
            )
        return value

    def _check_linear(self, call: ast.Call, base: int, limit: int, step: int) -> None:
        if step <= 0 or step > 0xFFFF:
            raise fail("D_LQUANT_STEPVAL", "lquantize( ) step must be from 1 to 65535", call.span)
        if limit <= base:
            raise fail("D_LQUANT_MISMATCH", "lquantize( ) base must be less than its limit", call.span)
        if (limit - base) // step > 0xFFFF or (limit - base) < step:
            raise fail("D_LQUANT_STEPLARGE", "lquantize( ) step is too large or too small for its range", call.span)
        if (limit - base) // step > _MOST_LEVELS:
            raise fail(
                "D_LQUANT_STEPSMALL",
                f"lquantize( ) with {(limit - base) // step} levels is more than a BPF map's value holds",
                call.span,
                hint=f"take a larger step: up to {_MOST_LEVELS} levels are available",
            )

    def _check_log_linear(self, call: ast.Call, factor: int, low: int, high: int, steps: int) -> None:
        if factor < 2:
            raise fail("D_LLQUANT_FACTORSMALL", "llquantize( ) factor must be two or more", call.args[1].span)
        if low < 0 or high <= low:
            raise fail("D_LLQUANT_HIGHVAL", "llquantize( ) low magnitude must be less than its high one", call.span)
        if high > 63 or factor ** (high + 1) > 1 << 63:
            raise fail("D_LLQUANT_HIGHVAL", "llquantize( ) high magnitude causes overflow of 64 bits", call.span)
        if steps < factor:
            raise fail("D_LLQUANT_FACTORNSTEPS", "llquantize( ) steps must be at least its factor", call.args[4].span)
        power = factor
        while power < steps:
            power *= factor
        if power % steps or steps % factor:
            raise fail(
                "D_LLQUANT_FACTOREVEN",
                "llquantize( ) factor must divide its steps evenly, and its steps a power of the factor",
                call.args[4].span,
            )
        if (high - low + 1) * steps > _MOST_LEVELS:
            raise fail("D_LLQUANT_HIGHVAL", "llquantize( ) has more buckets than a BPF map's value holds", call.span)

    # --- actions --------------------------------------------------------------------------------------

    def _action(self, node: ast.Call) -> Statement[Solaris]:
        name = node.name
        if name in UNAVAILABLE:
            raise fail("D_FUNC_UNDEF", f"{name}(): {UNAVAILABLE[name]}", node.span)
        if name in DESTRUCTIVE and not self.options.flag("destructive"):
            raise fail(
                "D_DESTRUCTIVE",
                f"{name}() is destructive, and destructive actions are not allowed",
                node.span,
                hint="run with -w, or write '#pragma D option destructive'",
            )
        match name:
            case "printf" | "system" | "freopen":
                return self._formatted(node)
            case "printa":
                return self._printa(node)
            case "trace" | "print":
                return self._trace(node)
            case "tracemem":
                return self._tracemem(node)
            case "exit" | "raise":
                check_count(node, 1, 1)
                return Act("exit" if name == "exit" else "raise", (self._converted(node, 0, INT),))
            case "stop":
                check_count(node, 0, 0)
                return Act("stop")
            case "speculate" | "commit" | "discard":
                return self._on_speculation(node)
            case "setopt":
                return self._setopt(node)
        return self._on_aggregation(node)

    def _on_speculation(self, node: ast.Call) -> Statement[Solaris]:
        check_count(node, 1, 1)
        which = (self._converted(node, 0, INT),)
        match node.name:
            case "speculate":
                return Act("speculate", which)
            case "commit":
                return Act("commit", which)
        return Act("discard", which)

    def _converted(self, node: ast.Call, index: int, to: Type) -> Expr[Solaris]:
        value = self.names.checker.check(node.args[index])
        return self.names.checker.converted(value, to, node.args[index].span, f"{node.name}( ) argument #{index + 1}")

    def _format(self, node: ast.Call, index: int = 0) -> str:
        if len(node.args) <= index:
            raise fail("D_PROTO_LEN", f"{node.name}( ) prototype mismatch: a format string is expected", node.span)
        written = node.args[index]
        if not isinstance(written, ast.String):
            tag = {"printf": "D_PRINTF_ARG_FMT", "printa": "D_PRINTA_ARG_FMT"}.get(node.name, "D_PROTO_ARG")
            raise fail(tag, f"{node.name}( ) argument #{index + 1} must be a string constant", written.span)
        return written.value

    def _formatted(self, node: ast.Call) -> Statement[Solaris]:
        text = self._format(node)
        values = tuple(self._recordable(arg) for arg in node.args[1:])
        wanted = _format_slots(parse_format(text, node.args[0].span))
        if len(wanted) != len(values):
            raise fail(
                "D_PRINTF_ARG_PROTO",
                f"{node.name}( ) prototype mismatch: conversions need {len(wanted)} arguments, {len(values)} given",
                node.span,
            )
        for number, (slot, value, written) in enumerate(zip(wanted, values, node.args[1:], strict=True), 2):
            self._check_slot(node.name, slot, value, written, number)
        kind: ActionKind = "printf" if node.name == "printf" else "system" if node.name == "system" else "freopen"
        return Act(kind, values, text)

    def _check_slot(
        self, name: str, slot: Conversion | None, value: Expr[Solaris], written: ast.Expr, number: int
    ) -> None:
        if slot is None:
            if not is_integer(value.type):
                raise fail(
                    "D_PRINTF_DYN_TYPE",
                    f"{name}( ) argument #{number} gives a width and must be a number",
                    written.span,
                )
            return
        if slot.is_aggregation:
            raise fail("D_PRINTF_AGG_CONV", f"{name}( ) does not print aggregations: %@ is for printa()", written.span)
        size = self.names.types.size(value.type) if is_integer(value.type) else 8
        if not accepts(slot, value_class(value.type)) or (is_integer(value.type) and not fits(slot, size)):
            raise fail(
                "D_PRINTF_ARG_TYPE",
                f"{name}( ) argument #{number} is incompatible with conversion %{slot.name}: it is '{value.type}'",
                written.span,
            )

    def _recordable(self, node: ast.Expr) -> Expr[Solaris]:
        """A value as it goes into a record: arrays of characters as strings, other arrays as their address."""
        checker = self.names.checker
        value = checker.check(node)
        match value:
            case Load(_, Array(), _, _) if is_string_like(value.type):
                return checker.string(value, node.span)
            case Load(address, Array(of, _), space, _):
                return Cast(address, Pointer(of, space))
        if isinstance(value.type, Void | StructRef | Float):
            raise fail("D_PRINTF_ARG_TYPE", f"a value of type '{value.type}' cannot be recorded", node.span)
        return value

    def _printa(self, node: ast.Call) -> Statement[Solaris]:
        if not node.args:
            raise fail("D_PROTO_LEN", "printa( ) prototype mismatch: an aggregation is expected", node.span)
        text = None if isinstance(node.args[0], ast.Aggregation) else self._format(node)
        targets = node.args[text is not None :]
        if not targets:
            raise fail("D_PRINTA_PROTO", "printa( ) prototype mismatch: an aggregation is expected", node.span)
        numbers = tuple(self._target(node, target) for target in targets)
        if text is not None:
            parse_format(text, node.args[0].span)
        return Act("printa", (), text, numbers)

    def _target(self, node: ast.Call, written: ast.Expr) -> int:
        if not isinstance(written, ast.Aggregation):
            raise fail("D_PRINTA_AGGARG", f"{node.name}( ) needs an aggregation here", written.span)
        if written.keys is not None:
            raise fail("D_PRINTA_AGGKEY", f"{node.name}( ) takes an aggregation without keys", written.span)
        return self._number(written)

    def _trace(self, node: ast.Call) -> Statement[Solaris]:
        check_count(node, 1, 1)
        checker = self.names.checker
        value = checker.check(node.args[0])
        if isinstance(value.type, Void):
            raise fail("D_TRACE_VOID", f"{node.name}( ) cannot record a void value", node.args[0].span)
        if node.name == "print" or isinstance(value.type, StructRef):
            return Act("print" if node.name == "print" else "trace", (value,))
        return Act("trace", (self._recordable(node.args[0]),))

    def _tracemem(self, node: ast.Call) -> Statement[Solaris]:
        check_count(node, 2, 3)
        checker = self.names.checker
        address = checker.decayed(checker.check(node.args[0]))
        if not is_scalar(address.type):
            raise fail("D_TRACEMEM_ADDR", "tracemem( ) argument #1 must be a pointer or number", node.args[0].span)
        size = checker.constant(node.args[1])
        if not 0 < size <= 8192:
            raise fail("D_TRACEMEM_SIZE", "tracemem( ) size must be from 1 to 8192", node.args[1].span)
        length = (self._converted(node, 2, INT64),) if len(node.args) == 3 else ()
        return Act("tracemem", (address, Const(size, INT), *length))

    def _setopt(self, node: ast.Call) -> Statement[Solaris]:
        check_count(node, 1, 2)
        for index in range(len(node.args)):
            self._format(node, index)
        name = self._format(node)
        value = self._format(node, 1) if len(node.args) > 1 else None
        check_option(name, value, node.span)
        if name not in OPTIONS:
            raise fail("D_PRAGMA_OPTSET", f"unknown option '{name}'", node.span)
        return Act("setopt", (), name if value is None else f"{name}={value}")

    def _on_aggregation(self, node: ast.Call) -> Statement[Solaris]:
        """clear, trunc, normalize, denormalize."""
        least, most = {"clear": (1, 1), "denormalize": (1, 1), "trunc": (1, 2), "normalize": (2, 2)}[node.name]
        check_count(node, least, most)
        number = self._target(node, node.args[0])
        args = tuple(self._converted(node, index, INT64) for index in range(1, len(node.args)))
        match node.name:
            case "clear":
                return Act("clear", args, None, (number,))
            case "trunc":
                return Act("trunc", args, None, (number,))
            case "normalize":
                return Act("normalize", args, None, (number,))
        return Act("denormalize", args, None, (number,))


def value_class(kind: Type) -> ValueClass:
    """The class of a value, as `dtrans.formats` names it."""
    match kind:
        case StringType():
            return "str"
        case Addresses("stack" | "ustack", _):
            return "stack"
        case Addresses("sym" | "func" | "mod", _):
            return "sym"
        case Addresses():
            return "usym"
        case Pointer():
            return "pointer"
        case _:
            return "int"


def _format_slots(parts: Sequence[str | Conversion]) -> list[Conversion | None]:
    """What each argument is for: a conversion, or None for a ``*``."""
    slots: list[Conversion | None] = []
    for part in parts:
        if isinstance(part, str):
            continue
        slots += [None] * len(part.dynamic)
        if part.takes_value or part.is_aggregation:
            slots.append(part)
    return slots


def _acts(node: ast.Expr) -> bool:
    """Whether an expression holds an action or an aggregation where its value would be."""
    match node:
        case ast.Call(name, _, _):
            return name in STATEMENT_ONLY or name in STACK_FUNCTIONS
        case ast.Assign(_, ast.Aggregation(), _, _):
            return True
        case ast.Conditional(_, then, other, _):
            return _acts(then) or _acts(other)
        case ast.Comma(left, right, _) | ast.Binary(_, left, right, _):
            return _acts(left) or _acts(right)
    return False


def _wider(known: Type, other: Type) -> Type:
    """The key type that holds both."""
    match known, other:
        case StringType(one), StringType(two):
            return StringType(max(one, two))
        case Int(), Int() if other.size > known.size:
            return other
    return known
