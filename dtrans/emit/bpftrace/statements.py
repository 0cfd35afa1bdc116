"""Statements of a clause as bpftrace: actions, aggregations, branches.

Before: ``@[execname] = quantize(arg2); printf("%d\\n", pid);``
After: ``@[comm] = hist(args->count); printf("%lld\\n", pid);``

What an action of D leaves to the reader (clear, trunc, normalize, printa) is an action of bpftrace's reader too, in the
order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dtrans.attach import TestRun
from dtrans.check.tree import Act, Aggregate, AggregationInfo, Const, Do, Expr, If, Statement
from dtrans.emit.bpftrace.expressions import Expressions
from dtrans.emit.bpftrace.formats import Printed, addresses, dumped, formatted, traced
from dtrans.emit.bpftrace.leaves import probe_id, shown_probe
from dtrans.emit.bpftrace.text import quoted
from dtrans.emit.bpftrace.variables import key_text
from dtrans.emit.text import is_signed, told
from dtrans.plan.leaves import Linux
from dtrans.types import Addresses, Int

#: Functions of bpftrace, by D's.
_FUNCTIONS = {
    "count": "count",
    "sum": "sum",
    "avg": "avg",
    "min": "min",
    "max": "max",
    "quantize": "hist",
    "lquantize": "lhist",
}
#: Actions that change what is traced, or the output, and why bpftrace has none like them.
_REFUSED = {
    "speculate": "it has no speculation",
    "commit": "it has no speculation",
    "discard": "it has no speculation",
    "print": "it does not show structures member by member before 0.18",
    "freopen": "its output goes to one place",
    "ftruncate": "its output goes to one place",
    "setopt": "its options are fixed when it starts",
    "copyout": "it writes to no process",
    "copyoutstr": "it writes to no process",
    "chill": "it does not wait in a probe",
    "panic": "it does not stop the machine",
    "breakpoint": "it does not stop the machine",
}
#: Actions that are no record: nothing is printed for them.
_UNRECORDED = frozenset({"raise", "stop", "copyout", "copyoutstr", "chill", "speculate", "commit", "discard"})
_SIGSTOP = 19
#: The most buckets of lhist().
_MOST_BUCKETS = 1000


@dataclass
class _Pending:
    """What trunc() and normalize() have said of an aggregation that is still to be printed."""

    top: int = 0
    divisor: int = 1


class Block(Expressions):
    """The statements of a block."""

    def body(self, body: Sequence[Statement[Linux]], *, default: bool) -> None:
        """A clause's statements. exit() comes last: in bpftrace it ends the block, in D the clause goes on."""
        self._pending: dict[int, _Pending] = {}
        self._exits = False
        acts = [one for one in _all(body) if isinstance(one, Act)]
        recorded = default or any(act.kind not in _UNRECORDED for act in acts)
        self._prefix = Printed()
        if recorded and not self.script.quiet:
            assert self.clause is not None
            self.script.header = True
            self._prefix = Printed("%3d %6d %32s ", ("cpu", probe_id(self), shown_probe(self)))
        last = body[-1] if body else None
        ends = isinstance(last, Act) and last.kind in ("printf", "trace")
        for statement in body:
            self._statement(statement, ends=ends and statement is last)
        self._flush_prefix()
        if recorded and not self.script.quiet and not ends:
            self.add('printf("\\n");')
        self._print_pending()
        if self._exits:
            self.add("exit();")

    # --- statements -----------------------------------------------------------------------------------

    def _statement(self, statement: Statement[Linux], *, ends: bool = False) -> None:
        match statement:
            case Do(expr):
                self.effect(expr)
            case If(test, then, other):
                self._flush_prefix()
                condition = self.truth(test)
                with self.captured() as first:
                    for one in then:
                        self._statement(one)
                with self.captured() as second:
                    for one in other:
                        self._statement(one)
                self.branch(condition, first.lines, second.lines)
            case Act():
                self._act(statement, ends=ends)
            case Aggregate():
                self._aggregate(statement)

    def _flush_prefix(self) -> None:
        """Prints what stands before the first action, where that is not printed by one printf()."""
        if self._prefix.text:
            self._print(Printed())

    def _print(self, printed: Printed, *, ends: bool = False) -> None:
        made = self._prefix + printed
        self._prefix = Printed()
        if ends and not self.script.quiet:
            made += Printed("\n")
        if made.text:
            self.add(f"{made.call};")

    def _act(self, act: Act[Linux], *, ends: bool) -> None:
        kind, args = act.kind, act.args
        if kind in _REFUSED:
            raise self.refuse(f"{kind}()", _REFUSED[kind], word=kind)
        match kind:
            case "printf":
                self._print(formatted(self, act.text or "", args), ends=ends)
                return
            case "trace":
                self._print(traced(self, args[0]), ends=ends)
                return
        self._flush_prefix()
        match kind:
            case "tracemem":
                self._print(dumped(self, args))
            case "stack":
                self._print(Printed("%s\n", (addresses(self, args[0], user=False),)))
            case "printa":
                self._printa(act)
            case "exit":
                self._exits = True
                if not isinstance(args[0], Const) or args[0].value:
                    self.note("The exit status is left out.")
            case "clear":
                self._clear(act.aggregations[0])
            case "trunc":
                self._trunc(act.aggregations[0], args)
            case "normalize":
                self._normalize(act.aggregations[0], args[0])
            case "denormalize":
                self._pending.setdefault(act.aggregations[0], _Pending()).divisor = 1
            case "system":
                self.remark("unsafe")
                made = formatted(self, act.text or "", args)
                self.add(f"system({', '.join((quoted(made.text), *made.values))});")
            case "raise":
                self.remark("unsafe")
                self.add(f"signal({self.number(args[0]).whole.text});")
            case "stop":
                self.remark("unsafe")
                self.add(f"signal({_SIGSTOP});")

    # --- aggregations ---------------------------------------------------------------------------------

    def _info(self, number: int) -> AggregationInfo:
        return self.script.plan.aggregations[number]

    def _map(self, number: int) -> str:
        return self.script.map_name(self._info(number))

    def _aggregate(self, event: Aggregate[Linux]) -> None:
        info = self._info(event.aggregation)
        self.script.aggregated[event.aggregation] = None
        function = _FUNCTIONS.get(info.function)
        if function is None:
            raise self.refuse(f"{info.function}()", "it has no such aggregation", word=info.function)
        if event.weight is not None and not (isinstance(event.weight, Const) and event.weight.value == 1):
            raise self.refuse(f"{info.function}() of a weight", "each event counts once", word=info.function)
        keys = ", ".join(self._key(key) for key in event.keys)
        values = [] if event.value is None else [self._operand(info, event.value)]
        if info.function == "lquantize":
            values += [str(number) for number in info.parameters]
            base, limit, step = info.parameters
            if (limit - base) // step > _MOST_BUCKETS:
                raise self.refuse(
                    f"an lquantize() of more than {_MOST_BUCKETS} steps", "lhist() has no more", word="lquantize"
                )
        if info.function == "quantize":
            self.remark("quantize")
        self.add(f"{self._map(event.aggregation)}{f'[{keys}]' if keys else ''} = {function}({', '.join(values)});")

    def _operand(self, info: AggregationInfo, expr: Expr[Linux]) -> str:
        value = self.number(expr).whole
        signed = isinstance(expr.type, Int) and is_signed(expr.type)
        if info.function == "max" and not value.natural and signed:
            self.remark("max")
        return value.bare(signed=signed)

    def _key(self, key: Expr[Linux]) -> str:
        return addresses(self, key, user=False) if isinstance(key.type, Addresses) else key_text(self, key)

    def _printa(self, act: Act[Linux]) -> None:
        """Keys and values in bpftrace's form."""
        if act.text is not None:
            self.note(f"Printed as bpftrace does, not by {quoted(told(act.text))[:60]}.")
        if len(act.aggregations) > 1:
            self.note("One after the other, not side by side.")
        for number in act.aggregations:
            self._print_map(number)

    def _print_map(self, number: int) -> None:
        pending = self._pending.pop(number, _Pending())
        if not self._is_used(number):
            return
        self.script.printed[number] = None
        at_end = isinstance(self.place.attach, TestRun) and self.place.attach.moment == "END"
        if at_end and not self._info(number).keys and pending.divisor == 1:
            self.note(f"bpftrace prints {self._map(number)} when it ends.")
            return
        more = (
            f", {pending.top}, {pending.divisor}" if pending.divisor != 1 else f", {pending.top}" if pending.top else ""
        )
        self.add(f"print({self._map(number)}{more});")

    def _print_pending(self) -> None:
        """What is truncated or normalised and left to be printed at the end."""
        for number in list(self._pending):
            pending = self._pending[number]
            at_end = isinstance(self.place.attach, TestRun) and self.place.attach.moment == "END"
            if pending.top == 0 and pending.divisor == 1:
                continue
            if not at_end:
                what = "normalize" if pending.divisor != 1 else "trunc"
                raise self.refuse(f"{what}() without a printa() after it in its clause", "print() does it", word=what)
            self._print_map(number)

    def _is_used(self, number: int) -> bool:
        """Whether anything is ever added to an aggregation: bpftrace refuses to print another."""
        clauses = [clause for point in self.script.plan.points for firing in point.firings for clause in firing.clauses]
        found = (one for clause in clauses for one in _all(clause.body))
        used = any(isinstance(one, Aggregate) and one.aggregation == number for one in found)
        if not used:
            self.note(f"Nothing is ever added to {self._map(number)}.")
        return used

    def _clear(self, number: int) -> None:
        if not self._is_used(number):
            return
        function = self._info(number).function
        if self._info(number).keys and function in ("min", "max", "avg"):
            self.note(f"The keys of {self._map(number)} go too.")
            self.add(f"clear({self._map(number)});")
        else:
            self.add(f"zero({self._map(number)});")

    def _trunc(self, number: int, args: Sequence[Expr[Linux]]) -> None:
        if not args or (isinstance(args[0], Const) and args[0].value == 0):
            self._pending.pop(number, None)
            if self._is_used(number):
                self.add(f"clear({self._map(number)});")
            return
        if not isinstance(args[0], Const) or args[0].value < 0:
            raise self.refuse(
                "trunc() to the least values, or to a number that is calculated",
                "print() takes a constant number of the greatest",
                word="trunc",
            )
        self.note(f"{self._map(number)} keeps what is not printed.")
        self._pending.setdefault(number, _Pending()).top = args[0].value

    def _normalize(self, number: int, factor: Expr[Linux]) -> None:
        if not isinstance(factor, Const) or factor.value <= 0:
            raise self.refuse("normalize() by a calculated number", "print() divides by a constant", word="normalize")
        self._pending.setdefault(number, _Pending()).divisor = factor.value


def _all(body: Sequence[Statement[Linux]]) -> Iterator[Statement[Linux]]:
    for statement in body:
        yield statement
        if isinstance(statement, If):
            yield from _all(statement.then)
            yield from _all(statement.other)
