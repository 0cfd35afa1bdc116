"""Clauses as C: guard, predicate, statements, and what follows a fault. A long one is made in parts.

Before: ``/p/ { s1 ... s90 }``   After: ``{ if (!(p)) goto c1_end; s1 ... s40; through_1 = 1; }``
                                        ``{ if (!through_1) goto c1p1_end; through_1 = 0; s41 ... s90 }``

Parts can stand in programs of their own (`dtrans.emit.pieces`). Nothing runs of one before which a part was not gone
through to its end. What they share is in scratch memory: the record, and the ``this->`` variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from dtrans.artifact import DROP_KINDS
from dtrans.emit.pieces import Part, forgetful, size_of
from dtrans.emit.statements import Division, Statements
from dtrans.emit.text import Lines, comment
from dtrans.emit.values import Values
from dtrans.emit.writer import Frame
from dtrans.plan.plan import PlanClause

#: Instructions after which the next statement begins a part, guessed, and the next value of a statement. The longer a
#: program, the more values the compiler keeps at a time, on a stack of 512 bytes.
_PART, _LONG_PART = 1_600, 4_000


@dataclass
class ClauseText:
    """One clause while it is emitted. `parts` are its lines of C; `gate` is the C variable that tells whether the part
    before was gone through."""

    values: Values
    statements: Statements
    clause: PlanClause
    name: str
    #: Whether it is one of ERROR: those have one part.
    in_error: bool
    #: Whether a clause before it may have called exit(): then it does not run.
    stopped: bool = False
    parts: list[Part] = field(default_factory=list)
    #: Of the part at hand: its instructions, guessed, as far as its lines were counted.
    _size: int = field(default=0, init=False)
    _measured: int = field(default=0, init=False)

    @property
    def gate(self) -> str:
        return f"through_{self.clause.number}"

    def emit(self) -> None:
        """Fills `parts`."""
        clause = self.clause
        self.values.frame = Frame(Lines(2), "")
        with ExitStack() as self._at_hand:
            self._begin()
            division = None if self.in_error else Division(self._is_long, self._begin)
            self.statements.body(clause.number, clause.body, default=clause.default, division=division)

    def _begin(self) -> None:
        """A part begins, and the one before ends."""
        self._goes_on = True
        self._at_hand.close()
        self._goes_on = False
        self._at_hand.enter_context(self._part())

    def _is_long(self, *, in_statement: bool) -> bool:
        """Whether the part at hand is long enough to go on in another, within a statement or between two."""
        lines = self.values.frame.lines.lines
        self._size += size_of(lines[self._measured :], 0)
        self._measured = len(lines)
        return self._size >= (_LONG_PART if in_statement else _PART)

    @contextmanager
    def _part(self) -> Iterator[None]:
        """A part: statements that are emitted meanwhile are its own."""
        values, clause, number = self.values, self.clause, len(self.parts)
        name = f"{self.name}p{number}" if number else self.name
        values.scratch.open(name, clause.span)
        values.stack.open()
        body = Lines(2)
        self.parts.append(Part(clause, body.lines))
        body.add("/*")
        for line in ("Goes on.",) if number else comment(clause.text):
            body.add(f" * {line}".rstrip())
        body.add(" */")
        with body.block(""):
            # A guard that cannot read what it needs does not hold; only the script's own code can fault.
            values.frame = Frame(body, f"{name}_end", values.frame.action)
            start = len(body.lines)
            if number:
                body.add(f"if (!{self.gate}) goto {name}_end;")
                body.add(f"{self.gate} = 0;")
            if self.stopped and not number:
                body.add(f"if (dt_stopped()) goto {name}_end;")
            if clause.guard is not None and not number:
                body.add(f"if (!({values.truth(clause.guard)})) goto {name}_end;")
            body.add(f"const u32 clause = {clause.number};")
            memo = values.frame.memo
            values.frame.fault = name
            head = len(body.lines)
            if clause.predicate is not None and not number:
                values.frame.memo = dict(memo)
                body.add(f"if (!({values.truth(clause.predicate)})) goto {name}_end;")
            told = _needs_probe(body.lines[head:], name)
            if told:
                self._insert_probe(body, head)
            self._size, self._measured = 0, len(body.lines)
            middle = self._measured
            # Where a jump to the label passes a declaration, the compiler lets it keep its place on the stack.
            with values.block(""):
                yield
                if self._goes_on:
                    body.add(f"{self.gate} = 1;")
            if not told and _needs_probe(body.lines[middle:], name):
                self._insert_probe(body, middle)
            if any(_faults(line, name) for line in body.lines[start:]):
                values.shared.uses.add("fault")
                body.add(f"goto {name}_end;")
                body.label(name)
                # A fault in a clause of ERROR itself is counted only: telling it would have no end.
                body.add(f"DROP({DROP_KINDS.index('error')});" if self.in_error else "REPORT_FAULT();")
        body.label(f"{name}_end")
        body.lines[:] = forgetful(body.lines)

    def _insert_probe(self, body: Lines, at: int) -> None:
        """Puts the probe's number before the statements that need it: telling system calls apart can cost reads."""
        values = self.values
        frame = values.frame
        lines = Lines(body.depth)
        values.frame = Frame(lines, f"{frame.fault}_end")
        lines.add(f"u32 probe = {values.integer(self.clause.probe)};")
        values.frame = frame
        body.lines[at:at] = lines.lines


_PROBE = re.compile(r"\bprobe\b")


def _faults(line: str, clause: str) -> bool:
    """Whether a C statement can end the clause with a fault."""
    return f"FAULT({clause}," in line or f", {clause}, " in line


def _needs_probe(lines: Sequence[str], clause: str) -> bool:
    """Whether statements use the probe's number, as a fault's report does."""
    return any(_PROBE.search(line) or _faults(line, clause) for line in lines)
