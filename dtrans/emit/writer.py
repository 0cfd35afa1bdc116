"""The statements of one clause after the other, with the names and the memory that they take.

Before: ``temporary("u64", "bpf_ktime_get_ns()")``  After: ``u64 t1 = bpf_ktime_get_ns();``, and the name ``t1``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dtrans.check.tree import Cond
from dtrans.emit.storage import Stack
from dtrans.emit.text import Lines
from dtrans.plan.leaves import Linux

#: Numbers of faults in `dtrans.artifact.FAULTS`.
BAD_ADDRESS, ILLEGAL_OPERATION, DIVIDE_BY_ZERO, NO_SCRATCH = 1, 3, 4, 5


#: What was read that is kept at hand at a time, at most.
_MOST_READS = 12


@dataclass
class Frame:
    """Where statements of one clause go, and what they may use."""

    lines: Lines
    #: Label to jump to on a fault, and the number of the action being made (0: the predicate).
    fault: str
    action: int = 0
    #: C variables by what they hold: the result of a helper, by its name; and what was read, by the text of the read or
    #: the expression, the last that was used at the end.
    memo: dict[str, str] = field(default_factory=dict)
    reads: dict[str | Cond[Linux], str] = field(default_factory=dict)

    def read(self, what: str | Cond[Linux]) -> str | None:
        """The variable that holds what was read, if there is one."""
        name = self.reads.pop(what, None)
        if name is not None:
            self.reads[what] = name
        return name

    def keep(self, what: str | Cond[Linux], name: str) -> None:
        """Keeps what was read at hand. Each has a place on the stack until it is used for the last time: of many, the
        one that was used longest ago is forgotten, and read again."""
        self.reads[what] = name
        if len(self.reads) > _MOST_READS:
            del self.reads[next(iter(self.reads))]


class Writer:
    """Writes statements. One for each program; `frame` is the clause at hand, `stack` what stands on the program's."""

    def __init__(self) -> None:
        self.frame = Frame(Lines(), "done")
        self.stack = Stack()
        self._named = 0

    def add(self, line: str) -> None:
        self.frame.lines.add(line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A C block; what is memoised inside it is forgotten after, and what stands there on the stack is gone."""
        used = self.stack.used
        with self._forgetting(), self.frame.lines.block(head):
            yield
        self.stack.used = used

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        """What is memoised meanwhile is forgotten after."""
        memo, reads = dict(self.frame.memo), dict(self.frame.reads)
        yield
        self.frame.memo, self.frame.reads = memo, reads

    @contextmanager
    def captured(self) -> Iterator[list[str]]:
        """Statements that are kept apart, to stand in a branch or nowhere; what they memoise is forgotten after."""
        outer = self.frame.lines
        self.frame.lines = Lines(outer.depth + 1)
        kept: list[str] = []
        with self._forgetting():
            yield kept
        kept += self.frame.lines.lines
        self.frame.lines = outer

    def fresh(self, prefix: str) -> str:
        """A C name that nothing else has."""
        self._named += 1
        return f"{prefix}{self._named}"

    def temporary(self, kind: str, value: str = "", *, at: int | None = None) -> str:
        """A new C variable, made `at` that line, or here; its name."""
        name = self.fresh("t")
        self.frame.lines.insert(
            len(self.frame.lines.lines) if at is None else at, f"{kind} {name}{f' = {value}' if value else ''};"
        )
        return name

    def memo(self, name: str, kind: str, call: str) -> str:
        """The result of a call that is made once where it is first needed."""
        if name not in self.frame.memo:
            fresh = self.fresh(f"{name}_")
            self.add(f"{kind} {fresh} = {call};")
            self.frame.memo[name] = fresh
        return self.frame.memo[name]

    def fault(self, condition: str, kind: int, address: str = "0") -> None:
        """Ends the clause with a fault when the condition holds."""
        test = f"if ({condition}) " if condition else ""
        self.add(f"{test}FAULT({self.frame.fault}, {self.frame.action}, {kind}, {address});")
