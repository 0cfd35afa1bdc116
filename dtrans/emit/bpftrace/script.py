"""The door of this emitter: a plan in, the text of a bpftrace script out.

Before: ``syscall::read:entry /pid == 12/ { @[execname] = sum(arg2); }``
After::

    tracepoint:syscalls:sys_enter_read
    /pid == 12/
    {
            @[comm] = sum(args->count);
    }

What bpftrace cannot do is refused (D_BPFTRACE); what it does otherwise stands in a remark at the head of the script, or
in a comment at the statement. The text is for bpftrace 0.17 and later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from dtrans.attach import TestRun
from dtrans.check.tree import Expr
from dtrans.check.typenames import TypeNames
from dtrans.emit.bpftrace.formats import plain
from dtrans.emit.bpftrace.leaves import is_known
from dtrans.emit.bpftrace.probes import Part, parts_of
from dtrans.emit.bpftrace.statements import Block
from dtrans.emit.bpftrace.text import Lines
from dtrans.emit.bpftrace.writer import REMARKS, Script
from dtrans.emit.text import comment, is_signed
from dtrans.errors import fail
from dtrans.options import Options
from dtrans.plan.leaves import Linux, PlaceWanted
from dtrans.plan.plan import Firing, Plan, PlanClause
from dtrans.types import StringType, Type

_BEGIN, _END = TestRun("BEGIN"), TestRun("END")
#: The tables of a thread's time on a CPU.
_ON_CPU = ("oncpu", "oncpu_since")
#: So many of the notes on what differs stand in a script.
_MOST_NOTES = 12
#: Options that change what is traced or printed in a way that bpftrace does not know.
_REFUSED_OPTIONS = {
    "flowindent": "it does not indent by calls",
    "cpu": "it traces all processors",
    "bufpolicy": "it prints as it goes",
}


def bpftrace_text(plan: Plan, types: TypeNames, title: str) -> str:
    """A script that does what the plan does. Raises DtransError, D_BPFTRACE for what bpftrace cannot do."""
    options = plan.options
    _check_options(options)
    script = Script(plan, types, options.size("strsize"), options.flag("quiet"))
    blocks = [_block(script, part) for point in plan.points for part in parts_of(script, point)]
    if plan.error is not None:
        script.remarks["errors"] = None
    first = next((block for block in blocks if block.part.place.attach == _BEGIN), None)
    last = next((block for block in blocks if block.part.place.attach == _END), None)
    opening, closing = list(_opening(script)), list(_closing(script))
    whole = [block for block in blocks if block not in (first, last)]
    texts = [_joined("BEGIN", opening, first)] if opening or first else []
    texts += list(_switching(script))
    texts += [block.text for block in whole]
    texts += list(_forgetting(script))
    if closing or last:
        texts.append(_joined("END", last.lines if last else [], None, closing))
    return "\n".join([*_head(script, title), *texts])


def _check_options(options: Options) -> None:
    for name, why in _REFUSED_OPTIONS.items():
        if name in options.given and options.given[name] not in ("switch", "unset"):
            raise fail("D_BPFTRACE", f"the option {name} cannot be said in bpftrace: {why}")
    if options.text("oformat") == "json":
        raise fail("D_BPFTRACE", "the option oformat cannot be said in bpftrace: run the script with  bpftrace -f json")


@dataclass
class _Text:
    """One block: its lines without the braces, and its condition where one stands before them."""

    part: Part
    lines: list[str]
    predicate: str = ""

    @property
    def text(self) -> str:
        head = ",\n".join(self.part.probes)
        predicate = f"\n/{self.predicate}/" if self.predicate else ""
        return "\n".join([f"{head}{predicate}", "{", *self.lines, "}", ""])


def _joined(name: str, first: Sequence[str], block: _Text | None, last: Sequence[str] = ()) -> str:
    return "\n".join([name, "{", *first, *(block.lines if block else ()), *last, "}", ""])


# --- blocks -----------------------------------------------------------------------------------------------


def _block(script: Script, part: Part) -> _Text:
    block = Block(script, part.place)
    clauses = [(firing, clause) for firing in part.firings for clause in firing.clauses]
    is_special = isinstance(part.place.attach, TestRun)
    if len(clauses) == 1 and not is_special:
        firing, clause = clauses[0]
        made = _alone(block, part, firing, clause)
        if made is not None:
            return made
        block = Block(script, part.place)
    for firing, clause in clauses:
        _open(block, firing, clause)
        with _nested(block, _tests(part, firing, clause)):
            block.body(clause.body, default=_has_default(script, clause))
    return _Text(part, _with_locals(block))


def _alone(block: Block, part: Part, firing: Firing, clause: PlanClause) -> _Text | None:
    """A block of one clause, whose condition stands before it; None where that needs statements."""
    _open(block, firing, clause)
    head = len(block.lines.lines)
    conditions = [part.test] if part.test else []
    for test in _tests(part, firing, clause):
        if isinstance(test, str):
            continue
        conditions.append(block.truth(test))
    if len(block.lines.lines) > head or any("$" in re.sub(r"\$\d+", "", one) for one in conditions):
        return None
    block.body(clause.body, default=_has_default(block.script, clause))
    predicate = " && ".join(_wrapped(one) if len(conditions) > 1 else one for one in conditions)
    return _Text(part, _with_locals(block), predicate)


def _open(block: Block, firing: Firing, clause: PlanClause) -> None:
    """The D text of a clause, and whose thread it is about."""
    block.clause = clause
    block.owner = firing.tid
    block.memo = {}
    for line in comment(clause.text):
        block.add(f"// {line}".rstrip())


def _tests(part: Part, firing: Firing, clause: PlanClause) -> Iterator[Expr[Linux] | str]:
    """The conditions of a clause, in order, but for those that hold wherever the block runs."""
    if part.test:
        yield part.test
    for test in (firing.guard, clause.guard, clause.predicate):
        if test is not None and is_known(part.place, test) is not True and not isinstance(test, PlaceWanted):
            yield test


@contextmanager
def _nested(block: Block, tests: Iterator[Expr[Linux] | str]) -> Iterator[None]:
    """The conditions of a clause as nested branches: each may need statements that only those before let run."""
    opened, conditions = 0, list[str]()

    def branch() -> int:
        whole = " && ".join(_wrapped(one) if len(conditions) > 1 else one for one in conditions)
        block.add(f"if ({whole}) {{")
        block.lines.depth += 1
        conditions.clear()
        return 1

    for test in tests:
        start = len(block.lines.lines)
        text = test if isinstance(test, str) else block.truth(test)
        if len(block.lines.lines) > start and conditions:
            statements = block.lines.lines[start:]
            del block.lines.lines[start:]
            opened += branch()
            block.lines.lines += [f"\t{line}" for line in statements]
        conditions.append(text)
    if conditions:
        opened += branch()
    yield
    for _ in range(opened):
        block.lines.depth -= 1
        block.add("}")


def _wrapped(condition: str) -> str:
    return f"({condition})" if "||" in condition or "?" in condition else condition


def _has_default(script: Script, clause: PlanClause) -> bool:
    return clause.default and not script.quiet


def _with_locals(block: Block) -> list[str]:
    """The lines, after those that let clause-local variables begin as 0, where one may be read before it is set."""
    lines = block.lines.lines
    begins = Lines()
    for name, value in block.inputs.items():
        begins.add(f"{name} = {value};")
    for name, value in block.locals.items():
        mentions = [
            line for line in lines if re.search(rf"{re.escape(name)}(?!\w)", line) and not line.strip().startswith("//")
        ]
        first = mentions[0] if mentions else ""
        sets = first.startswith(f"\t{name} = ") and not re.search(rf"{re.escape(name)}(?!\w)", first[len(name) + 4 :])
        if not sets:
            begins.add(f"{name} = {value};")
    return [*begins.lines, *lines]


# --- what stands around them ------------------------------------------------------------------------------


def _head(script: Script, title: str) -> Iterator[str]:
    yield "#!/usr/bin/env bpftrace"
    for line in comment(f"{title}, translated from D by dtrans for bpftrace 0.17 and later."):
        yield f"// {line}".rstrip()
    if script.aggregated:
        script.remarks["aggregations"] = None
    if script.remarks or any(became.fidelity != "exact" for became in script.plan.became):
        yield "//"
    for kind in script.remarks:
        yield f"// * {REMARKS[kind]}"
    differing = [became for became in script.plan.became if became.fidelity != "exact"]
    for became in differing[:_MOST_NOTES]:
        yield from (f"// {line}".rstrip() for line in comment(f"* {became.subject}: {became.differs}"))
    if differing[_MOST_NOTES:]:
        yield f"// * 'dtrans explain' tells what {len(differing[_MOST_NOTES:])} other probes and members differ in."
    yield ""


def _opening(script: Script) -> Iterator[str]:
    """What BEGIN does first: the heading, the tables, variables that are only read."""
    lines = Lines()
    if script.header:
        lines.add(f"{plain(f'''{'CPU':>3} {'ID':>6} {'FUNCTION:NAME':>32}''' + chr(10)).call};")
    if script.knows_itself:
        lines.add(f"{script.map_name('tracer_pid')} = pid;")
    for name, table in script.tables.items():
        for number, text in sorted(table.items()):
            lines.add(f"{script.map_name(name)}[{number}] = {text};")
    for name, variable in script.early.items():
        # bpftrace since 0.21 knows a variable's type by what it is first assigned in the text.
        keys = ["0"] * (variable.scope == "self") + [_zero(kind) for kind in variable.keys or ()]
        element = f"{name}[{', '.join(keys)}]" if keys else name
        lines.add(f"{element} = {_zero(variable.type)};")
        if keys:
            lines.add(f"delete({element});")
    yield from lines.lines


def _zero(kind: Type) -> str:
    return '""' if isinstance(kind, StringType) else "0" if is_signed(kind) else "(uint64)0"


def _closing(script: Script) -> Iterator[str]:
    """What END does last: bpftrace would print all variables, and again what printa() has printed."""
    lines = Lines()
    if script.knows_itself:
        lines.add(f"delete({script.map_name('tracer_pid')});")
    for name in [*script.tables, *(_ON_CPU if script.counts_oncpu else ())]:
        lines.add(f"clear({script.map_name(name)});")
    for name, variable in (script.read | script.written).items():
        keyed = variable.scope == "self" or variable.keys is not None
        lines.add(f"clear({name});" if keyed else f"delete({name});")
    for number in script.printed:
        if script.plan.aggregations[number].keys and number in script.aggregated:
            lines.add(f"clear({script.map_name(script.plan.aggregations[number])});")
    yield from lines.lines


def _switching(script: Script) -> Iterator[str]:
    """The account of each thread's time on a CPU, before the clauses that ask for it."""
    if script.counts_oncpu:
        before, since = map(script.map_name, _ON_CPU)
        lines = [
            f"\t{before}[(uint64)args->prev_pid] += nsecs - {since}[(uint64)args->prev_pid];",
            f"\t{since}[(uint64)args->next_pid] = nsecs;",
        ]
        yield "\n".join(["tracepoint:sched:sched_switch", "{", *lines, "}", ""])


def _forgetting(script: Script) -> Iterator[str]:
    """A thread's variables end with it."""
    names = {
        name: '""' if isinstance(variable.type, StringType) else "0"
        for name, variable in (script.read | script.written).items()
        if variable.scope == "self" and not variable.keys
    }
    if script.counts_oncpu:
        names |= {script.map_name(name): "0" for name in _ON_CPU}
    if names and script.types.facts.tracepoint("sched", "sched_process_free") is not None:
        # Where there is nothing to delete, newer versions say so.
        lines = [
            f"\tif ({name}[(uint64)args->pid] != {nothing}) {{\n\t\tdelete({name}[(uint64)args->pid]);\n\t}}"
            for name, nothing in names.items()
        ]
        yield "\n".join(["tracepoint:sched:sched_process_free", "{", *lines, "}", ""])
