"""What the modules for the kinds of expressions share: the script being written, and the block at hand.

Before: a plan  After: `Script` with its names, its remarks and what it must initialise; `Writer` with the lines of one
block, and the expressions that `dtrans.emit.bpftrace.expressions` fills in.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from dtrans.artifact import Probe
from dtrans.attach import Attach, UserCode
from dtrans.check.tree import AggregationInfo, Expr, Variable
from dtrans.check.typenames import TypeNames
from dtrans.emit.bpftrace.text import Lines, Value
from dtrans.emit.text import identifier, is_signed
from dtrans.errors import DtransError, fail
from dtrans.plan.leaves import Linux
from dtrans.plan.plan import Plan, PlanClause
from dtrans.source import Span
from dtrans.types import StringType

#: What is said once at the head of a script that has such a part.
REMARKS: Mapping[str, str] = {
    "strings": "Strings are cut at 64 bytes; set BPFTRACE_STRLEN (up to 200) in the environment for longer ones.",
    "faults": "A read of memory that fails, or a division by 0, gives 0 or an empty string and ends no clause.",
    "target": "$target is bpftrace's $1: run it as  bpftrace FILE PID",
    "program": "The module a.out is bpftrace's $2: run it as  bpftrace FILE PID PROGRAM",
    "aggregations": "Aggregations look as bpftrace's maps do; those without keys are printed once more at the end.",
    "quantize": "A histogram has one row for all values below 0.",
    "max": "max() of nothing but negative values is not kept before bpftrace 0.21.",
    "raw": "Arguments of raw tracepoints need bpftrace 0.18 or later.",
    "offsets": "Numbers that a remark calls offsets are those of the kernel on which the script was written.",
    "compat": "System calls of 32-bit programs are told by their own numbers.",
    "unsafe": "It changes what it traces: bpftrace needs --unsafe.",
    "errors": "dtrace:::ERROR is left out: bpftrace does not tell of faults.",
}


@dataclass
class Script:
    """One script while it is written."""

    plan: Plan
    types: TypeNames
    strsize: int
    quiet: bool
    #: Kinds of `REMARKS` that apply, in the order in which they came up.
    remarks: dict[str, None] = field(default_factory=dict)
    #: Tables that BEGIN fills, by name: what stands for a number.
    tables: dict[str, dict[int, str]] = field(default_factory=dict)
    #: Names that are taken, and what they name.
    _names: dict[str, object] = field(default_factory=dict)
    #: Maps of variables that are read or written somewhere, and a value to begin with.
    read: dict[str, Variable] = field(default_factory=dict)
    written: dict[str, Variable] = field(default_factory=dict)
    #: Those that are read before the text sets them.
    early: dict[str, Variable] = field(default_factory=dict)
    #: Aggregations that something is added to, and those that printa() prints, by number.
    aggregated: dict[int, None] = field(default_factory=dict)
    printed: dict[int, None] = field(default_factory=dict)
    #: Whether the default output has a heading, a clause asks for the tracer's process, and for time on a CPU.
    header: bool = False
    knows_itself: bool = False
    counts_oncpu: bool = False

    def map_name(self, what: Variable | AggregationInfo | str) -> str:
        """The map of a variable, an aggregation or a table. D keeps names of each kind apart, bpftrace has one kind."""
        wanted = what if isinstance(what, str) else what.name
        if isinstance(what, AggregationInfo) and not re.sub("_", "", wanted):
            wanted = ""
        plain = "".join(char if char.isascii() and (char.isalnum() or char == "_") else "_" for char in wanted)
        for name in (plain, f"{plain}_{_kind(what)}", *(f"{plain}_{number}" for number in range(2, 1 << 16))):
            if self._names.setdefault(name, what) == what:
                return f"@{name}"
        raise AssertionError("names are endless")


def is_address(text: str) -> bool:
    """Whether what is printed as text is an internet address to bpftrace, a type of its own."""
    return text.startswith("ntop(")


def _beginning(*, signed: bool, text: bool) -> str:
    """What a variable is before it is set: of the type that it will have."""
    return '""' if text else "0" if signed else "(uint64)0"


def _kind(what: Variable | AggregationInfo | str) -> str:
    match what:
        case Variable(scope):
            return scope
        case AggregationInfo():
            return "agg"
    return "table"


@dataclass
class Place:
    """Where a block runs. `calls` are the numbers of the system calls for which it does, None where it may be any;
    `arguments` their names in a tracepoint of their own, by index, None at the tracepoint of all calls."""

    attach: Attach
    calls: frozenset[int] | None = None
    arguments: tuple[str, ...] | None = None
    #: Those of the arguments that are pointers to bpftrace.
    pointers: frozenset[str] = frozenset()
    #: At the return of system calls, where their arguments are read: the raw tracepoint, which has the registers.
    has_registers: bool = False
    #: Parts of the name of the only probe that fires there, where there is one in a process.
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_process(self) -> bool:
        """Whether bpftrace takes addresses for a process's there."""
        return isinstance(self.attach, UserCode)


class Writer(ABC):
    """Writes the statements of one block."""

    def __init__(self, script: Script, place: Place) -> None:
        self.script = script
        self.types = script.types
        self.place = place
        self.lines = Lines()
        #: The id of the thread on whose behalf the probe fires, where it is not the running one.
        self.owner: Expr[Linux] | None = None
        #: What was calculated before, and stays the same in the clause, by what it was calculated from.
        self.memo: dict[Expr[Linux], Value] = {}
        self.clause: PlanClause | None = None
        #: The clause-local variables that the block uses: name -> what they begin as.
        self.locals: dict[str, str] = {}
        #: What the block reads of the event before all else: variable -> value.
        self.inputs: dict[str, str] = {}
        #: How many bytes of a process's memory stand where a clause-local variable points to, by the variable.
        self.copied: dict[Variable, str] = {}
        self._temporaries = 0

    # --- expressions, which another module fills in ---------------------------------------------------

    @abstractmethod
    def number(self, expr: Expr[Linux]) -> Value:
        """A scalar."""

    @abstractmethod
    def string(self, expr: Expr[Linux]) -> str:
        """A string."""

    @abstractmethod
    def truth(self, expr: Expr[Linux]) -> str:
        """A condition."""

    @abstractmethod
    def effect(self, expr: Expr[Linux]) -> None:
        """An expression for its effect."""

    @abstractmethod
    def operation(self, op: str, one: Value, two: Value, *, signed: bool) -> Value:
        """``one op two`` of calculated values."""

    # --- statements -----------------------------------------------------------------------------------

    def add(self, line: str) -> None:
        self.lines.add(line)

    @contextmanager
    def captured(self) -> Iterator[Lines]:
        """What is added meanwhile goes to other lines, one deeper."""
        outer, self.lines = self.lines, Lines(self.lines.depth + 1)
        memo = dict(self.memo)
        yield self.lines
        self.lines, self.memo = outer, memo

    @property
    def tid(self) -> str:
        """The id of the thread whose variables ``self->`` means."""
        return "tid" if self.owner is None else self.number(self.owner).text

    def branch(self, test: str, then: Sequence[str], other: Sequence[str]) -> None:
        """``if (test) { then } else { other }`` of lines that were `captured`."""
        self.add(f"if ({test}) {{")
        self.lines.lines += then
        if other:
            self.add("} else {")
            self.lines.lines += other
        self.add("}")

    def temporary(self, value: Value) -> Value:
        """A value kept in a variable of the block."""
        name = self._name()
        self.add(f"{name} = {value.whole.text};")
        return Value(name, value.signed, natural=value.natural)

    def fresh(self, *, signed: bool = True, text: bool = False, address: bool = False) -> str:
        """A variable of the block that branches give its value: a number, a `text`, or an internet `address`."""
        name = self._name()
        self.add(f"{name} = {'ntop((uint32)0)' if address else _beginning(signed=signed, text=text)};")
        return name

    def _name(self) -> str:
        self._temporaries += 1
        return f"$t{self._temporaries}"

    def input(self, name: str, value: str) -> str:
        """A field of the event, read once at the block's start: where it is read here and there, the kernel refuses
        what LLVM makes of the context's address."""
        self.inputs[f"$t_{name}"] = value
        return f"$t_{name}"

    def local(self, variable: Variable) -> str:
        """A clause-local variable."""
        plain = identifier(variable.name)
        name = f"$this_{plain}" if re.fullmatch(r"t\d+|t_.*", plain) else f"${plain}"
        self.locals[name] = _beginning(signed=is_signed(variable.type), text=isinstance(variable.type, StringType))
        return name

    # --- what is said ---------------------------------------------------------------------------------

    def remark(self, kind: str) -> None:
        """Says something at the head of the script."""
        self.script.remarks[kind] = None

    def note(self, text: str) -> None:
        """Says on a line of its own what differs in the statement that follows."""
        self.add(f"// {text}")

    def refuse(self, what: str, why: str, span: Span | None = None, *, word: str = "") -> DtransError:
        """The error for what bpftrace cannot do. The place is `span`, or `word` in the clause."""
        return fail(
            "D_BPFTRACE",
            f"{what} cannot be said in bpftrace: {why}",
            span if span is not None and self._is_written(span) else self._place_of(word),
            hint="'dtrans run' and 'dtrans translate' without --to can do it",
        )

    def _is_written(self, span: Span) -> bool:
        """Whether a place is in the program, and not in a row of `translators/`."""
        return self.clause is not None and self.clause.span is not None and span.source is self.clause.span.source

    def _place_of(self, word: str) -> Span | None:
        span = self.clause.span if self.clause is not None else None
        if span is None or not word:
            return span
        found = re.search(rf"(?<![\w@`]){re.escape(word)}\b", span.text)
        return Span(span.source, span.start + found.start(), span.start + found.end()) if found else span

    @property
    def probes(self) -> Mapping[int, Probe]:
        return self.script.plan.probes
