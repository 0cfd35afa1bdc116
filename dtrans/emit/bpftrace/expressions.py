"""Expressions of a plan as bpftrace: numbers, strings, conditions.

Before: ``Binary(">", CallArg(2), Const(100))``  After: ``args->count > 100``

What bpftrace does otherwise than D is written out: it divides and shifts without a sign, and has no comma, no
assignment within an expression. Such parts become statements before the one that they stand in.
"""

from __future__ import annotations

from collections.abc import Callable

from dtrans.check.conversions import common
from dtrans.check.tree import (
    Assign,
    Binary,
    Call,
    Cast,
    Comma,
    Compare,
    Cond,
    Const,
    Expr,
    Late,
    Load,
    Offset,
    Place,
    Read,
    Store,
    StringOf,
    Text,
    Unary,
)
from dtrans.emit.bpftrace import variables
from dtrans.emit.bpftrace.leaves import is_known, leaf_value, probe_part, string_intrinsic, trace_text
from dtrans.emit.bpftrace.memory import load, place_number, string_at
from dtrans.emit.bpftrace.subroutines import end_copied, number_call, string_call
from dtrans.emit.bpftrace.text import Value, constant, fitted, pair, quoted
from dtrans.emit.bpftrace.writer import Writer, is_address
from dtrans.emit.leaves import lasts
from dtrans.emit.text import is_signed
from dtrans.plan.leaves import Intrinsic, Linux, ProbePart, TraceText
from dtrans.types import Addresses, EnumRef, Int, Pointer, StringType, Type

#: A choice whose text is longer is calculated once.
_LONG = 60
#: A choice among more is made by statements.
_MOST_CHOICES = 4
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


class Expressions(Writer):
    """The expressions of a block."""

    # --- numbers --------------------------------------------------------------------------------------

    def number(self, expr: Expr[Linux]) -> Value:
        """A scalar."""
        match expr:
            case Const(value, kind):
                return constant(value, signed=is_signed(kind))
            case Late(what):
                return self._late(what)
            case Offset():
                return place_number(self, expr)
            case Read():
                return variables.read(self, expr)
            case Assign():
                return variables.assign(self, expr)
            case Load():
                return load(self, expr)
            case Unary(op, operand):
                return self._unary(op, operand)
            case Binary():
                return self._binary(expr)
            case Compare(op, left, right):
                return self._compare(op, left, right)
            case Cond():
                return self._conditional(expr)
            case Comma(left, right):
                self.effect(left)
                return self.number(right)
            case Cast(operand, kind):
                return self._cast(operand, kind)
            case Call():
                return number_call(self, expr)
            case Place() | Store():
                raise self.refuse("a structure or array in a variable", "its variables are numbers and strings")
            case Text() | StringOf() | TraceText() | ProbePart():
                raise AssertionError(f"no number: {expr}")
            case _:
                return leaf_value(self, expr)

    def truth(self, expr: Expr[Linux]) -> str:
        """A condition."""
        if isinstance(expr.type, StringType):
            return f'{self.string(expr)} != ""'
        if isinstance(expr.type, Addresses):
            raise self.refuse("a stack as a condition", "it compares no stacks")
        value = self.number(expr)
        return value.text if value.rank == "test" else f"{value.operand} != 0"

    def effect(self, expr: Expr[Linux]) -> None:
        """An expression for its effect: only assignments have one."""
        match expr:
            case Assign():
                variables.assign(self, expr, value_used=False)
            case Store():
                if not end_copied(self, expr):
                    raise self.refuse("writing to memory", "its variables are numbers and strings")
            case Comma(left, right):
                self.effect(left)
                self.effect(right)
            case Cast(operand, _) | Unary(_, operand, _):
                self.effect(operand)
            case Cond(test, then, other):
                self._branches(self.truth(test), lambda: self.effect(then), lambda: self.effect(other))
            case Binary("&&" | "||" as op, left, right):
                first = self.truth(left)
                self._branches(first if op == "&&" else f"!({first})", lambda: self.effect(right), lambda: None)
            case Binary(_, left, right):
                self.effect(left)
                self.effect(right)

    def _branches(self, test: str, then: Callable[[], None], other: Callable[[], None]) -> None:
        with self.captured() as first:
            then()
        with self.captured() as second:
            other()
        if first.lines:
            self.branch(test, first.lines, second.lines)
        elif second.lines:
            self.branch(f"!({test})", second.lines, [])

    def _late(self, what: str) -> Value:
        match what:
            case "target":
                self.remark("target")
                return Value("$1", natural=True)
            case "pid":
                self.script.knows_itself = True
                return Value(self.script.map_name("tracer_pid"), signed=False, natural=True)
            case "wall":
                raise self.refuse(
                    "the time of day as a number", "it has strftime() only; %Y prints it", word="walltimestamp"
                )
        raise self.refuse("the length of a clock tick", "it does not know it")

    def _unary(self, op: str, operand: Expr[Linux]) -> Value:
        if op == "!":
            known = is_known(self.place, operand)
            if known is not None:
                return constant(int(not known))
            return Value(f"!({self.truth(operand)})", rank="test", natural=True)
        value = self.number(operand).whole
        text = f"({value.text})" if value.text.startswith("-") else value.operand
        return Value(f"{op}{text}", value.signed, "atom" if value.is_literal else "operation")

    def _binary(self, expr: Binary[Linux]) -> Value:
        op, left, right = expr.op, expr.left, expr.right
        if op in ("&&", "||"):
            return self._logical(op, left, right)
        if op == "^^":
            one, two = self._kept_pair(Unary("!", left, expr.type), Unary("!", right, expr.type))
            return Value(f"{one.whole.operand} != {two.whole.operand}", rank="test", natural=True)
        one, two = self._kept_pair(left, right)
        if op in _COMPARISONS:
            first, second = pair(one, two, signed=is_signed(common(left.type, right.type)))
            return Value(f"{first} {op} {second}", rank="test", natural=True)
        return self.operation(op, one, two, signed=is_signed(expr.type))

    def _kept_pair(self, left: Expr[Linux], right: Expr[Linux]) -> tuple[Value, Value]:
        """Two operands. The left one's value is taken before the right one's statements run."""
        one = self.number(left)
        with self.captured() as lines:
            two = self.number(right)
        if lines.lines and not one.is_literal:
            one = self.temporary(one.whole)
        self.lines.lines += [line[1:] for line in lines.lines]
        return one, two

    def operation(self, op: str, one: Value, two: Value, *, signed: bool) -> Value:
        """``one op two`` of calculated values."""
        if op in ("/", "%"):
            return self._divide(op, one, two, signed=signed)
        if op == ">>":
            return self._shift_right(one, two, signed=signed)
        if op == "<<":
            count = two.text if two.is_literal and int(two.text) < 64 else f"({two.whole.operand} & 63)"
            return Value(f"{one.under(signed=signed)} << {count}", signed, "operation")
        if op in "+-" and two.text == "0":
            return one
        if op == "+" and one.text == "0":
            return two
        if one.natural and two.natural:
            signed = one.whole.signed if two.whole.rank == "atom" else two.whole.signed
        first, second = pair(one, two, signed=signed)
        natural = op == "&" and (one.natural or two.natural)
        return Value(f"{first} {op} {second}", signed, "operation", natural=natural)

    def _divide(self, op: str, one: Value, two: Value, *, signed: bool) -> Value:
        """A quotient or remainder: D's are those of C, bpftrace's are without a sign."""
        if not two.is_literal:
            self.remark("faults")
        if not signed or (one.natural and two.natural):
            text = f"{one.cast(signed=False)} {op} {two.cast(signed=False)}"
            return Value(text, signed=False, rank="operation", natural=one.natural and two.natural)
        is_natural = one.natural
        one = one.whole if is_natural else self._settled(one)
        above = f"(uint64){one.operand} {op} "
        below = f"(uint64)(-{one.operand}) {op} "
        if two.natural:
            by = two.cast(signed=False)
            return Value(f"{one.operand} >= 0 ? (int64)({above}{by}) : -(int64)({below}{by})", rank="operation")
        two = self._settled(two)
        size = self.temporary(Value(f"{two.operand} >= 0 ? {two.operand} : -{two.operand}", rank="operation"))
        whole = f"(int64)({above}(uint64){size.text})"
        if not is_natural:
            whole = f"{one.operand} >= 0 ? {whole} : -(int64)({below}(uint64){size.text})"
        if op == "%":
            return Value(whole, rank="operation")
        made = self.temporary(Value(whole, rank="operation"))
        return Value(f"{two.operand} >= 0 ? {made.text} : -{made.text}", rank="operation")

    def _shift_right(self, one: Value, two: Value, *, signed: bool) -> Value:
        count = two.text if two.is_literal and int(two.text) < 64 else f"({two.whole.operand} & 63)"
        if not signed or one.natural:
            return Value(f"{one.cast(signed=False)} >> {count}", signed=False, rank="operation", natural=one.natural)
        one = self._settled(one)
        text = f"{one.operand} >= 0 ? {one.operand} >> {count} : ~(~{one.operand} >> {count})"
        return Value(text, rank="operation")

    def _settled(self, value: Value) -> Value:
        """A signed value that is written several times."""
        value = value.whole
        if value.rank == "atom" and value.signed:
            return value
        return self.temporary(Value(value.cast(signed=True), rank="operation"))

    def _logical(self, op: str, left: Expr[Linux], right: Expr[Linux]) -> Value:
        decisive = op == "||"
        for part, other in ((left, right), (right, left)):
            known = is_known(self.place, part)
            if known is decisive and part is left:
                return constant(int(decisive))
            if known is (not decisive):
                return Value(self.truth(other), rank="test", natural=True)
        one = self.truth(left)
        with self.captured() as lines:
            two = self.truth(right)
        if not lines.lines:
            return Value(f"{_joined(one, op)} {op} {_joined(two, op)}", rank="test", natural=True)
        result = self.temporary(Value(one, rank="test").whole).text
        lines.add(f"{result} = {_joined(two, '?')} ? 1 : 0;")
        self.branch(f"{result} {'!=' if op == '&&' else '=='} 0", lines.lines, [])
        return Value(f"{result} != 0", rank="test", natural=True)

    def _conditional(self, expr: Cond[Linux]) -> Value:
        known = is_known(self.place, expr.test)
        if known is not None:
            return self.number(expr.then if known else expr.other)
        kept = lasts(expr)
        if kept and expr in self.memo:
            return self.memo[expr]
        value = self._choice(expr)
        if kept and len(value.text) > _LONG:
            value = self.temporary(value)
        if kept:
            self.memo[expr] = value
        return value

    def _choice(self, expr: Cond[Linux]) -> Value:
        if _choices(expr) > _MOST_CHOICES:
            result = self.fresh(signed=is_signed(expr.type))
            self._choose(result, expr, signed=is_signed(expr.type))
            return Value(result, is_signed(expr.type))
        test = self.truth(expr.test)
        with self.captured() as first:
            one = self.number(expr.then).whole
        with self.captured() as second:
            two = self.number(expr.other).whole
        signed = is_signed(expr.type)
        natural = one.natural and two.natural
        if not first.lines and not second.lines:
            # The sign of a choice is that of what stands first.
            then, other = (f"({text})" if " " in text else text for text in _exact(one, two, signed=signed))
            return Value(f"{_joined(test, '?')} ? {then} : {other}", signed, "operation", natural)
        result = self.fresh(signed=signed)
        first.add(f"{result} = {one.exact(signed=signed)};")
        second.add(f"{result} = {two.exact(signed=signed)};")
        self.branch(test, first.lines, second.lines)
        return Value(result, signed, natural=natural)

    def _choose(self, target: str, expr: Expr[Linux], *, signed: bool) -> None:
        """Puts a choice among many into a variable: one test after the other, where they need no statements."""
        keyword = "if"
        while isinstance(expr, Cond):
            known = is_known(self.place, expr.test)
            if known is not None:
                expr = expr.then if known else expr.other
                continue
            with self.captured() as tests:
                test = self.truth(expr.test)
            if tests.lines and keyword != "if":
                break
            self.lines.lines += [line[1:] for line in tests.lines]
            with self.captured() as then:
                self._choose(target, expr.then, signed=signed)
            self.add(f"{keyword} ({test}) {{")
            self.lines.lines += then.lines
            keyword, expr = "} else if", expr.other
        if keyword == "if":
            self.add(f"{target} = {self.number(expr).exact(signed=signed)};")
            return
        with self.captured() as other:
            self._choose(target, expr, signed=signed)
        self.add("} else {")
        self.lines.lines += other.lines
        self.add("}")

    def _cast(self, operand: Expr[Linux], kind: Type) -> Value:
        if isinstance(operand.type, StringType | Addresses):
            return Value(self.truth(operand), rank="test", natural=True)
        value = self.number(operand)
        if not isinstance(kind, Int | EnumRef | Pointer):
            return value
        return fitted(value, operand.type, kind)

    # --- strings --------------------------------------------------------------------------------------

    def string(self, expr: Expr[Linux]) -> str:
        """A string."""
        match expr:
            case Text(value):
                return quoted(value)
            case Const():
                return '""'
            case Read():
                return variables.read_string(self, expr)
            case Assign():
                variables.assign(self, expr)
                return variables.read_string(self, Read(expr.variable, expr.keys))
            case StringOf():
                return string_at(self, expr)
            case Cond(test, then, other):
                return self._chosen(test, then, other)
            case Comma(left, right):
                self.effect(left)
                return self.string(right)
            case Call():
                return string_call(self, expr)
            case TraceText():
                return trace_text(self, expr)
            case Intrinsic(name, args):
                return string_intrinsic(self, name, args)
            case ProbePart(part):
                return probe_part(self, part)
            case Store() | Load() | Place():
                raise self.refuse("a structure or array in a variable", "its variables are numbers and strings")
        raise AssertionError(f"no string: {expr}")

    def _chosen(self, test: Expr[Linux], then: Expr[Linux], other: Expr[Linux]) -> str:
        known = is_known(self.place, test)
        if known is not None:
            return self.string(then if known else other)
        condition = self.truth(test)
        with self.captured() as first:
            one = self.string(then)
        with self.captured() as second:
            two = self.string(other)
        # bpftrace 0.17 makes no program of a choice between strings of several sizes where it is a key.
        result = self.fresh(text=True, address=is_address(one) and is_address(two))
        first.add(f"{result} = {one};")
        second.add(f"{result} = {two};")
        self.branch(condition, first.lines, second.lines)
        return result

    def _compare(self, op: str, left: Expr[Linux], right: Expr[Linux]) -> Value:
        if op not in ("==", "!="):
            raise self.refuse(f"'{op}' of strings", "it compares strings for equality only")
        one, two = self.string(left), self.string(right)
        if is_address(one) or is_address(two):
            raise self.refuse("an internet address compared as text", "it makes no text of it before it is printed")
        return Value(f"{one} {op} {two}", rank="test", natural=True)


def _exact(one: Value, two: Value, *, signed: bool) -> tuple[str, str]:
    """Two values under a sign, that of a literal too."""
    return one.exact(signed=signed), two.exact(signed=signed)


def _choices(expr: Expr[Linux]) -> int:
    """How many choices stand in a choice."""
    return 1 + _choices(expr.then) + _choices(expr.other) if isinstance(expr, Cond) else 0


def _joined(test: str, op: str) -> str:
    """A condition as a part of a larger one."""
    plain = all(mark not in test for mark in ("?", "||", "&&")) or (op == "&&" and "?" not in test and "||" not in test)
    return test if plain else f"({test})"
